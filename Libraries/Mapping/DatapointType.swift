/// What kind of value a datapoint holds. A match of another kind is converted where nothing is lost, else reported as a
/// ``ConversionFailure``. Arrays are converted element by element; `null` stays `null`.
public enum DatapointType: String, Sendable, Hashable, CaseIterable {
    /// Text; numbers and booleans become their JSON text.
    case text
    /// A number; a string that is a JSON number becomes one.
    case number
    /// A boolean; the strings `true` and `false` become one.
    case boolean
    /// Any JSON value, as it is.
    case json
}
