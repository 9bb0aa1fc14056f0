public import JSON

/// How a datapoint's values are brought into one form, where an API writes them for people. What the answer says is kept beside the
/// value wherever this changes it.
///
/// In JSON, as in a catalogue:
///
/// | type | form | what it does |
/// | --- | --- | --- |
/// | text | `"whitespace"` | no white space at both ends, one space for each stretch of it inside |
/// | text | `"country"` | a country's code or English name becomes its two-letter code |
/// | text | `"host"` | the host of a URL without `www.`, the domain of an e-mail address, else the trimmed text |
/// | number | `"separators"`, `{"decimal": ","}` | digits may be grouped; see ``SeparatedNumber`` |
/// | boolean | `"words"`, `{"true": […], "false": […]}` | yes and no, on and off and the like; see ``BooleanWords`` |
/// | date, datetime | `{"formats": […]}` | formats besides ISO 8601; see ``TimeFormat`` |
public enum Normalization: Sendable, Hashable {
    /// White space of a text.
    case whitespace
    /// Country codes and names.
    case country
    /// Hosts and domains.
    case host
    /// Numbers with separators; the decimal sign, if it is declared.
    case separators(decimal: SeparatedNumber.DecimalSign?)
    /// Words for true and false.
    case words(BooleanWords)
    /// Formats of dates and times.
    case formats([TimeFormat])

    /// The most formats of one datapoint.
    public static let formatsMax = 16

    /// The text of a value in the form of its type, or nil if it is none.
    ///
    /// - Parameter text: a string, or the JSON text of a number or boolean.
    func normalized(_ text: String, as type: DatapointType) -> String? {
        switch self {
        case .whitespace: text.collapsingWhitespace()
        case .country: Country.code(of: text)
        case .host: HostName.normalized(text)
        case .separators(let decimal): SeparatedNumber.normalized(text, decimal: decimal)
        case .words(let words): words.meaning(of: text).map { $0 ? "true" : "false" }
        case .formats(let formats):
            CalendarTime(iso: text)?.text(as: type) ?? formats.lazy.compactMap { $0.time(text)?.text(as: type) }.first
        }
    }
}

extension Normalization {
    /// Reads the JSON form.
    ///
    /// - Throws: ``NormalizationError`` saying what the type can have instead.
    public init(parsing value: JSONValue, of type: DatapointType) throws(NormalizationError) {
        switch (type, value) {
        case (.text, "whitespace"): self = .whitespace
        case (.text, "country"): self = .country
        case (.text, "host"): self = .host
        case (.number, "separators"): self = .separators(decimal: nil)
        case (.number, .object(let object)) where object.keys.elementsEqual(["decimal"]):
            guard let sign = object["decimal"]?.stringValue.flatMap(SeparatedNumber.DecimalSign.init) else {
                throw NormalizationError(reason: "the decimal sign is \".\" or \",\"")
            }
            self = .separators(decimal: sign)
        case (.boolean, "words"): self = .words(.standard)
        case (.boolean, .object(let object)) where object.keys.allSatisfy({ $0 == "true" || $0 == "false" }):
            self = .words(
                try BooleanWords(
                    true: Self.texts(object["true"], "words"), false: Self.texts(object["false"], "words")))
        case (.date, .object(let object)) where object.keys.elementsEqual(["formats"]),
            (.datetime, .object(let object)) where object.keys.elementsEqual(["formats"]):
            var formats: [TimeFormat] = []
            for text in try Self.texts(object["formats"], "formats") {
                formats.append(try TimeFormat(text, of: type))
            }
            guard (1...Self.formatsMax).contains(formats.count) else {
                throw NormalizationError(reason: "there must be 1 to \(Self.formatsMax) formats")
            }
            self = .formats(formats)
        case (.json, _): throw NormalizationError(reason: "a json value stays as it is")
        default:
            throw NormalizationError(
                reason: "\(value) does not fit; for \(type.rawValue) write \(Self.forms(of: type))")
        }
    }

    private static func texts(_ value: JSONValue?, _ what: String) throws(NormalizationError) -> [String] {
        guard let value else { return [] }
        guard case .array(let elements) = value, elements.allSatisfy({ $0.stringValue != nil }) else {
            throw NormalizationError(
                reason: "the \(what) are a list of texts, in quotes where YAML would read something else")
        }
        return elements.compactMap(\.stringValue)
    }

    private static func forms(of type: DatapointType) -> String {
        switch type {
        case .text: "whitespace, country or host"
        case .number: "separators, or { decimal: \",\" }"
        case .boolean: "words, or { \"true\": [ja], \"false\": [nein] }"
        case .date: "{ formats: [\"%d.%m.%Y\"] }"
        case .datetime: "{ formats: [\"%d.%m.%Y %H:%M\"] }"
        case .json: "nothing"
        }
    }

    /// The JSON form; reads back as the same normalization.
    public var json: JSONValue {
        switch self {
        case .whitespace: "whitespace"
        case .country: "country"
        case .host: "host"
        case .separators(nil): "separators"
        case .separators(let decimal?): ["decimal": .string(decimal.rawValue)]
        case .words(let words): words.json
        case .formats(let formats): ["formats": .array(formats.map { .string($0.text) })]
        }
    }
}

/// Why something is no normalization of a datapoint.
public struct NormalizationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, a clause without a full stop.
    public let reason: String

    /// What is wrong.
    public var description: String { reason }
}
