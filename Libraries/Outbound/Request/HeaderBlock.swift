/// The header fields of one answer, as the bytes that came: lines ending in LF, without the status line.
///
/// Most callers look at one or two fields, so the strings are made when asked for and not for every answer.
struct HeaderBlock: Sendable {
    private(set) var bytes: [UInt8]
    private(set) var count: Int

    init() {
        bytes = []
        count = 0
    }

    init(fields: [(name: String, value: String)]) {
        self.init()
        for field in fields {
            bytes.append(contentsOf: field.name.utf8)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: field.value.utf8)
            bytes.append(UInt8(ascii: "\n"))
            count += 1
        }
    }

    /// Adds a line with its line ending, as libcurl hands it over.
    mutating func append(line: UnsafeRawBufferPointer) {
        if bytes.isEmpty { bytes.reserveCapacity(512) }
        bytes.append(contentsOf: line)
        count += 1
    }

    /// Forgets everything: another status line begins, and the fields before it belonged to an interim answer.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }

    var fields: [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        result.reserveCapacity(count)
        forEachField { name, value in
            result.append((Self.text(name), Self.text(value)))
            return true
        }
        return result
    }

    func firstValue(of name: String) -> String? {
        var result: String?
        forEachField { candidate, value in
            guard Self.isSame(candidate, name) else { return true }
            result = Self.text(value)
            return false
        }
        return result
    }

    /// Calls the closure with each name and trimmed value until it answers `false`. Lines without a colon are passed
    /// over.
    private func forEachField(_ visit: (ArraySlice<UInt8>, ArraySlice<UInt8>) -> Bool) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            if !visit(line[..<colon], Self.trimmed(line[(colon + 1)...])) { return }
        }
    }

    private static func trimmed(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var slice = slice
        while let first = slice.first, isBlank(first) { slice.removeFirst() }
        while let last = slice.last, isBlank(last) { slice.removeLast() }
        return slice
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func isSame(_ bytes: ArraySlice<UInt8>, _ name: String) -> Bool {
        bytes.count == name.utf8.count && zip(bytes, name.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
