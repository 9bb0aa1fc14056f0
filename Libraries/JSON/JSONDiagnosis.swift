/// A strict reader that goes byte by byte and says exactly what is wrong with a document, and where.
///
/// The fast parser answers only yes or no. This one runs when it said no, so it may take its time (some 100 MB/s), and is a
/// second opinion: tests hold the two against each other.
struct JSONDiagnosis {
    private enum Container {
        case array(index: Int)
        /// The current key as it stands in the source, without quotes; nil before the first.
        case object(key: Range<Int>?)
    }

    private let bytes: UnsafeRawBufferPointer
    private let depthMax: Int
    private var position = 0
    private var open: [Container] = []

    /// The first error of a document that the fast parser refused.
    static func error(in bytes: UnsafeRawBufferPointer, depthMax: Int) -> JSONError {
        let detail = "the document is not valid JSON"
        return firstError(in: bytes, depthMax: depthMax)
            ?? JSONError(code: .unexpectedByte, offset: 0, path: "$", detail: detail)
    }

    /// The first error in document order, or nil if the document is valid.
    static func firstError(in bytes: UnsafeRawBufferPointer, depthMax: Int) -> JSONError? {
        var diagnosis = JSONDiagnosis(bytes: bytes, depthMax: depthMax)
        do throws(JSONError) {
            try diagnosis.document()
            return nil
        } catch {
            return error
        }
    }

    private init(bytes: UnsafeRawBufferPointer, depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    private mutating func document() throws(JSONError) {
        position = bytes.count - JSONParser.withoutByteOrderMark(bytes).count
        skipSpace()
        guard position < bytes.count else { throw failure(.empty, "the document is empty") }
        let start = position
        do throws(JSONError) {
            try value()
        } catch {
            // Whatever fails in the very first word was no JSON to begin with: `<!DOCTYPE html`, `not found`.
            let word = error.offset - start < 5 && open.isEmpty && error.code == .unexpectedByte
            guard word else { throw error }
            throw failure(.notJSON, "the document begins with \(excerpt(from: start)), not JSON", at: start)
        }
        skipSpace()
        guard position == bytes.count else {
            throw failure(.trailingContent, "\(excerpt(from: position)) follows the end of the document")
        }
    }

    /// One value with everything in it; containers are kept on a stack, so that depth costs no stack of the thread.
    private mutating func value() throws(JSONError) {
        repeat {
            skipSpace()
            switch peek {
            case UInt8(ascii: "{"):
                try enter(.object(key: nil))
                skipSpace()
                if peek != UInt8(ascii: "}") {
                    try key()
                    continue
                }
            case UInt8(ascii: "["):
                try enter(.array(index: 0))
                skipSpace()
                if peek != UInt8(ascii: "]") { continue }
            default:
                try scalar()
            }
            try leaveFinishedContainers()
        } while !open.isEmpty
    }

    private mutating func enter(_ container: Container) throws(JSONError) {
        guard open.count < depthMax else {
            throw failure(.tooDeep, "arrays and objects are nested deeper than \(depthMax) levels")
        }
        open.append(container)
        position += 1
    }

    /// After a value: closes the containers that end here and moves behind the comma in front of the next value.
    private mutating func leaveFinishedContainers() throws(JSONError) {
        while let container = open.last {
            skipSpace()
            switch (container, peek) {
            case (.array(let index), UInt8(ascii: ",")):
                position += 1
                open[open.count - 1] = .array(index: index + 1)
                return
            case (.object, UInt8(ascii: ",")):
                position += 1
                skipSpace()
                return try key()
            case (.array, UInt8(ascii: "]")), (.object, UInt8(ascii: "}")):
                position += 1
                open.removeLast()
            case (.array, _): throw unexpected("',' or ']'")
            case (.object, _): throw unexpected("',' or '}'")
            }
        }
    }

    private mutating func key() throws(JSONError) {
        guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
        let start = position + 1
        try string()
        open[open.count - 1] = .object(key: start..<position - 1)
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw unexpected("':' after the key") }
        position += 1
    }

