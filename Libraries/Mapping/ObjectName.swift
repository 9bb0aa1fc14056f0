import JSON

/// Makes an object's name of a match.
enum ObjectName {
    case name(String)
    /// There is nothing: `null`, or text without a visible character.
    case none
    /// What was found cannot be a name.
    case unsuitable(String)

    static func make(
        _ match: PatternWalk.Match, of tape: JSONTape, _ kind: ObjectNameKind
    ) throws(MappingError) -> ObjectName {
        let node = match.node
        if kind == .key, match.target.endsInAnyChild {
            if match.index < 0 {
                // A member of an object: the key stands in front of its value.
                try Storability.checkText(node - 1, of: tape)
                return trimmed(tape.string(node - 1))
            }
            if tape.kind(node) == .object || tape.kind(node) == .array { return .name(String(match.index)) }
        }
        switch tape.kind(node) {
        case .null: return .none
        case .string:
            try Storability.checkText(node, of: tape)
            return trimmed(kind == .value ? HostName.normalized(tape.string(node)) : tape.string(node))
        case .number: return .name(String(decoding: tape.bytes(node), as: UTF8.self))
        case .true: return .name("true")
        case .false: return .name("false")
        case .array: return .unsuitable("an array")
        case .object: return .unsuitable("an object")
        }
    }

    private static func trimmed(_ text: String) -> ObjectName {
        let text = text.trimmingWhitespace()
        return text.isEmpty ? .none : .name(text)
    }
}
