@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Lends a state directory of its own under `/tmp`, which any account may pass through, and removes it with all that is in it.
func withTemporaryState<Result>(_ body: (StateDirectory) async throws -> Result) async throws -> Result {
    let state = try StateDirectory.ephemeral()
    do {
        let result = try await body(state)
        try state.remove()
        return result
    } catch {
        try? state.remove()
        throw error
    }
}

/// Writes an executable script.
///
/// A shell writes it: a child that another test starts just then would hold a file of this process open for a moment, and the kernel
/// executes nothing that is open for writing (ETXTBSY).
func writeScript(_ path: String, _ lines: String...) async throws {
    let write = #"path=$1; shift; printf '%s\n' '#!/bin/sh' "$@" >"$path"; chmod 755 "$path""#
    let shell = ChildCommand(executable: "/bin/sh", arguments: ["-ec", write, "sh", path] + lines)
    guard try await ChildProcess.run(shell) == .exited(0) else {
        throw UpError("Cannot write \(path)", remedy: "Look at the test")
    }
}

/// Asks again until it holds; the test's own time limit is the bound.
func waitUntil(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
}

func text(of path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
}
