import JSON

/// Free JSON inside a catalogue: request bodies and the setup of activities.
extension DocumentCursor {
    /// The node as a JSON value; logs numbers that the database would write differently, so that applying a file twice
    /// finds nothing changed.
    func json() -> JSONValue? {
        switch node.content {
        case .scalar(let text, let isQuoted):
            switch PlainScalar(text, isQuoted: isQuoted) {
            case .null: return .null
            case .bool(let value): return .bool(value)
            case .string(let value): return .string(value)
            case .number(let number):
                guard !number.text.utf8.contains(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }),
                    !(number.text.hasPrefix("-0") && number.doubleValue == 0)
                else {
                    report(
                        .wrongType, "the number \(text) cannot be kept as it is written",
                        remedy: "write it without exponent and without the sign of zero, or as a text in quotes"
                    )
                    return nil
                }
                return .number(number)
            }
        case .sequence:
            guard let elements = list() else { return nil }
            let values = elements.map { $0.json() }
            return values.contains(nil) ? nil : .array(values.compactMap { $0 })
        case .mapping:
            guard let mapping = mapping() else { return nil }
            let members = mapping.entries.map { ($0.key, mapping.value(of: $0).json()) }
            guard members.allSatisfy({ $0.1 != nil }) else { return nil }
            return .object(JSONObject(members.compactMap { key, value in value.map { (key, $0) } }))
        }
    }
}
