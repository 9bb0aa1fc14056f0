import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The ends of all logs of a demo, read before its directory goes.
final class DemoLogs: Sendable {
    private static let linesOfOne = 15
    private static let linesOfEach = 4

    private let state: StateDirectory
    private let tails = Mutex<[String: [String]]>([:])

    init(state: StateDirectory) {
        self.state = state
    }

    /// Reads them.
    func collect() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state.logDirectory)) ?? []
        var found: [String: [String]] = [:]
        for name in names where name.hasSuffix(".log") {
            found[String(name.dropLast(4))] = LogTail.lastLines("\(state.logDirectory)/\(name)", count: Self.linesOfOne)
        }
        if let location = try? ClusterLocation(state) {
            found["Postgres"] = LogTail.lastLines(location.logPath, count: Self.linesOfOne)
        }
        tails.withLock { $0 = found }
    }

    /// The end of the log of each part that an error names; where it names none, a little of each.
    func lines(about text: String) -> [String] {
        let tails = tails.withLock { $0 }.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        let named = tails.filter { text.contains($0.key) }
        let count = named.isEmpty ? Self.linesOfEach : Self.linesOfOne
        return (named.isEmpty ? tails : named).flatMap { name, lines in
            ["", "The end of the log of \(name):"] + lines.suffix(count).map { "  \(TerminalText.safe($0))" }
        }
    }
}
