/// Walks over JSON text (RFC 8259) without building values: it finds the members of the outermost object and checks that
/// everything within is well-formed.
///
/// The bus needs no more than that: an event's data stay bytes, and the services that read them have a parser of their own.
struct JSONScanner {
    enum Fault: Error, Equatable, CustomStringConvertible {
        case unexpected(offset: Int)
        case tooDeep(max: Int)
        case encoding

        var description: String {
            switch self {
            case .unexpected(let offset): "not JSON at byte \(offset)"
            case .tooDeep(let max): "nested more than \(max) deep"
            case .encoding: "not UTF-8"
            }
        }
    }

    private static let depthMax = 128
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The members of text that is one object, each value as its text; of a name given twice the last one.
    static func members(of bytes: UnsafeRawBufferPointer) -> Result<[String: [UInt8]], Fault> {
        var members: [String: [UInt8]] = [:]
        var scanner = JSONScanner(bytes)
        do throws(Fault) {
            try scanner.scanObject { name, value in members[name] = [UInt8](value) }
            return .success(members)
        } catch {
            return .failure(error)
        }
    }

    /// Scans text that is one object and calls the body with each member's name and the text of its value.
    private mutating func scanObject(_ body: (String, UnsafeRawBufferPointer) -> Void) throws(Fault) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .encoding }
        skipBlanks()
        try expect("{")
        skipBlanks()
        if !accept("}") {
            repeat {
                skipBlanks()
                let nameStart = offset
                try skipString()
                let nameBytes = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<offset])
                guard let name = Self.string(nameBytes) else { throw .unexpected(offset: nameStart) }
                skipBlanks()
                try expect(":")
                skipBlanks()
                let start = offset
                try skipValue(depth: 1)
                body(name, UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
                skipBlanks()
            } while accept(",")
            try expect("}")
        }
        skipBlanks()
        guard offset == bytes.count else { throw .unexpected(offset: offset) }
    }

    // MARK: Values

    private mutating func skipValue(depth: Int) throws(Fault) {
        guard depth <= Self.depthMax else { throw .tooDeep(max: Self.depthMax) }
        guard offset < bytes.count else { throw .unexpected(offset: offset) }
        switch bytes[offset] {
        case UInt8(ascii: "{"): try skipContainer(closing: "}", depth: depth, hasNames: true)
        case UInt8(ascii: "["): try skipContainer(closing: "]", depth: depth, hasNames: false)
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        default: try skipNumber()
        }
    }

    private mutating func skipContainer(closing: Unicode.Scalar, depth: Int, hasNames: Bool) throws(Fault) {
        offset += 1
        skipBlanks()
        if accept(closing) { return }
        repeat {
            skipBlanks()
            if hasNames {
                try skipString()
                skipBlanks()
                try expect(":")
                skipBlanks()
            }
            try skipValue(depth: depth + 1)
            skipBlanks()
        } while accept(",")
        try expect(closing)
    }

    private mutating func skipString() throws(Fault) {
        try expect("\"")
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case 0..<0x20: throw .unexpected(offset: offset - 1)
            case UInt8(ascii: "\\"): try skipEscape()
            default: break
            }
        }
        throw .unexpected(offset: offset)
    }

    private mutating func skipEscape() throws(Fault) {
        guard offset < bytes.count else { throw .unexpected(offset: offset) }
        defer { offset += 1 }
        switch bytes[offset] {
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                offset += 1
                guard offset < bytes.count, Self.hexValue(bytes[offset]) != nil else {
                    throw .unexpected(offset: offset)
                }
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        default: throw .unexpected(offset: offset)
        }
    }

    private mutating func skipNumber() throws(Fault) {
        _ = accept("-")
        if !accept("0") { try skipDigits() }
        if accept(".") { try skipDigits() }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(Fault) {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        guard offset > start else { throw .unexpected(offset: offset) }
    }

    private mutating func skipWord(_ word: StaticString) throws(Fault) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset < bytes.count, bytes[offset] == word.utf8Start[index] else {
                throw .unexpected(offset: offset)
            }
            offset += 1
        }
    }

    private mutating func skipBlanks() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
        guard accept(character) else { throw .unexpected(offset: offset) }
    }
}
