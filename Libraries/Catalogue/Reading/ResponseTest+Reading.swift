import JSON
import Sources

extension ResponseRule.Test {
    static let keys = ["equals", "in", "contains", "exists"]

    /// The one test of a condition.
    ///
    /// - Parameters:
    ///   - body: the condition's mapping.
    ///   - asText: whether numbers and booleans stand for their text, as in header fields.
    init?(reading body: MappingCursor, asText: Bool) {
        let tests = body.entries.filter { Self.keys.contains($0.key) }
        guard tests.count == 1, let entry = tests.first else {
            body.cursor.report(
                tests.isEmpty ? .missingKey : .conflict,
                tests.isEmpty ? "the condition says not what has to stand there" : "the condition has several tests",
                remedy: "write one of equals: VALUE, in: [VALUE, …], contains: TEXT and exists: true")
            return nil
        }
        let cursor = body.value(of: entry)
        switch entry.key {
        case "equals":
            guard let value = cursor.comparedValue(asText: asText) else { return nil }
            self = .equals(value)
        case "in":
            guard let elements = cursor.alternatives() else { return nil }
            let values = elements.compactMap { $0.comparedValue(asText: asText) }
            guard values.count == elements.count else { return nil }
            self = .anyOf(values)
        case "contains":
            guard let text = cursor.text(lengthMax: SourceBounds.textBytes) else { return nil }
            self = .contains(text)
        default:
            guard case .scalar(let text, let isQuoted) = cursor.node.content,
                PlainScalar(text, isQuoted: isQuoted) == .bool(true)
            else {
                cursor.report(
                    .unknownValue, "exists is true or not there",
                    remedy: "write exists: true; what must be missing is what no rule before has found")
                return nil
            }
            self = .exists
        }
    }
}

extension DocumentCursor {
    /// A list of what one condition accepts.
    func alternatives() -> [DocumentCursor]? {
        guard let elements = list() else { return nil }
        guard SourceBounds.alternatives.contains(elements.count) else {
            report(
                .outOfBounds, "the list has \(elements.count) elements",
                remedy: "write \(SourceBounds.alternatives.lowerBound) to \(SourceBounds.alternatives.upperBound)")
            return nil
        }
        return elements
    }

    /// A text, number or boolean that an answer is compared with; in bodies `null` too.
    func comparedValue(asText: Bool) -> JSONValue? {
        guard case .scalar(let text, let isQuoted) = node.content, isQuoted || !text.isEmpty else {
            report(
                .wrongType, "a value is needed, not \(node.kindName)", remedy: "write a text, a number, true or false")
            return nil
        }
        guard let value = json(), asText else { return json() }
        guard !value.isNull else {
            report(.wrongType, "a header field is text", remedy: "write a text, or exists: true")
            return nil
        }
        return .string(text)
    }
}
