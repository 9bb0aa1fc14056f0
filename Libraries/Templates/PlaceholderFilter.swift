import JSON

/// What is done to a variable's value before it is put in place: `<<$name|filter>>` or `<<$name|filter:argument>>`.
///
/// Filters work from left to right. One that finds no value leaves it missing, and one that finds a kind of value that it has nothing
/// to do with leaves that as it is; so the JSON type stays unless a filter says otherwise.
enum PlaceholderFilter: Sendable, Hashable {
    /// `default:X`: X where the value is missing or `null`.
    case standIn(JSONValue)
    /// `upper`: small letters become capitals, in a text or in each text of a list. Letters without a single capital stay.
    case upper
    /// `lower`: capitals become small letters, in the same way.
    case lower
    /// `trim`: no white space at both ends of a text, or of each text of a list.
    case trim
    /// `text`: numbers and booleans as text, lists and objects as compact JSON text; `null` stays `null`.
    case text
    /// `json`: any value as compact JSON text, a text with its quotes.
    case json
    /// `join:X`, `join`: the elements of a list as one text with X, or a comma, between them; those that are `null` are left out.
    case join(String)

    /// The names, in the order in which people are told of them.
    static let names = ["default", "upper", "lower", "trim", "text", "json", "join"]

    /// - Parameter argument: what stands behind the colon, nil without one.
    init(name: String, argument: JSONValue?) throws(PlaceholderFault) {
        switch (name, argument) {
        case ("default", let value?): self = .standIn(value)
        case ("default", nil): throw PlaceholderFault("the filter default needs a value, such as default:\"none\"")
        case ("join", nil): self = .join(",")
        case ("join", .string(let separator)): self = .join(separator)
        case ("join", _): throw PlaceholderFault("the filter join takes a text, such as join:\", \"")
        case (_, nil):
            switch name {
            case "upper": self = .upper
            case "lower": self = .lower
            case "trim": self = .trim
            case "text": self = .text
            case "json": self = .json
            default: throw PlaceholderFault(unknownFilter: name)
            }
        default:
            guard Self.names.contains(name) else { throw PlaceholderFault(unknownFilter: name) }
            throw PlaceholderFault("the filter \(name) takes no value")
        }
    }

    func applied(to value: JSONValue?) -> JSONValue? {
        guard let value, !value.isNull else {
            if case .standIn(let standIn) = self { return standIn }
            return self == .json && value != nil ? "null" : value
        }
        switch self {
        case .standIn: return value
        case .upper: return value.mappingTexts { Self.mapLetters($0, \.uppercaseMapping) }
        case .lower: return value.mappingTexts { Self.mapLetters($0, \.lowercaseMapping) }
        case .trim: return value.mappingTexts(Self.trimmed)
        case .text: return .string(TemplateVariable.text(of: value))
        case .json: return .string(value.description)
        case .join(let separator):
            guard case .array(let elements) = value else { return value }
            let texts = elements.filter { !$0.isNull }.map(TemplateVariable.text(of:))
            return .string(texts.joined(separator: separator))
        }
    }

    /// Letter by letter, so that the database, which maps letters one by one, comes to the same text.
    private static func mapLetters(_ text: String, _ mapping: KeyPath<Unicode.Scalar.Properties, String>) -> String {
        var mapped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let letters = scalar.properties[keyPath: mapping].unicodeScalars
            mapped.append(letters.count == 1 ? letters[letters.startIndex] : scalar)
        }
        return String(mapped)
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension JSONValue {
    /// The value with a text, or the texts among its elements, replaced.
    fileprivate func mappingTexts(_ transform: (String) -> String) -> JSONValue {
        switch self {
        case .string(let text): .string(transform(text))
        case .array(let elements): .array(elements.map { $0.mappingTexts(transform) })
        case .null, .bool, .number, .object: self
        }
    }
}
