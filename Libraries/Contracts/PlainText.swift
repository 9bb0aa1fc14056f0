/// Bytes of others made text that any database and any terminal can hold.
public enum PlainText {
    /// The bytes as valid text, without control characters but line ends and tabs.
    ///
    /// - Parameter isCut: whether they are the beginning of something longer, so that the last character may be incomplete.
    public static func of(_ bytes: some Collection<UInt8>, isCut: Bool) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && !"\n\r\t".unicodeScalars.contains(scalar)
            text.append(isControl ? "\u{FFFD}" : scalar)
        }
        if isCut, text.last == "\u{FFFD}" { text.removeLast() }
        return String(text)
    }
}
