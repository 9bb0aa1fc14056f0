import JSON

/// Whether Postgres can hold a mapped value as `jsonb`. What is not mapped is never asked.
enum Storability {
    /// Refuses U+0000 and half surrogate pairs in a string, or anywhere in a container.
    static func checkText(_ node: Int, of tape: JSONTape) throws(MappingError) {
        let what: String
        if tape.containsNUL(node) {
            what = "the character U+0000"
        } else if tape.containsLoneSurrogate(node) {
            what = "half of a surrogate pair, which is no character"
        } else {
            return
        }
        let culprit = (node..<tape.next(node)).first {
            tape.kind($0) == .string && (tape.containsNUL($0) || tape.containsLoneSurrogate($0))
        }
        let reason = "a mapped text contains \(what), which cannot be stored"
        throw MappingError(code: .unstorableText, at: culprit ?? node, of: tape, reason: reason)
    }

    /// Refuses a number beyond the range of `numeric`.
    ///
    /// - Returns: how many digits more than its text the number has once it is stored.
    static func checkNumber(_ node: Int, of tape: JSONTape) throws(MappingError) -> Int {
        try checkNumber(tape.bytes(node), at: node, of: tape)
    }

    /// The same for a number that was made of the node's text.
    static func checkNumber(
        _ bytes: UnsafeRawBufferPointer, at node: Int, of tape: JSONTape
    ) throws(MappingError) -> Int {
        guard let digits = NumericRange.digits(of: bytes) else {
            let text = String(decoding: bytes.prefix(24), as: UTF8.self)
            let shown = bytes.count > 24 ? text + "…" : text
            let reason = "the mapped number \(shown) is outside the range that can be stored"
            throw MappingError(code: .numberOutOfRange, at: node, of: tape, reason: reason)
        }
        return max(0, digits - bytes.count)
    }

    /// Refuses what ``checkText(_:of:)`` and ``checkNumber(_:of:)`` refuse, in a value of any kind.
    ///
    /// - Returns: the sum for its numbers.
    static func check(_ node: Int, of tape: JSONTape) throws(MappingError) -> Int {
        try checkText(node, of: tape)
        var digits = 0
        for index in node..<tape.next(node) where tape.kind(index) == .number {
            digits += try checkNumber(index, of: tape)
        }
        return digits
    }
}
