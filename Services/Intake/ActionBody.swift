import Contracts
import JSON
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The body of an action on requests and runs: an object, or nothing at all. Every field is optional; unknown ones are refused.
struct ActionBody {
    /// The longest reason that is kept, in characters.
    static let reasonMax = 500
    /// Moments at which a run may have been made.
    private static let moments = Date(timeIntervalSince1970: 0)...Date(timeIntervalSince1970: 4_102_444_800)
    /// States that a retry can start from.
    static let retryable = ["failed", "timedout", "invalid"]

    private let fields: JSONObject

    init(parsing bytes: [UInt8], known: [String]) throws {
        if bytes.isEmpty {
            fields = [:]
            return
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Problem(
                code: "invalid_json", status: 400, title: "The body is not JSON", detail: "\(error)")
        }
        guard case .object(let fields) = value else {
            throw Self.problem("$", "an object is needed, such as {}")
        }
        if let unknown = fields.keys.first(where: { !known.contains($0) }) {
            let there = known.isEmpty ? "none is known here" : "known are \(known.joined(separator: ", "))"
            throw Self.problem("$.\(unknown.prefix(100))", "there is no such field; \(there)")
        }
        self.fields = fields
    }

    /// Why, in the words of whoever asks.
    var reason: String? {
        get throws {
            guard let text = try text("reason") else { return nil }
            guard !text.isEmpty, text.count <= Self.reasonMax, !text.unicodeScalars.contains("\0") else {
                throw Self.problem("$.reason", "1 to \(Self.reasonMax) characters, without U+0000")
            }
            return text
        }
    }

    /// The key of a source.
    var source: String? { get throws { try text("source") } }

    /// Whether runs are meant, too, that somebody cancelled.
    var includesCancelled: Bool { get throws { try flag("cancelled") } }

    /// What answers are mapped to; nil: as the catalogue says.
    var mapping: JSONValue? { fields["mapping"].flatMap { $0.isNull ? nil : $0 } }

    /// Whether the difference is only to be shown.
    var isDryRun: Bool { get throws { try flag("dry_run") } }

    /// The place of an object at which the next page begins.
    var place: Int? {
        get throws {
            try cursor.map { text in
                guard let place = Int(text), (0...100_000_000).contains(place) else { throw Self.badCursor }
                return place
            }
        }
    }

    /// Refuses fields that mean nothing beside another.
    func refuse(_ names: [String], beside other: String) throws {
        for name in names where fields[name] != nil {
            throw Self.problem("$.\(name)", "it says nothing beside \(other), which names a single run")
        }
    }

    /// Where the next page begins.
    var cursor: String? { get throws { try text("cursor") } }

    /// A single run.
    var run: RunID? {
        get throws {
            guard let text = try text("run") else { return nil }
            guard let run = RunID(text) else { throw Self.problem("$.run", "not the id of a run") }
            return run
        }
    }

    /// The states to start from; all of them unless some are named.
    var states: [String] {
        get throws {
            guard let value = fields["states"] else { return Self.retryable }
            guard case .array(let items) = value, !items.isEmpty else {
                throw Self.problem("$.states", "a list of \(Self.retryable.joined(separator: ", "))")
            }
            return try items.enumerated().map { index, item in
                guard case .string(let state) = item, Self.retryable.contains(state) else {
                    throw Self.problem("$.states[\(index)]", "one of \(Self.retryable.joined(separator: ", "))")
                }
                return state
            }
        }
    }

    /// From when on runs were made; required where no single run is named.
    var since: Date {
        get throws {
            guard let date = try date("since") else {
                throw Self.problem("$.since", "needed: from when on the runs were made, such as 2026-11-26T08:00:00Z")
            }
            return date
        }
    }

    /// Until when.
    var until: Date? { get throws { try date("until") } }

    static let badCursor = problem("$.cursor", "not a cursor of this question; take it from the answer before")

    func date(_ name: String) throws -> Date? {
        guard let text = try text(name) else { return nil }
        guard let date = Timestamp.date(rfc3339: text), Self.moments.contains(date) else {
            throw Self.problem("$.\(name)", "a moment in RFC 3339, such as 2026-11-26T08:00:00Z")
        }
        return date
    }

    private func flag(_ name: String) throws -> Bool {
        switch fields[name] {
        case nil, .null?: return false
        case .bool(let yes)?: return yes
        default: throw Self.problem("$.\(name)", "true or false is needed")
        }
    }

    func text(_ name: String) throws -> String? {
        switch fields[name] {
        case nil, .null?: return nil
        case .string(let text)? where text.unicodeScalars.contains("\0"):
            throw Self.problem("$.\(name)", "text without U+0000 is needed")
        case .string(let text)?: return text
        default: throw Self.problem("$.\(name)", "text is needed")
        }
    }

    static func problem(_ path: String, _ message: String) -> Problem {
        Problem(
            code: "invalid_request", status: 422, title: "The request is not valid", detail: "\(path): \(message)",
            violations: [.init(path: path, message: message)])
    }
}
