import Glibc

extension ChildProcess {
    /// Starts the words as a process with posix_spawn(3): no descriptor of ours but the three standard ones, a process group of
    /// its own (so that a Ctrl-C reaches only the parent, which then stops its children in order), and default signals.
    static func spawn(_ command: ChildCommand, setpriv: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let outputPath = command.outputPath ?? "/dev/null"
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, command.inputPath ?? "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        try SpawnExtensions.closeDescriptors(from: 3, &actions)
        if let directory = command.workingDirectory { try SpawnExtensions.changeDirectory(directory, &actions) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        var allSignals = sigset_t()
        sigemptyset(&noSignals)
        sigfillset(&allSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setsigdefault(&attributes, &allSignals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let environment = command.environment.map { "\($0.key)=\($0.value)" }
        var processID = pid_t()
        let status = withCStrings(command.wrapped(setpriv: setpriv)) { words in
            withCStrings(environment) { environment in
                posix_spawn(&processID, setpriv, &actions, &attributes, words, environment)
            }
        }
        guard status == 0 else {
            throw UpError(
                "\(command.executable) cannot be started (\(String(cString: strerror(status))))",
                remedy: "Check that \(outputPath) can be written and that memory and processes are not exhausted")
        }
        return processID
    }

    /// Lends an array of C strings that ends with nil, as execve(2) wants it.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("An array with a last nil is not empty.") }
            return body(base)
        }
    }
}
