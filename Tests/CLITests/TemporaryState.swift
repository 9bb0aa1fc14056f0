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
func writeScript(_ path: String, _ lines: String...) throws {
    let text = (["#!/bin/sh"] + lines).joined(separator: "\n") + "\n"
    guard
        FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o755])
    else { throw UpError("Cannot write \(path)", remedy: "Look at the test") }
}

/// Asks again until it holds; the test's own time limit is the bound.
func waitUntil(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
}

func text(of path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
}
