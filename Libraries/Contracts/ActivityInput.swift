public import JSON

/// What an activity asks of its clients besides objects: the fields of a request's `input`.
public struct ActivityInput: Sendable, Hashable {
    /// What a field holds.
    public enum FieldType: String, Sendable, Hashable, CaseIterable {
        /// A text.
        case text
        /// A number.
        case number
        /// `true` or `false`.
        case boolean
        /// A list of texts.
        case list
    }

    /// One field.
    public struct Field: Sendable, Hashable {
        /// The name: a variable of request templates.
        public let name: String
        /// What it holds.
        public let type: FieldType
        /// Whether a request without it is refused.
        public let isRequired: Bool
        /// What it is when a request leaves it out; nil: it has no value then.
        public let standard: JSONValue?

        /// A field; one with a default need not be required.
        public init(name: String, type: FieldType, isRequired: Bool = false, standard: JSONValue? = nil) {
            self.name = name
            self.type = type
            self.isRequired = isRequired
            self.standard = standard
        }

        /// Why a value cannot stand in the field; nil when it can.
        public func fault(of value: JSONValue) -> String? { type.fault(of: value) }
    }

    /// The most fields of an activity.
    public static let fieldsMax = 50
    /// The longest text, in bytes of UTF-8.
    public static let textBytesMax = 10_000
    /// The most elements of a list.
    public static let elementsMax = 1_000

    /// The fields by name.
    public let fields: [Field]

    /// An input of these fields.
    public init(_ fields: [Field] = []) {
        self.fields = fields.sorted { $0.name < $1.name }
    }

    /// The field of a name.
    public subscript(name: String) -> Field? { fields.first { $0.name == name } }
}

extension ActivityInput.FieldType {
    fileprivate func fault(of value: JSONValue) -> String? {
        switch (self, value) {
        case (.text, .string(let text)): Self.fault(ofText: text)
        case (.number, .number(let number)):
            // What the database cannot hold is refused here, where its sender hears of it.
            number.doubleValue == nil ? "is a number beyond the range of a double" : nil
        case (.boolean, .bool): nil
        case (.list, .array(let elements)): Self.fault(ofList: elements)
        default: "must be \(noun), not \(value.kindName)"
        }
    }

    private var noun: String {
        switch self {
        case .text: "a string"
        case .number: "a number"
        case .boolean: "true or false"
        case .list: "an array of strings"
        }
    }

    private static func fault(ofText text: String) -> String? {
        if text.utf8.contains(0) { return "contains the character U+0000" }
        let bytes = text.utf8.count
        return bytes > ActivityInput.textBytesMax
            ? "has \(bytes) bytes, more than the maximum of \(ActivityInput.textBytesMax)" : nil
    }

    private static func fault(ofList elements: [JSONValue]) -> String? {
        if elements.count > ActivityInput.elementsMax {
            return "has \(elements.count) elements, more than the maximum of \(ActivityInput.elementsMax)"
        }
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else {
                return "must be an array of strings; element \(index) is \(element.kindName)"
            }
            if let fault = fault(ofText: text) { return "element \(index) \(fault)" }
        }
        return nil
    }
}

extension ActivityInput {
    /// Reads `{"query": {"type": "text", "required": true}, "size_min": {"type": "number", "default": 10}}`, as the database keeps it. What
    /// nobody could have declared is passed over: it was checked when the catalogue was applied.
    public init(_ json: JSONValue) {
        self.init(
            (json.objectValue ?? [:]).compactMap { member in
                FieldType(rawValue: member.value["type"]?.stringValue ?? "").map { type in
                    Field(
                        name: member.key, type: type, isRequired: member.value["required"]?.boolValue ?? false,
                        standard: member.value["default"])
                }
            })
    }

    /// The declaration as the database keeps it.
    public var json: JSONValue {
        .object(
            JSONObject(
                fields.map { field in
                    var json: JSONObject = ["type": .string(field.type.rawValue)]
                    if field.isRequired { json["required"] = true }
                    json["default"] = field.standard
                    return (field.name, .object(json))
                }))
    }
}
