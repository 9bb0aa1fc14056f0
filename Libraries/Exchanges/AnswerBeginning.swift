import Contracts
import Templates

/// What others have said, for the person who has to find out why it could not be used.
enum AnswerBeginning {
    /// How much of an answer is kept.
    static let bytesMax = 500

    /// Plain text with every secret masked; nil for an empty answer.
    static func text(of body: [UInt8], mask: SecretMask) -> String? {
        guard !body.isEmpty else { return nil }
        let (bytes, isCut) = mask.beginning(of: body, bytesMax: bytesMax)
        return PlainText.of(bytes, isCut: isCut)
    }
}

extension SecretMask {
    /// A text of others, every secret masked, fit for any database and any terminal.
    func masked(_ text: String) -> String {
        PlainText.of(beginning(of: Array(text.utf8), bytesMax: .max).bytes, isCut: false)
    }
}
