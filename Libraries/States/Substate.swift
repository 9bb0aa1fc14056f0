/// The known values of the column `state_substate`: why a row stands in its state.
///
/// The column is text, and a later version may add values, so this is an open set.
public struct Substate: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The text in the column.
    public let rawValue: String

    /// A substate by its text.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The text in the column.
    public var description: String { rawValue }

    /// `invalid`: a value that a template needs is missing.
    public static let missingValue = Substate(rawValue: "missing_value")
    /// `invalid`: the content is not acceptable JSON.
    public static let json = Substate(rawValue: "json")
    /// `failed`: somebody cancelled it.
    public static let cancelled = Substate(rawValue: "cancelled")
    /// `in_progress`: the run's raw answer is stored and waits for a processor; no executor holds the run any more.
    public static let fetched = Substate(rawValue: "fetched")
    /// `waiting`: after a failed attempt, until the next.
    public static let backoff = Substate(rawValue: "backoff")
    /// `waiting`: the API works on it and is polled or calls back.
    public static let externalJob = Substate(rawValue: "external_job")
    /// `waiting`: a rate or concurrency limit has to free up.
    public static let rateLimited = Substate(rawValue: "rate_limited")
    /// `waiting`: the source is paused.
    public static let paused = Substate(rawValue: "paused")
    /// `waiting`: not before its due time.
    public static let scheduled = Substate(rawValue: "scheduled")
    /// `waiting`: it is not known whether the API took the submission.
    public static let submissionUnknown = Substate(rawValue: "submission_unknown")
    /// `done`: a request without any run.
    public static let empty = Substate(rawValue: "empty")
    /// `done`: some runs succeeded and some did not.
    public static let partial = Substate(rawValue: "partial")
    /// `failed`: the answer could not be mapped.
    public static let mapping = Substate(rawValue: "mapping")
    /// `failed`: the exchange with the API failed for good.
    public static let exchange = Substate(rawValue: "exchange")
    /// `timedout`: the deadline passed.
    public static let deadline = Substate(rawValue: "deadline")

    /// All of the above.
    public static let known: [Substate] = [
        missingValue, json, cancelled, fetched, backoff, externalJob, rateLimited, paused, scheduled, submissionUnknown,
        empty, partial, mapping, exchange, deadline,
    ]

    /// Reads the spellings of the specification that join state and substate: `invalid_missing_value`, `in_progress`.
    public static func split(_ text: String) -> (state: State, substate: Substate?)? {
        if let state = State(rawValue: text) { return (state, nil) }
        for state in State.allCases where text.hasPrefix(state.rawValue + "_") {
            return (state, Substate(rawValue: String(text.dropFirst(state.rawValue.count + 1))))
        }
        return nil
    }

    /// State and substate in one word, as the specification writes them: `invalid_missing_value`.
    public static func joined(_ state: State, _ substate: Substate?) -> String {
        substate.map { "\(state.rawValue)_\($0.rawValue)" } ?? state.rawValue
    }
}
