/// How an answer says that its body is encoded, over `Content-Encoding` and `Transfer-Encoding`.
///
/// Only what was asked for is decoded, and only once: compression of the content, and none of its transfer. Each layer of compression may multiply what the next one has to work through by a
/// thousand, without a byte of it ever reaching the bound of the body: a few kilobytes could keep the loop busy for hours.
struct BodyCodings {
    /// What is asked for, as `Accept-Encoding` says it.
    static let accepted = "gzip, deflate"

    /// The codings that compress, in the order in which they are named.
    private var compressions: [String] = []

    /// Why the answer is refused; nil as long as it is not.
    private(set) var refusal: String?

    /// How the body is compressed; nil when it is not.
    var compression: String? { compressions.first }

    /// Takes a line of the header.
    mutating func note(headerLine line: UnsafeRawBufferPointer) {
        guard Self.mayBeCoding(line.first) else { return }
        let parts = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return }
        let name = Self.trimmed(parts[0])
        guard Self.names.contains(name) else { return }
        for coding in parts[1].split(separator: ",").map(Self.trimmed) {
            switch coding {
            case "", "identity", "none", "chunked": continue
            case _ where name == Self.contentEncoding && Self.compressing.contains(coding): compressions.append(coding)
            default:
                refusal = "the answer is encoded as \(coding.prefix(32)), which was not asked for (\(Self.accepted))"
            }
        }
        if refusal == nil, compressions.count > 1 {
            refusal = "the answer is compressed \(compressions.count) times over; once is taken"
        }
    }

    private static let compressing: Set<String> = ["gzip", "x-gzip", "deflate"]
    private static let contentEncoding = "content-encoding"
    private static let names: Set<String> = [contentEncoding, "transfer-encoding"]

    private static func mayBeCoding(_ byte: UInt8?) -> Bool {
        guard let letter = byte.map({ $0 | 0x20 }) else { return false }
        return letter == UInt8(ascii: "c") || letter == UInt8(ascii: "t")
    }

    /// Without the white space around it, in small letters.
    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()).lowercased()
    }
}
