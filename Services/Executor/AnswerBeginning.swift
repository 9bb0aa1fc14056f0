import Templates

/// The beginning of an answer that could not be used, for the person who has to find out why.
enum AnswerBeginning {
    /// How much of an answer is kept.
    static let bytesMax = 500

    /// Valid text that any database and terminal can hold, with every secret masked; nil for an empty answer.
    static func text(of body: [UInt8], mask: SecretMask) -> String? {
        guard !body.isEmpty else { return nil }
        let (bytes, isCut) = mask.beginning(of: body, bytesMax: bytesMax)
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && !"\n\r\t".unicodeScalars.contains(scalar)
            text.append(isControl ? "\u{FFFD}" : scalar)
        }
        // A character that was cut in two is no fault of the answer.
        if isCut, text.last == "\u{FFFD}" { text.removeLast() }
        return String(text)
    }
}
