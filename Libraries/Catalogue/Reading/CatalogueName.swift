/// The names that authors give to what they declare; they become keys in the database and parts of URLs.
enum CatalogueName {
    static let rule = "begin with a small letter and go on with small letters, digits and _, 63 characters at most"

    /// Whether a name fits `^[a-z][a-z0-9_]{0,62}$`.
    static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        guard let first = bytes.first, isSmallLetter(first), bytes.count <= 63 else { return false }
        return bytes.allSatisfy { isSmallLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isSmallLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
