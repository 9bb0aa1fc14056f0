/// Reads comma-separated values (RFC 4180): fields in quotes may hold commas, quotes (doubled) and line ends.
struct CSVReader {
    /// A record and the line of the file on which it begins, from 1.
    struct Record: Equatable {
        let line: Int
        let fields: [String]
    }

    private let bytes: [UInt8]
    private let file: String
    private var position: Int
    private var line = 1

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        // Spreadsheets begin their files with a byte order mark.
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The next record that is not an empty line; nil at the end.
    mutating func next() throws(CommandError) -> Record? {
        while position < bytes.count {
            let start = line
            let fields = try record()
            if fields != [""] { return Record(line: start, fields: fields) }
        }
        return nil
    }

    private mutating func record() throws(CommandError) -> [String] {
        var fields = [try field()]
        while position < bytes.count, bytes[position] == UInt8(ascii: ",") {
            position += 1
            fields.append(try field())
        }
        skipLineEnd()
        return fields
    }

    private mutating func field() throws(CommandError) -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, !Self.endsField(bytes[position]) { position += 1 }
            return try text(Array(bytes[start..<position]), line: line)
        }
        return try quotedField()
    }

    private mutating func quotedField() throws(CommandError) -> String {
        let start = line
        var value: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "\"") else {
                value.append(byte)
                continue
            }
            if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
                value.append(byte)
                position += 1
                continue
            }
            guard position == bytes.count || Self.endsField(bytes[position]) else {
                throw CommandError(
                    "\(file):\(line): text stands behind a closing quote", remedy: "Double quotes inside of quotes")
            }
            return try text(value, line: start)
        }
        throw CommandError(
            "\(file):\(start): the quote that opens here is never closed",
            remedy: "Close it, or double it inside of quotes")
    }

    private mutating func skipLineEnd() {
        guard position < bytes.count else { return }
        if bytes[position] == UInt8(ascii: "\r"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\n")
        {
            position += 1
        }
        position += 1
        line += 1
    }

    private func text(_ bytes: [UInt8], line: Int) throws(CommandError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError("\(file):\(line): this is not UTF-8 text", remedy: "Save the file as UTF-8")
        }
        return text
    }

    private static func endsField(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
}
