import Glibc

/// A program to run as a child of this process.
struct ChildCommand: Sendable {
    /// The path of the program.
    var executable: String
    /// Its arguments, without its name.
    var arguments: [String] = []
    /// All of its environment.
    var environment: [String: String] = [:]
    /// Where it starts, or nil for where this process is.
    var workingDirectory: String?
    /// A file that it reads as its standard input; nil for none.
    var inputPath: String?
    /// A file to which its standard output and error are appended; nil discards them.
    var outputPath: String?
    /// The account under which it runs; nil for that of this process. Changing it needs root.
    var account: ServerAccount?
    /// The signal that it gets when this process dies, however it dies (PR_SET_PDEATHSIG, prctl(2)).
    var deathSignal = DeathSignal.terminate

    /// A signal by the name that setpriv(1) takes.
    enum DeathSignal: String, Sendable {
        case terminate = "TERM"
        case interrupt = "INT"
        case kill = "KILL"
    }

    /// The command as it is started: setpriv(1) of util-linux, which is essential on Debian, sets the account and the death signal,
    /// since Swift cannot call prctl, which is variadic. A parent that dies before that would send no signal any more, so a shell
    /// then looks whether it is still there. Each becomes the next, so the process id stays.
    func wrapped(setpriv: String, parent: pid_t = getpid()) -> [String] {
        var words = [setpriv, "--pdeathsig", deathSignal.rawValue]
        if let account {
            words += ["--reuid", String(account.userID), "--regid", String(account.groupID), "--clear-groups"]
        }
        let script = #"test "$PPID" = "$1" || exit 1; shift; exec "$@""#
        return words + ["--", "/bin/sh", "-c", script, "weir", String(parent), executable] + arguments
    }

    /// Finds setpriv(1).
    static func setprivPath() throws(UpError) -> String {
        for path in ["/usr/bin/setpriv", "/bin/setpriv"] where access(path, X_OK) == 0 { return path }
        throw UpError("setpriv is not installed", remedy: "Install util-linux (scripts/setup does)")
    }
}
