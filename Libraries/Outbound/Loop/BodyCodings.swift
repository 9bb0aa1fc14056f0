/// How an answer says that its body is encoded, over `Content-Encoding` and `Transfer-Encoding`.
///
/// Only what was asked for is decoded, and only once: compression of the content, and none of its transfer. Each layer of compression may
/// multiply what the next one has to work through by a thousand, without a byte of it ever reaching the bound of the body: a few kilobytes
/// could keep the loop busy for hours.
struct BodyCodings {
    /// What is asked for, as `Accept-Encoding` says it.
    static let accepted = "gzip, deflate"

    /// The codings that compress, in the order in which they are named.
    private var compressions: [String] = []

    /// Why the answer is refused; nil as long as it is not.
    private(set) var refusal: String?

    /// How the body is compressed; nil when it is not.
    var compression: String? { compressions.first }

    /// Takes a line of the header. Of most lines it looks at a few bytes only: this is done for every line of every answer.
    mutating func note(headerLine line: UnsafeRawBufferPointer) {
        if let values = Self.values(of: "content-encoding", in: line) {
            note(values, mayCompress: true)
        } else if let values = Self.values(of: "transfer-encoding", in: line) {
            note(values, mayCompress: false)
        }
    }

    private mutating func note(_ values: Slice<UnsafeRawBufferPointer>, mayCompress: Bool) {
        for coding in values.split(separator: UInt8(ascii: ",")).map(Self.trimmed) {
            switch coding {
            case "", "identity", "none", "chunked": break
            case "gzip" where mayCompress, "x-gzip" where mayCompress, "deflate" where mayCompress:
                compressions.append(coding)
            default:
                refusal = "the answer is encoded as \(coding.prefix(32)), which was not asked for (\(Self.accepted))"
            }
        }
        if refusal == nil, compressions.count > 1 {
            refusal = "the answer is compressed \(compressions.count) times over; once is taken"
        }
    }

    /// What stands behind the colon, if the line is a field of this name, given in small letters.
    private static func values(
        of name: StaticString, in line: UnsafeRawBufferPointer
    ) -> Slice<UnsafeRawBufferPointer>? {
        let length = name.utf8CodeUnitCount
        guard line.count > length else { return nil }
        for place in 0..<length where line[place] | 0x20 != name.utf8Start[place] { return nil }
        guard let colon = line[length...].firstIndex(where: { !isWhiteSpace($0) }), line[colon] == UInt8(ascii: ":")
        else { return nil }
        return line[(colon + 1)...]
    }

    /// Without the white space around it, in small letters.
    private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> String {
        let begun = text.drop(while: isWhiteSpace)
        guard let last = begun.lastIndex(where: { !isWhiteSpace($0) }) else { return "" }
        return String(decoding: begun[...last], as: UTF8.self).lowercased()
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
    }
}
