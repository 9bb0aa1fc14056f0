/// A value of the column `state_substate`: why a row stands in its state, a short word for programs.
///
/// The column is text, and a later version may add values, so this is an open set. What each of them means stands in ``meanings``.
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
    /// `in_progress`: the run's raw answer is stored and waits for a processor; no executor holds the run any more.
    public static let fetched = Substate(rawValue: "fetched")

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
