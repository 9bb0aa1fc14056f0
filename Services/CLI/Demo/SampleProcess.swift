import Glibc
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A server of `weir-sample` that runs for as long as the demo does.
struct SampleProcess: Sendable {
    private static let startTimeout: Duration = .seconds(20)

    /// What it is, for errors: `countries-api`.
    let name: String
    let url: String
    let logPath: String
    private let child: ChildProcess

    /// Starts a server and waits until it says on which port it listens.
    ///
    /// - Throws: ``UpError`` with its last words when it ends or says nothing.
    static func start(
        _ name: String, arguments: [String], executables: String, environment: [String: String], logDirectory: String
    ) async throws -> SampleProcess {
        let logPath = "\(logDirectory)/\(name).log"
        unlink(logPath)
        let child = try await ChildProcess.start(
            ChildCommand(
                executable: "\(executables)/weir-sample", arguments: [name, "--port", "0"] + arguments,
                environment: environment,
                outputPath: logPath))
        let deadline = ContinuousClock.now + startTimeout
        do {
            while true {
                if let url = announcedURL(logPath) {
                    return SampleProcess(name: name, url: url, logPath: logPath, child: child)
                }
                guard child.isRunning else {
                    throw UpError(
                        "\(name) ended at once (\(await child.exitStatus)): \(LogTail.lastLine(logPath))",
                        remedy: "See its log")
                }
                guard ContinuousClock.now < deadline else {
                    throw UpError("\(name) did not say within \(startTimeout) where it listens", remedy: "See its log")
                }
                // It says so in its log, the one channel that it has; bounded by the deadline above.
                try await Task.sleep(for: .milliseconds(20))
            }
        } catch {
            await child.stop([(SIGTERM, .seconds(2))])
            throw error
        }
    }

    var isRunning: Bool { child.isRunning }

    func stop() async {
        await child.stop([(SIGTERM, .seconds(5))])
    }

    /// Its first line is `{"service":…,"port":…,"url":…}`.
    private static func announcedURL(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        for line in data.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "{") {
            if let url = try? JSONValue(parsing: Array(line))["url"]?.stringValue { return url }
        }
        return nil
    }
}
