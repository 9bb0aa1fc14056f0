import Templates
import Testing

@testable import Exchanges

@Suite("The beginning of an answer")
struct AnswerBeginningTests {
    private let mask = SecretMask(["s3cret"])

    @Test func noMoreThanTheBoundIsKept() {
        let text = AnswerBeginning.text(of: Array(String(repeating: "x", count: 2_000).utf8), mask: mask)
        #expect(text?.count == AnswerBeginning.bytesMax)
    }

    @Test func aSecretAcrossTheBoundIsMaskedAsAWhole() {
        let text = AnswerBeginning.text(of: Array((String(repeating: "x", count: 497) + "s3cret").utf8), mask: mask)
        #expect(text == String(repeating: "x", count: 497) + "***")
    }

    @Test func bytesThatAreNoTextAreReplaced() {
        #expect(AnswerBeginning.text(of: [0x61, 0, 0x1B, 0xFF, 0x0A], mask: mask) == "a\u{FFFD}\u{FFFD}\u{FFFD}\n")
    }

    @Test func aCharacterThatTheBoundCutsIsLeftOut() {
        let text = AnswerBeginning.text(of: Array((String(repeating: "x", count: 499) + "éé").utf8), mask: mask)
        #expect(text == String(repeating: "x", count: 499))
    }
}
