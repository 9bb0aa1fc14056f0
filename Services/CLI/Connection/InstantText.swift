/// Reads RFC 3339 date-times with microseconds, and writes moments for people: in UTC, with the `Z` that says so.
enum InstantText {
    /// Microseconds since 1970 of a text such as `2026-11-21T09:55:27.000123Z`; nil when it is none. What is written here for people
    /// is read too: a blank in place of the `T`, and no seconds.
    static func microseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), (1...12).contains(month), day >= 1, day <= days(in: month, of: year),
            hour < 24,
            minute < 60,
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10])
        else { return nil }
        var position = 16
        var second: Int64 = 0
        var fraction: Int64 = 0
        if position < bytes.count, bytes[position] == UInt8(ascii: ":") {
            guard let seconds = number(17..<19), seconds <= 60 else { return nil }
            second = seconds
            position = 19
        }
        if position == 19, position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            var scale: Int64 = 100_000
            while position < bytes.count, let digit = number(position..<position + 1) {
                fraction += digit * scale
                scale /= 10
                position += 1
            }
        }
        guard let offset = offsetMinutes(bytes[position...]) else { return nil }
        let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1_000_000 + fraction
    }

    /// A moment to the minute: `2026-11-21 09:55Z`.
    static func minute(_ moment: String) -> String { dateTime(moment, length: 16) }

    /// A moment to the second: `2026-11-21 09:55:27Z`.
    static func second(_ moment: String) -> String { dateTime(moment, length: 19) }

    /// The beginning of an RFC 3339 date-time in UTC, which is what services write; any other text stays as it is.
    private static func dateTime(_ moment: String, length: Int) -> String {
        guard moment.hasSuffix("Z"), moment.utf8.count > length, microseconds(moment) != nil else {
            return TerminalText.safe(moment)
        }
        return moment.prefix(length).replacing("T", with: " ") + "Z"
    }

    /// The time of day of an instant: `09:55:27.000Z`.
    static func timeOfDay(microseconds: Int64) -> String {
        let milliseconds = microseconds / 1_000 % 86_400_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let rest = milliseconds % 1_000
        let clock = [milliseconds / 3_600_000, milliseconds / 60_000 % 60, milliseconds / 1_000 % 60].map(two).joined(
            separator: ":")
        return "\(clock).\(String(String(1_000 + rest).dropFirst()))Z"
    }

    /// Minutes east of UTC of what stands behind a time: `Z`, or two digits for the hours and two for the minutes, as in `+05:30`.
    private static func offsetMinutes(_ zone: ArraySlice<UInt8>) -> Int64? {
        let text = String(decoding: zone, as: UTF8.self)
        if text == "Z" || text == "z" { return 0 }
        guard let match = text.wholeMatch(of: /([+\-])([01][0-9]|2[0-3]):([0-5][0-9])/), let hours = Int64(match.2),
            let minutes = Int64(match.3)
        else { return nil }
        return (match.1 == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    /// How many days a month has, by when the next one begins.
    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let next = month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)
        return next - days(year, month, 1)
    }

    /// Days since 1970 in the proleptic Gregorian calendar; March begins the year, so that the leap day ends it.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
