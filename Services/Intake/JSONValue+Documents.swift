import JSON
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How the API writes what its documents are made of.
extension JSONValue {
    static func count(_ count: Int) -> JSONValue { .number(JSONNumber(count)) }

    /// A text, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// A moment in RFC 3339, to the millisecond; or null.
    static func moment(_ date: Date?) -> JSONValue { text(date.map(Timestamp.rfc3339(of:))) }
}

extension Timestamp {
    /// The moment that a text in RFC 3339 says, with or without parts of a second; nil when it is none.
    static func date(rfc3339 text: String) -> Date? {
        [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)].lazy
            .compactMap { try? $0.parse(text) }.first
    }

    /// A moment in RFC 3339, to the millisecond.
    static func rfc3339(of date: Date) -> String {
        rfc3339(nanosecondsSinceEpoch: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) * 1000)
    }
}
