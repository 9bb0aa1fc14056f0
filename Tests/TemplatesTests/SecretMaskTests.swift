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

    @Test(arguments: [
        #"{"key":"p@s\/w+ d\u00E9"}"#, #"{"key":"p\u0040s/w\u002b d\u00e9"}"#, "key=p%40s%2fw%2b+d%c3%a9",
        "key=p@s/w%2B%20dé",
    ])
    func aSecretIsMaskedHoweverAnAPIWritesIt(text: String) {
        let masked = masked(text, ["p@s/w+ dé"])
        #expect(masked.contains("***") && !masked.contains("d"), "\(masked)")
    }

    @Test func whatOnlyLooksLikeAnEscapeIsMaskedToo() {
        #expect(masked(#"%25 50%\u \"#, ["%25"]) == #"*** 50%\u \"#)
        #expect(masked(#"a\u00"#, ["a\u{0}"]) == #"a\u00"#)
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
