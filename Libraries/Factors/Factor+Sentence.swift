import JSON

/// The factor in words, after the matrix of the specification (2.2, 2.3). Where its function and its matrix differ, the matrix counts, which
/// says "after" of times and "in" of places. Of booleans it says what is meant: `equals: false` is "is not", and a datapoint that is called
/// "is listed" or "has a website" keeps its own verb.
extension Factor {
    /// A statement for a guardrail, a question for a use case.
    public var sentence: String {
        use == .guardrail ? statement : question
    }

    private var statement: String {
        if type == .boolean, let asserted { return "\(Self.capitalized(objectType)) \(claim(asserted))" }
        return "\(Self.capitalized(objectType))'s \(label) \(phrase) \(operand)"
    }

    private var question: String {
        let object = Self.uncapitalized(objectType)
        return switch type {
        case .volume: "How many \(label) does the \(object) have?"
        case .boolean:
            label.hasPrefix("has ") ? "Has the \(object) \(label.dropFirst(4))?" : "Is the \(object) \(adjective)?"
        case .option: "What is the \(object)'s \(label)?"
        case .time: "When was the \(object) \(label)?"
        case .place: "Where is the \(object) \(label)?"
        case .frequency: "How often does the \(object) \(label)?"
        case .reason: "Why does the \(object) \(label)?"
        case .entity: "What \(label) does the \(object) use?"
        case .similarity: "How similar is the \(object)'s \(label)?"
        }
    }

    /// What a boolean factor wants to be so; nil when it compares with something else.
    private var asserted: Bool? {
        switch (comparison, value) {
        case (.equals, .bool(let wanted)): wanted
        case (.notEquals, .bool(let unwanted)): !unwanted
        default: nil
        }
    }

    private func claim(_ asserted: Bool) -> String {
        if label.hasPrefix("has ") { return asserted ? label : "does not have \(label.dropFirst(4))" }
        return asserted ? "is \(adjective)" : "is not \(adjective)"
    }

    /// The datapoint's name without a verb of its own.
    private var adjective: String { label.hasPrefix("is ") ? String(label.dropFirst(3)) : label }

    /// The datapoint's name in the middle of a sentence.
    private var label: String { Self.uncapitalized(datapoint.replacing("_", with: " ")) }

    private var phrase: String {
        switch (comparison, type) {
        case (.equals, .place): "is in"
        case (.notEquals, .place): "is not in"
        case (.in, .place): "is in one of"
        case (.greaterThan, .time): "is after"
        case (.greaterEqual, .time): "is not before"
        case (.lessThan, .time): "is before"
        case (.lessEqual, .time): "is not after"
        case (.equals, _): "is"
        case (.notEquals, _): "is not"
        case (.greaterThan, _): "is more than"
        case (.greaterEqual, _): "is at least"
        case (.lessThan, _): "is less than"
        case (.lessEqual, _): "is at most"
        case (.contains, _): "contains"
        case (.in, _): "is one of"
        case (.between, _): "is between"
        }
    }

    private var operand: String {
        let words = (value.arrayValue ?? [value]).map { $0.stringValue ?? $0.description }
        return words.joined(separator: comparison == .between ? " and " : ", ")
    }

    private static func capitalized(_ text: String) -> String {
        let text = text.replacing("_", with: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// With a small first letter, unless the word is all capitals, such as VAT.
    private static func uncapitalized(_ text: String) -> String {
        let text = text.replacing("_", with: " ")
        if let second = text.dropFirst().first, second.isUppercase { return text }
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
