#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The `Retry-After` header of RFC 9110, section 10.2.3.
public enum RetryAfter {
    /// Reads seconds or an IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`).
    ///
    /// - Returns: the wait from `now`, never negative; nil when the value is neither form.
    public static func parse(_ value: String, now: Date) -> Duration? {
        let text = value.filter { $0 != "\t" }.split(separator: " ").joined(separator: " ")
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // A number of more digits than any wait is a long one.
            return .seconds(Int64(text.prefix(12)) ?? 0)
        }
        return date(text).map { .seconds(max(0, $0.timeIntervalSince(now))) }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func date(_ text: String) -> Date? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3 else { return nil }
        var components = DateComponents()
        components.timeZone = TimeZone(secondsFromGMT: 0)
        (components.year, components.month, components.day) = (year, month + 1, day)
        (components.hour, components.minute, components.second) = (time[0], time[1], time[2])
        return Calendar(identifier: .gregorian).date(from: components)
    }
}
