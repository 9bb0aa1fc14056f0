import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// From when until when, as people write it.
struct TimeSpan {
    /// RFC 3339.
    let since: String
    let until: String
    private let range: ClosedRange<Double>

    /// A time that no run was made at.
    private static let latest = Date(timeIntervalSince1970: 4_102_444_800)

    /// - Parameter since: how long ago (`30m`, `1h`, `7d`), or a moment.
    init(since: String, until: String?, now: Date) throws {
        guard let from = Self.ago(since, now: now) ?? Self.moment(since), from.timeIntervalSince1970 >= 0 else {
            throw CommandError.usage(
                "'\(TerminalText.safe(since))' is neither how long ago nor a moment",
                remedy: "write 30m, 1h, 7d or 2026-11-26T08:00:00Z")
        }
        var end = now
        if let until {
            guard let moment = Self.moment(until), moment < Self.latest else {
                throw CommandError.usage(
                    "'\(TerminalText.safe(until))' is not a moment", remedy: "write 2026-11-26T08:00:00Z")
            }
            end = moment
        }
        guard from <= end else {
            throw until == nil
                ? CommandError.usage("--since is in the future", remedy: "write 30m, 1h, 7d or a moment that has been")
                : CommandError.usage("--until comes before --since", remedy: "turn them round")
        }
        self.since = Self.text(from)
        self.until = Self.text(end)
        range = from.timeIntervalSince1970...end.timeIntervalSince1970
    }

    /// How far into the span the run of this id was made: UUIDv7 begin with the milliseconds (RFC 9562, section 5.7).
    func share(at id: String) -> Double? {
        guard let milliseconds = UInt64(id.replacing("-", with: "").prefix(12), radix: 16) else { return nil }
        let length = range.upperBound - range.lowerBound
        return length > 0 ? min(max((Double(milliseconds) / 1000 - range.lowerBound) / length, 0), 1) : 1
    }

    /// A length of time as people write it: `30s`, `5m`, `1h`, `7d`.
    static func length(_ text: String) -> Duration? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()),
            (1...100_000_000).contains(number)
        else { return nil }
        return .seconds(number * unit)
    }

    private static func ago(_ text: String, now: Date) -> Date? {
        length(text).map { now.addingTimeInterval(-Double($0.components.seconds)) }
    }

    private static func moment(_ text: String) -> Date? {
        InstantText.microseconds(text).map { Date(timeIntervalSince1970: Double($0) / 1_000_000) }
    }

    private static func text(_ date: Date) -> String {
        Timestamp.rfc3339(nanosecondsSinceEpoch: Int64((date.timeIntervalSince1970 * 1000).rounded()) * 1_000_000)
    }
}
