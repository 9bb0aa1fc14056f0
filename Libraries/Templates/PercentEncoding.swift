/// Percent-encoding after RFC 3986.
public enum PercentEncoding {
    /// Appends a value: everything but unreserved characters is encoded, so it cannot mean anything to the URL's structure.
    public static func append(value: String, to output: inout [UInt8]) {
        append(value.utf8, to: &output, keeping: isUnreserved)
    }

    /// A literal part of a template's URL: its author writes `/`, `?`, `&`, `%20` as they are meant; only what no URL may contain
    /// (spaces, letters outside ASCII) is encoded.
    public static func literal(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        append(text.utf8, to: &output) { byte in
            byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
        }
        return output
    }

    private static func append(_ bytes: String.UTF8View, to output: inout [UInt8], keeping keeps: (UInt8) -> Bool) {
        for byte in bytes {
            if keeps(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(hexadecimal(byte >> 4))
                output.append(hexadecimal(byte & 0x0F))
            }
        }
    }

    /// RFC 3986 section 2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || "-._~".utf8.contains(byte)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }
}
