import Foundation

/// The `curl` of the machine, as a client of somebody else's making.
struct Curl: Sendable {
    /// How a call ended.
    struct Outcome: Sendable, CustomStringConvertible {
        /// 0; 18 when the connection ended before the body did, 56 when it was reset.
        let status: Int32?
        let errors: String

        var description: String { "curl ended with \(status.map(String.init) ?? "nothing"): \(errors)" }
    }

    /// Where its files stand.
    let directory: URL

    /// Lends one with a directory of its own.
    static func with<Output>(_ body: (Curl) async throws -> Output) async throws -> Output {
        let directory = try ShortDirectory.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(Curl(directory: directory))
    }

    func file(_ name: String) -> URL { directory.appending(path: name) }

    /// Runs it to its end.
    func run(_ arguments: String...) async throws -> Outcome {
        let process = process(arguments)
        try await process.start()
        let status = await process.exitStatus()
        return Outcome(status: status, errors: process.errors)
    }

    /// A call that is not started yet.
    func process(_ arguments: [String]) -> ServiceProcess {
        let name = directory.appending(path: UUID().uuidString).path
        return ServiceProcess(
            executable: "curl", arguments: ["--silent", "--show-error", "--max-time", "120"] + arguments,
            environment: ["PATH": "/usr/bin:/bin"], logPath: name + ".out", errorPath: name + ".err")
    }
}
