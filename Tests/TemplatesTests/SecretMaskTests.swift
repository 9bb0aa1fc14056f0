import Templates
import Testing

@Suite("Masking secrets in answers")
struct SecretMaskTests {
    private func masked(_ text: String, _ secrets: [String], bytesMax: Int = 500) -> String {
        String(decoding: SecretMask(secrets).beginning(of: Array(text.utf8), bytesMax: bytesMax).bytes, as: UTF8.self)
    }

    @Test func aSecretIsMaskedHoweverATemplateWroteIt() {
        let secret = #"p@ss "w/"#
        #expect(masked(#"plain p@ss "w/."#, [secret]) == "plain ***.")
        #expect(masked("GET /x?key=p%40ss%20%22w%2F&b", [secret]) == "GET /x?key=***&b")
        #expect(masked(#"{"key":"p@ss \"w/"}"#, [secret]) == #"{"key":"***"}"#)
    }

    @Test func ofSecretsThatBeginAlikeTheLongerOneIsMasked() {
        #expect(masked("abc abcdef", ["abc", "abcdef"]) == "*** ***")
    }

    @Test func textWithoutSecretsStaysAsItIs() {
        #expect(masked("nothing", []) == "nothing")
        #expect(masked("nothing", [""]) == "nothing")
    }

    @Test func theBeginningEndsAtTheBound() {
        let (bytes, isCut) = SecretMask(["long secret"]).beginning(of: Array("long secret and more".utf8), bytesMax: 5)
        #expect(String(decoding: bytes, as: UTF8.self) == "*** a")
        #expect(isCut)
    }
}
