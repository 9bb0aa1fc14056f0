import JSON

/// Writes matched values as JSON of their datapoint's type into one buffer for the whole answer.
struct ValueConversion {
    private var failures: [ConversionFailure] = []
    private var failureCount = 0
    private var writer = JSONWriter()
    /// Digits that the numbers of this answer gain when they are stored: `1e1000` is written out then.
    private(set) var digitsGained = 0

    /// How many that may be: a short answer must not become gigabytes in the database.
    static let digitsGainedMax = 1 << 20

    mutating func begin() {
        failures = []
        failureCount = 0
        digitsGained = 0
        writer.removeAll()
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

    /// Writes one datapoint's value for one object: the match, or an array of several. Returns where it stands in the output, or nil if
    /// nothing of it could be converted.
    mutating func write(
        _ nodes: some Collection<Int>, of tape: JSONTape, datapoint: Int, _ mapping: MappingPlan.Datapoint
    ) throws(MappingError) -> Range<Int>? {
        writer.endDocument()
        let start = writer.bytes.count
        var written = 0
        let isSeveral = nodes.count > 1
        if isSeveral { writer.beginArray() }
        for node in nodes {
            if try convert(node, of: tape, datapoint: datapoint, mapping.type, isElement: false) { written += 1 }
        }
        if isSeveral { writer.endArray() }
        guard written > 0 else {
            writer.removeLast(writer.bytes.count - start)
            return nil
        }
        return start..<writer.bytes.count
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
        }
        return true
    }

    private mutating func gain(_ digits: Int, at node: Int, of tape: JSONTape) throws(MappingError) {
        digitsGained += digits
        guard digitsGained <= Self.digitsGainedMax else {
            let reason = "the mapped numbers take more than \(Self.digitsGainedMax) digits when they are written out"
            throw MappingError(code: .numberOutOfRange, at: node, of: tape, reason: reason)
        }
    }

    private static func isBoolean(_ text: UnsafeRawBufferPointer) -> Bool {
        text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
    }

    private mutating func fail(_ node: Int, of tape: JSONTape, datapoint: Int, expected: String) -> Bool {
        let found =
            switch tape.kind(node) {
            case .array: "an array in an array"
            case .object: "an object"
            // The reason is stored as text, which cannot hold U+0000.
            case .string: "the text '\(tape.string(node).prefix(40).replacing("\0", with: "\\u0000"))'"
            case .number, .true, .false, .null: String(decoding: tape.bytes(node).prefix(40), as: UTF8.self)
            }
        fail(node, of: tape, datapoint: datapoint, reason: "\(found) where \(expected) is expected")
        return false
    }

    mutating func fail(_ node: Int, of tape: JSONTape, datapoint: Int?, reason: String) {
        failureCount += 1
        guard failures.count < MappedAnswer.failuresMax else { return }
        failures.append(ConversionFailure(datapoint: datapoint, path: tape.path(to: node).text, reason: reason))
    }
}