    private mutating func scalar() throws(JSONError) {
        guard let first = peek else { throw truncated() }
        switch first {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let start = position
            guard JSONNumber.scan(bytes, from: &position) != nil, !continuesWord else {
                if position >= bytes.count { throw truncated() }
                throw failure(.invalidNumber, "\(excerpt(from: start)) is not a JSON number", at: start)
            }
        default: throw unexpected("a value")
        }
    }

    /// Whether a byte that cannot follow a number follows it directly, as in `01` or `1x`.
    private var continuesWord: Bool {
        guard let byte = peek else { return false }
        return !Self.isSpace(byte) && !",]}".utf8.contains(byte)
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard peek == text.utf8Start[index] else { throw unexpected("'\(text)'") }
            position += 1
        }
        if continuesWord { throw unexpected("the end of '\(text)'") }
    }

    private mutating func string() throws(JSONError) {
        position += 1
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20:
                let code = String(byte, radix: 16)
                throw failure(.controlCharacter, "the control character 0x\(code) in a string must be escaped")
            case 0x80...: try multibyteCharacter()
            default: position += 1
            }
        }
        throw truncated()
    }

    private mutating func escape() throws(JSONError) {
        let start = position
        position += 1
        guard let byte = peek else { throw truncated() }
        position += 1
        if byte != UInt8(ascii: "u") {
            guard "\"\\/bfnrt".utf8.contains(byte) else {
                throw failure(.invalidEscape, "\(excerpt(from: start)) begins with no JSON escape", at: start)
            }
            return
        }
        for _ in 0..<4 {
            guard let digit = peek else { throw truncated() }
            guard JSONString.hexadecimalValue(digit) != nil else {
                let detail = "\(excerpt(from: start)): \\u needs four hexadecimal digits"
                throw failure(.invalidEscape, detail, at: start)
            }
            position += 1
        }
    }

    private mutating func multibyteCharacter() throws(JSONError) {
        switch UTF8Sequence.length(in: bytes, at: position) {
        case .complete(let length): position += length
        case .cutOff: throw truncated()
        case .invalid:
            let code = String(bytes[position], radix: 16, uppercase: true)
            throw failure(.invalidUTF8, "byte 0x\(code) does not belong to valid UTF-8")
        }
    }
}

extension JSONDiagnosis {
    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private static func isSpace(_ byte: UInt8) -> Bool { " \n\r\t".utf8.contains(byte) }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private func truncated() -> JSONError {
        failure(
            .truncated, "the document is cut off after \(bytes.count == 1 ? "1 byte" : "\(bytes.count) bytes")",
            at: bytes.count)
    }

    private func unexpected(_ expected: String) -> JSONError {
        guard position < bytes.count else { return truncated() }
        return failure(.unexpectedByte, "expected \(expected), found \(excerpt(from: position))")
    }

    private func failure(_ code: JSONError.Code, _ detail: String, at offset: Int? = nil) -> JSONError {
        JSONError(code: code, offset: offset ?? position, path: path, detail: detail)
    }

    private var path: String {
        var path = JSONPathText()
        for container in open {
            switch container {
            case .array(let index): path.append(index: index)
            case .object(let key?):
                path.append(key: JSONString.unescaped(UnsafeRawBufferPointer(rebasing: bytes[key])))
            case .object(nil): break
            }
        }
        return path.text
    }

    /// The beginning of what was found, in quotes, on one line.
    private func excerpt(from start: Int) -> String {
        let cut = bytes[start..<min(start + 24, bytes.count)]
        let line = cut.prefix { $0 >= 0x20 && $0 != 0x7F }
        guard !line.isEmpty else { return "byte 0x\(String(bytes[start], radix: 16, uppercase: true))" }
        // A character cut in half at the end is left out instead of shown as a replacement character.
        var text = String(decoding: line, as: UTF8.self)
        while text.unicodeScalars.last == "\u{FFFD}" { text.unicodeScalars.removeLast() }
        return text.isEmpty ? "byte 0x\(String(bytes[start], radix: 16, uppercase: true))" : "'\(text)'"
    }
}
