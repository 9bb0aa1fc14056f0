import Foundation
import JSON

/// The `weir` executable, run as a person runs it: a process of its own, with the environment that a test gives it.
struct WeirProgram: Sendable {
    /// How a command ended, and what it said.
    struct Outcome: Sendable, CustomStringConvertible {
        let status: Int32?
        /// Standard output.
        let output: String
        /// Standard error.
        let errors: String

        var json: JSONValue { (try? JSONValue(parsing: output)) ?? .null }
        /// Lines of the output, without white space at their ends.
        var lines: [String] {
            output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        var description: String { "status \(status.map(String.init) ?? "none"), output: \(output), errors: \(errors)" }
    }

    /// A directory of the test's own, for files; `state` in it is where the program looks for an instance of `weir up`.
    let directory: URL
    var variables: [String: String]

    /// Lends a program whose database is the given one.
    static func with<Output>(
        database: TestDatabase? = nil, variables: [String: String] = [:],
        _ body: (WeirProgram) async throws -> Output
    ) async throws -> Output {
        let directory = try ShortDirectory.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        var all = ["PATH": "/usr/bin:/bin", "WEIR_STATE_DIR": directory.appending(path: "state").path]
        all["WEIR_DATABASE_URL"] = database?.administratorURL
        return try await body(WeirProgram(directory: directory, variables: all.merging(variables) { $1 }))
    }

    /// Runs a command to its end.
    func run(_ arguments: String...) async throws -> Outcome {
        let process = try process(arguments)
        try await process.start()
        let status = await process.exitStatus()
        return Outcome(status: status, output: process.log, errors: process.errors)
    }

    /// A command that is not started yet.
    func process(_ arguments: [String]) throws -> ServiceProcess {
        let name = directory.appending(path: UUID().uuidString).path
        return ServiceProcess(
            executable: try Executables.path(of: "weir"), arguments: arguments, environment: variables,
            logPath: name + ".out", errorPath: name + ".err")
    }

    /// Writes a file and gives its path.
    func write(_ text: String, to name: String) throws -> String {
        let path = directory.appending(path: name).path
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}

/// Lends an empty database, or a migrated one.
func withDatabase<Output>(
    isMigrated: Bool = true, consistency: TestDatabase.StateConsistency = .required,
    _ body: (TestDatabase) async throws -> Output
) async throws -> Output {
    let database = try await TestDatabase.make(isMigrated: isMigrated, consistency: consistency)
    do {
        let output = try await body(database)
        try await database.remove()
        return output
    } catch {
        try? await database.remove()
        throw error
    }
}
