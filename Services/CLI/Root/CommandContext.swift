#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a command gets from the process that it runs in. Main hands it in; tests make their own.
struct CommandContext: Sendable {
    /// The variables of the process, and below them those of the file that `WEIR_CONFIG` names.
    let environment: [String: String]
    /// The running executable, links resolved.
    let executablePath: String
    /// Where relative paths begin.
    let currentDirectory: String
    /// Where to write.
    let console: Console

    /// How the program was called: `weir` by its name, or `.build/debug/weir` by its path.
    var invocation = "weir"

    /// What one types in the current directory to call a program as this one was called: `.build/debug/weir-sample`.
    func command(_ program: String = "weir") -> String {
        let directory = invocation.lastIndex(of: "/").map { invocation[...$0] } ?? ""
        return SuggestedCommand.quoted(directory + program)
    }

    /// The directory of the running executable, where its sisters are.
    var executableDirectory: String {
        executablePath.lastIndex(of: "/").map { String(executablePath[..<$0]) } ?? currentDirectory
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The absolute form of a path that a user gave.
    func path(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
    }

    /// Where this clone, or this user, keeps a running Weir's state.
    func stateDirectory(flag: String? = nil) throws -> StateDirectory {
        if let flag { return StateDirectory(path: try StateDirectory.normalizedPath(path(flag))) }
        return try StateDirectory.locate(
            environment: environment, executablePath: executablePath, currentDirectory: currentDirectory)
    }

    /// Where a command finds the state that has been told nothing; nil when it would not know.
    var defaultStateDirectory: StateDirectory? {
        try? StateDirectory.locate(
            environment: environment.filter { $0.key != "WEIR_STATE_DIR" }, executablePath: executablePath,
            currentDirectory: currentDirectory)
    }
}

extension StateDirectory {
    /// A path without `.` and `..` and without a slash at its end, as ``locate(environment:executablePath:currentDirectory:)`` makes them.
    fileprivate static func normalizedPath(_ path: String) throws -> String {
        try locate(environment: ["WEIR_STATE_DIR": path], executablePath: "", currentDirectory: "/").path
    }
}
