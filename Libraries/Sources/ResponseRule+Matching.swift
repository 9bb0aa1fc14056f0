public import JSON

extension ResponseRule.Test {
    /// Whether a value of the body passes.
    public func holds(for value: JSONValue) -> Bool {
        switch self {
        case .exists: !value.isNull
        case .equals(let wanted): Self.isEqual(value, wanted)
        case .anyOf(let wanted): wanted.contains { Self.isEqual(value, $0) }
        case .contains(let part): Self.contains(Self.text(of: value), part)
        }
    }

    /// Whether a header field passes: its text is compared.
    public func holds(for text: String) -> Bool {
        switch self {
        case .exists: true
        case .equals(let wanted): text == Self.text(of: wanted)
        case .anyOf(let wanted): wanted.contains { text == Self.text(of: $0) }
        case .contains(let part): Self.contains(text, part)
        }
    }

    /// 1 and 1.0 are one number.
    private static func isEqual(_ value: JSONValue, _ wanted: JSONValue) -> Bool {
        if value == wanted { return true }
        guard let number = value.doubleValue, let other = wanted.doubleValue else { return false }
        return number == other
    }

    private static func text(of value: JSONValue) -> String { value.stringValue ?? value.description }

    private static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || text.lowercased().contains(part.lowercased())
    }
}

extension ResponseRule.Statuses {
    /// Whether a status is one of these.
    public func contains(_ status: Int) -> Bool {
        switch self {
        case .anyOf(let statuses): statuses.contains(status)
        case .hundreds(let hundreds): status / 100 == hundreds
        }
    }
}
