import Contracts
import Templates

/// The beginning of an answer that could not be used, for the person who has to find out why.
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
