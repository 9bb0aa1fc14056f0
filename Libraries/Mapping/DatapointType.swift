/// What kind of value a datapoint holds. A match of another kind is converted where nothing is lost, else reported as a
/// ``ConversionFailure``. Arrays are converted element by element; `null` stays `null`.
public enum DatapointType: String, Sendable, Hashable, CaseIterable {
    /// Text; numbers and booleans become their JSON text.
    case text
    /// A number; a string that is a JSON number becomes one.
    case number
    /// A boolean; the strings `true` and `false` become one.
    case boolean
    /// A date of ISO 8601, `2024-01-31`, as a string; of a date with a time of the day the date as it is written.
    case date
    /// An instant of RFC 3339 in UTC, `2024-01-31T08:15:27Z`, as a string; one with another zone is converted.
    case datetime
    /// Any JSON value, as it is.
    case json
}
