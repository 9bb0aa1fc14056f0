import Foundation
import Testing

@testable import CLI

@Suite("Spans of time")
struct TimeSpanTests {
    private let now = Date(timeIntervalSince1970: 1_790_000_000.5)

    @Test(arguments: [("30s", 30), ("5m", 300), ("1h", 3_600), ("7d", 604_800)])
    func howLongAgo(_ text: String, _ seconds: Double) throws {
        let span = try TimeSpan(since: text, until: nil, now: now)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        #expect(try style.parse(span.since) == now.addingTimeInterval(-seconds))
        #expect(try style.parse(span.until) == now)
    }

    @Test func moments() throws {
        // As tables show it, to be copied.
        #expect(try TimeSpan(since: "2026-01-02 03:04Z", until: nil, now: now).since == "2026-01-02T03:04:00.000Z")
        let span = try TimeSpan(since: "2026-01-02T03:04:05Z", until: "2026-01-02T04:04:05.25+01:00", now: now)
        #expect(span.since.hasPrefix("2026-01-02T03:04:05") && span.until.hasPrefix("2026-01-02T03:04:05.25"))
    }

    @Test(arguments: [
        "", "h", "1", "-1h", "0m", "1.5h", "yesterday", "2026-01-02", "1w", "999999d", "0001-01-01T00:00:00Z",
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: CommandError.self) { try TimeSpan(since: text, until: nil, now: now) }
        #expect(throws: CommandError.self) { try TimeSpan(since: "1h", until: text, now: now) }
    }

    @Test func theEndComesAfterTheBeginning() {
        #expect(throws: CommandError.self) {
            try TimeSpan(since: "1h", until: "2026-01-02T03:04:05Z", now: now)
        }
    }

    @Test func anIdTellsHowFarItIs() throws {
        let span = try TimeSpan(since: "1000s", until: nil, now: now)
        func id(at seconds: Double) -> String {
            let hex = String(UInt64((now.timeIntervalSince1970 + seconds) * 1000), radix: 16)
            let digits = String(repeating: "0", count: 12 - hex.count) + hex
            return "\(digits.prefix(8))-\(digits.suffix(4))-7000-8000-000000000000"
        }
        #expect(abs(try #require(span.share(at: id(at: -750))) - 0.25) < 0.001)
        #expect(span.share(at: id(at: -2_000)) == 0)
        #expect(span.share(at: id(at: 10)) == 1)
        #expect(span.share(at: "x") == nil)
    }
}
