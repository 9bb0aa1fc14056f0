/// What of a URL the client itself needs to know: that it may be used at all, and which origin it belongs to.
///
/// libcurl parses the URL once more when it connects, and the address guard judges the address that comes of it; so
/// nothing here has to agree with libcurl for the guard to hold.
struct RequestTarget: Sendable {
    static let bytesMax = 16 << 10

    /// Scheme, host and port as written: what bounds per host count by.
    let origin: String

    /// Host and port as written: what messages name.
    let host: String

    init(url: String) throws(OutboundError) {
        var url = url
        url.makeContiguousUTF8()
        let utf8 = url.utf8
        guard utf8.count <= Self.bytesMax else {
            throw Self.invalid("the URL has \(utf8.count) bytes; at most \(Self.bytesMax) are sent")
        }
        guard let schemeLength = Self.schemeLength(utf8) else {
            throw Self.invalid("the URL does not begin with http:// or https://")
        }
        let start = utf8.index(utf8.startIndex, offsetBy: schemeLength)
        let rest = utf8[start...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let authority = rest[..<(end ?? rest.endIndex)]
        try Self.check(authority: authority)
        try Self.check(tail: rest[authority.endIndex...], offset: schemeLength + authority.count)
        origin = String(url[..<authority.endIndex])
        host = String(url[authority.startIndex..<authority.endIndex])
    }

    private static func schemeLength(_ utf8: String.UTF8View) -> Int? {
        for scheme in ["http://", "https://"] where utf8.count > scheme.utf8.count {
            // ASCII letters differ from their capitals in one bit; ':' and '/' have it set already.
            if zip(utf8, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 && ($0 == $1 || $0 >= 0x41) }) {
                return scheme.utf8.count
            }
        }
        return nil
    }

    private static func check(authority: Substring.UTF8View) throws(OutboundError) {
        guard let first = authority.first, first != UInt8(ascii: ":") else { throw invalid("the URL has no host") }
        for byte in authority {
            switch byte {
            case UInt8(ascii: "@"): throw invalid("the URL holds user information; send credentials in a header")
            case UInt8(ascii: "%"): throw invalid("the URL's host holds a zone id or a percent sign")
            case 0...0x20, 0x7F, UInt8(ascii: "\\"): throw invalid("the URL's host holds a character that no host has")
            default: continue
            }
        }
    }

    /// Libcurl would send such bytes as they are, and a line break would end the request line.
    private static func check(tail: Substring.UTF8View, offset: Int) throws(OutboundError) {
        var position = offset
        for byte in tail {
            guard byte > 0x20, byte < 0x7F else {
                throw invalid("byte \(position) of the URL must be percent-encoded")
            }
            position += 1
        }
    }

    private static func invalid(_ message: String) -> OutboundError {
        OutboundError(code: .invalidURL, message: message)
    }
}
