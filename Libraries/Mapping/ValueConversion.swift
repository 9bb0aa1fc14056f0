import JSON

/// Writes matched values as JSON of their datapoint's type into one buffer for the whole answer.
struct ValueConversion {
    private var failures: [ConversionFailure] = []
    private var failureCount = 0
    var writer = JSONWriter()
    /// What the answer says where values are normalized, in step with `writer`.
    var originals = JSONWriter()
    /// Whether normalization has changed anything of the value that is being written.
    var isChanged = false
    /// Digits that the numbers of this answer gain when they are stored: `1e1000` is written out then.
    private(set) var digitsGained = 0

    /// How many that may be: a short answer must not become gigabytes in the database.
    static let digitsGainedMax = 1 << 20

    mutating func begin() {
        failures = []
        failureCount = 0
        digitsGained = 0
        writer.removeAll()
        if !originals.bytes.isEmpty { originals.removeAll() }
    }

    /// What has failed since the last call: an object's own, when it is asked for after each object.
    mutating func takeFailures() -> (listed: [ConversionFailure], count: Int) {
        defer {
            failures = []
            failureCount = 0
        }
        return (failures, failureCount)
    }

    /// The bytes of everything written, in a buffer of just that size: the writer's own is used again.
    func takeOutput() -> [UInt8] { Array(writer.bytes[...]) }

    /// The bytes of all originals, in the same way.
    func takeOriginals() -> [UInt8] { Array(originals.bytes[...]) }

    /// Writes one datapoint's value for one object: the match, or an array of several. Returns where it stands in the output, or nil if
    /// nothing of it could be converted.
    mutating func write(
        _ nodes: some Collection<Int>, of tape: JSONTape, datapoint: Int, _ type: DatapointType
    ) throws(MappingError) -> Range<Int>? {
        writer.endDocument()
        let start = writer.bytes.count
        var written = 0
        let isSeveral = nodes.count > 1
        if isSeveral { writer.beginArray() }
        for node in nodes {
            if try convert(node, of: tape, datapoint: datapoint, type, isElement: false) { written += 1 }
        }
        if isSeveral { writer.endArray() }
        guard written > 0 else {
            writer.removeLast(writer.bytes.count - start)
            return nil
        }
        return start..<writer.bytes.count
    }

    /// Writes one datapoint's normalized value for one object. Returns where it stands in the output and, if normalization has changed
    /// anything, where what the answer says stands among the originals.
    mutating func writeNormalized(
        _ nodes: some Collection<Int>, of tape: JSONTape, datapoint: Int, _ mapping: MappingPlan.Datapoint
    ) throws(MappingError) -> (value: Range<Int>, original: Range<Int>?)? {
        writer.endDocument()
        originals.endDocument()
        isChanged = false
        let start = (value: writer.bytes.count, original: originals.bytes.count)
        var written = 0
        let isSeveral = nodes.count > 1
        if isSeveral {
            writer.beginArray()
            originals.beginArray()
        }
        for node in nodes {
            if try normalize(node, of: tape, datapoint: datapoint, mapping, isElement: false) { written += 1 }
        }
        if isSeveral {
            writer.endArray()
            originals.endArray()
        }
        if written == 0 { writer.removeLast(writer.bytes.count - start.value) }
        if written == 0 || !isChanged { originals.removeLast(originals.bytes.count - start.original) }
        guard written > 0 else { return nil }
        return (start.value..<writer.bytes.count, isChanged ? start.original..<originals.bytes.count : nil)
    }

    /// Writes one match. False, with a failure noted, if it is not of the kind asked for.
    private mutating func convert(
        _ node: Int, of tape: JSONTape, datapoint: Int, _ type: DatapointType, isElement: Bool
    ) throws(MappingError) -> Bool {
        let kind = tape.kind(node)
        switch (type, kind) {
        case (_, .null): writer.null()
        case (.json, _):
            try gain(Storability.check(node, of: tape), at: node, of: tape)
            writer.value(node, of: tape)
        case (.text, .string):
            try Storability.checkText(node, of: tape)
            writer.value(node, of: tape)
        case (.text, .number), (.text, .true), (.text, .false):
            writer.string(utf8: tape.bytes(node))
        case (.number, .number):
            try gain(Storability.checkNumber(node, of: tape), at: node, of: tape)
            writer.value(node, of: tape)
        case (.boolean, .true), (.boolean, .false): writer.value(node, of: tape)
        case (.number, .string) where JSONNumber.isNumber(tape.bytes(node)):
            try gain(Storability.checkNumber(node, of: tape), at: node, of: tape)
            writer.raw(tape.bytes(node))
        case (.boolean, .string) where Self.isBoolean(tape.bytes(node)): writer.raw(tape.bytes(node))
        case (_, .array) where !isElement:
            writer.beginArray()
            var element = node + 1
            while element < tape.next(node) {
                _ = try convert(element, of: tape, datapoint: datapoint, type, isElement: true)
                element = tape.next(element)
            }
            writer.endArray()
        case (.text, _): return fail(node, of: tape, datapoint: datapoint, expected: "text")
        case (.number, _): return fail(node, of: tape, datapoint: datapoint, expected: "a number")
        case (.boolean, _): return fail(node, of: tape, datapoint: datapoint, expected: "true or false")
        // These come by way of `writeNormalized`, always.
        case (.date, _), (.datetime, _): return fail(node, of: tape, datapoint: datapoint, expected: "a date")
        }
        return true
    }

    mutating func gain(_ digits: Int, at node: Int, of tape: JSONTape) throws(MappingError) {
        digitsGained += digits
        guard digitsGained <= Self.digitsGainedMax else {
            let reason = "the mapped numbers take more than \(Self.digitsGainedMax) digits when they are written out"
            throw MappingError(code: .numberOutOfRange, at: node, of: tape, reason: reason)
        }
    }

    private static func isBoolean(_ text: UnsafeRawBufferPointer) -> Bool {
        text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
    }

    /// Notes that a node is not of the kind asked for.
    ///
    /// - Returns: false.
    mutating func fail(
        _ node: Int, of tape: JSONTape, datapoint: Int, expected: String, remark: String = ""
    ) -> Bool {
        let found = found(node, of: tape)
        let what =
            switch tape.kind(node) {
            case .string: "the text '\(found.prefix(40))'"
            case .array: "an array in an array"
            case .object, .number, .true, .false, .null: String(found.prefix(40))
            }
        note(
            node, of: tape, datapoint: datapoint, found: found, reason: "\(what) where \(expected) is expected\(remark)"
        )
        return false
    }

    /// Notes that a node is no object's name.
    mutating func fail(name node: Int, of tape: JSONTape, reason: String) {
        note(node, of: tape, datapoint: nil, found: found(node, of: tape), reason: reason)
    }

    private mutating func note(_ node: Int, of tape: JSONTape, datapoint: Int?, found: String, reason: String) {
        failureCount += 1
        guard failures.count < MappedAnswer.failuresMax else { return }
        failures.append(
            ConversionFailure(datapoint: datapoint, path: tape.path(to: node).text, found: found, reason: reason))
    }

    /// The beginning of what stands there, for a person.
    private func found(_ node: Int, of tape: JSONTape) -> String {
        switch tape.kind(node) {
        case .array: "an array"
        case .object: "an object"
        // It is stored as text, which cannot hold U+0000.
        case .string: String(tape.string(node).prefix(ConversionFailure.foundMax)).replacing("\0", with: "\\u0000")
        case .number, .true, .false, .null:
            String(decoding: tape.bytes(node).prefix(ConversionFailure.foundMax), as: UTF8.self)
        }
    }
}
