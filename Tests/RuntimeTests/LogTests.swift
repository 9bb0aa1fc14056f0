import Logging
import Synchronization
import Testing

@testable import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Log")
struct LogTests {
    /// Logs through swift-log and returns the lines.
    private func lines(_ format: LogFormat, level: Logger.Level = .info, _ body: (inout Logger) -> Void) -> [String] {
        let collected = Mutex<[String]>([])
        // 2026-11-20T08:15:30.123Z
        let clock = WallClock { 1_795_162_530_123_999_999 }
        withoutActuallyEscaping({ (line: String) in collected.withLock { $0.append(line) } }) { write in
            let sink = Sink(write: write)
            var logger = Logger(label: "weir-test") { label in
                LineLogHandler(label: label, level: level, format: format, clock: clock) { sink.write($0) }
            }
            body(&logger)
        }
        return collected.withLock { $0 }
    }

    /// The closure outlives nothing: it is called only within `lines`.
    private struct Sink: @unchecked Sendable { let write: (String) -> Void }

    @Test func textIsOneReadableLine() {
        let lines = lines(.text) { logger in
            logger[metadataKey: "source"] = "countries"
            logger.warning("Lost the database.", metadata: ["attempts": "3", "reason": "connection refused"])
        }
        #expect(
            lines == [
                "2026-11-20T08:15:30.123Z warning  weir-test: Lost the database. attempts=3 reason=\"connection refused\" source=countries\n"
            ])
    }

    @Test func jsonIsOneObjectThatParses() throws {
        struct Line: Decodable, Equatable {
            let time: String, level: String, service: String, message: String
            let nested: [String: [String]]
            let fieldTime: String

            enum CodingKeys: String, CodingKey {
                case time, level, service, message, nested
                case fieldTime = "field.time"
            }
        }
        let lines = lines(.json) { logger in
            logger.error(
                "a \"b\" \\ \n\u{1}\u{7F}é\u{2028}", metadata: ["nested": ["k": ["x", "\t"]], "time": "noon"])
        }
        let line = try JSONDecoder().decode(Line.self, from: Data(lines[0].utf8))
        #expect(line.message == "a \"b\" \\ \n\u{1}\u{7F}é\u{2028}")
        #expect(line.nested == ["k": ["x", "\t"]])
        #expect(line.fieldTime == "noon")
        #expect(line.time == "2026-11-20T08:15:30.123Z")
        #expect(lines[0].filter { $0 == "\n" }.count == 1)
    }

    @Test(arguments: LogFormat.allCases)
    func loggedTextCannotForgeALine(format: LogFormat) {
        let lines = lines(format) { logger in
            logger.info("x\n2026 critical forged", metadata: ["k\n": "v\r\nforged", "u": "\u{2028}\u{85}"])
        }
        #expect(lines.count == 1)
        #expect(lines[0].filter(\.isNewline).count == (format == .text ? 1 : lines[0].filter(\.isNewline).count))
        #expect(lines[0].utf8.filter { $0 == 0x0A || $0 == 0x0D }.count == 1)
    }

    @Test(arguments: LogFormat.allCases)
    func valuesUnderKeysThatNameSecretsAreHidden(format: LogFormat) {
        let keys = ["api_key", "Authorization", "weir.db.password", "secret", "set-cookie", "access_token"]
        let lines = lines(format) { logger in
            logger.info("m", metadata: Logger.Metadata(uniqueKeysWithValues: keys.map { ($0, "hunter2") }))
            logger.info("m", metadata: ["headers": ["authorization": "hunter2", "accept": "visible"]])
        }
        #expect(!lines[0].contains("hunter2"))
        if format == .json { #expect(!lines[1].contains("hunter2")) }
        #expect(lines[0].contains("***"))
    }

    @Test func lessSevereEventsAreNotWritten() {
        let lines = lines(.text, level: .warning) { logger in
            logger.info("no")
            logger.critical("yes")
        }
        #expect(lines.count == 1)
    }

    @Test func errorOfAnEventIsShown() {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        let lines = lines(.text) { $0.error("Failed.", error: Broken()) }
        #expect(lines[0].hasSuffix("error=\"it broke\"\n"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999_000_000, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
    ])
    func instantsAreRFC3339(nanoseconds: Int64, expected: String) {
        #expect(Timestamp.rfc3339(nanosecondsSinceEpoch: nanoseconds) == expected)
    }
}
