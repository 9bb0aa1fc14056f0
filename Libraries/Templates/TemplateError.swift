/// Why a template cannot be used, or cannot be rendered with the values at hand.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: String, Sendable, Hashable {
        /// The template lacks something, or has something of a wrong kind.
        case invalidTemplate = "invalid_template"
        /// Something begins like a placeholder and is none.
        case malformedPlaceholder = "malformed_placeholder"
        /// A placeholder has a filter that there is not.
        case unknownFilter = "unknown_filter"
        /// A placeholder stands where none may stand.
        case placeholderNotAllowed = "placeholder_not_allowed"
        /// A value would change the structure of the request.
        case valueNotAllowed = "value_not_allowed"
        /// The rendered request exceeds a bound.
        case tooLong = "too_long"
    }

    /// What kind of error it is.
    public let code: Code
    /// The place in the template, such as `$.headers.Authorization`.
    public let path: String
    /// What is wrong, a sentence without a full stop. Never shows the value of a variable.
    public let reason: String
    /// The filter that there is not, with ``Code/unknownFilter``.
    public let unknownFilter: String?

    /// The filters that there are.
    public static let knownFilters = PlaceholderFilter.names

    init(_ code: Code, at path: String, _ reason: String) {
        self.code = code
        self.path = path
        self.reason = reason
        unknownFilter = nil
    }

    init(_ fault: PlaceholderFault, at path: String) {
        code = fault.unknownFilter == nil ? .malformedPlaceholder : .unknownFilter
        self.path = path
        reason = fault.reason
        unknownFilter = fault.unknownFilter
    }

    /// A sentence for a person.
    public var description: String { "\(path): \(reason)" }
}
