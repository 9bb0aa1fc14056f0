/// One value of a ``JSONDocument``.
public struct JSONNode: Sendable {
    let document: JSONDocument
    let index: Int

    private var tape: JSONTape { document.tape }

    /// What the value is.
    public var kind: JSONTape.Kind { tape.kind(index) }

    /// The value of a key, or nil if there is none or this is not an object. Of equal keys the last counts.
    public subscript(key: String) -> JSONNode? {
        members.last { $0.key == key }?.value
    }

    /// The element at an index, or nil if there is none or this is not an array.
    public subscript(position: Int) -> JSONNode? {
        guard position >= 0 else { return nil }
        return elements.dropFirst(position).first { _ in true }
    }

    /// The string, or nil if it is something else or holds half of a surrogate pair.
    public var stringValue: String? {
        kind == .string && !tape.containsLoneSurrogate(index) ? tape.string(index) : nil
    }

    /// The number with its exact text, or nil if it is something else.
    public var numberValue: JSONNumber? {
        kind == .number ? JSONNumber(validated: String(decoding: tape.bytes(index), as: UTF8.self)) : nil
    }

    /// The integer, or nil if it is something else, not integral or out of range.
    public var intValue: Int? { numberValue?.intValue }

    /// The boolean, or nil if it is something else.
    public var boolValue: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { kind == .null }

    /// The elements in order; none if this is not an array.
    public var elements: some Sequence<JSONNode> {
        let end = kind == .array ? tape.next(index) : 0
        return sequence(state: index + 1) { [document] position in
            guard position < end else { return nil }
            defer { position = document.tape.next(position) }
            return JSONNode(document: document, index: position)
        }
    }

    /// Keys and values in order, repeated keys included; none if this is not an object.
    public var members: [(key: String, value: JSONNode)] {
        guard kind == .object else { return [] }
        var members: [(key: String, value: JSONNode)] = []
        var key = index + 1
        while key < tape.next(index) {
            members.append((tape.string(key), JSONNode(document: document, index: key + 1)))
            key = tape.next(key + 1)
        }
        return members
    }

    /// The place of the value in the document.
    public var path: JSONPathText { tape.path(to: index) }

    /// A copy that stands on its own, or nil if a string in it holds half of a surrogate pair.
    public var value: JSONValue? {
        tape.containsLoneSurrogate(index) ? nil : JSONValue(index, of: tape)
    }

    /// Compact JSON text.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(index, of: tape)
        return writer.bytes
    }
}
