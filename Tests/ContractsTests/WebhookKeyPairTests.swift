import Contracts
import Foundation
import Testing

@Suite("Webhook key pair")
struct WebhookKeyPairTests {
    // Test 3 of RFC 8032, section 7.1.
    let seed = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
    let publicKey = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    let body = Array(#"{"test": 2432232314}"#.utf8)

    private func bytes(_ hexadecimal: String) -> Data {
        Data(
            stride(from: 0, to: hexadecimal.count, by: 2).compactMap { place in
                UInt8(hexadecimal.dropFirst(place).prefix(2), radix: 16)
            })
    }

    @Test func readsASeedWithItsPublicKeyAndAlone() throws {
        let expected = "whpk_" + bytes(publicKey).base64EncodedString()
        for text in [bytes(seed), bytes(seed + publicKey)].map({ "whsk_" + $0.base64EncodedString() }) {
            #expect(try WebhookPrivateKey(parsing: text).publicText == expected)
        }
    }

    @Test func acceptsItsOwnSignatureAmongOthersAndNoOther() throws {
        let key = try WebhookPrivateKey(parsing: WebhookPrivateKey.makeText())
        let verifier = try WebhookPublicKey(parsing: key.publicText)
        let signature = try key.sign(id: "m", timestamp: 7, body: body)
        #expect(signature.hasPrefix("v1a,"))
        #expect(verifier.accepts(signature: "v1,AAAA v1a,AAAA \(signature)", id: "m", timestamp: "7", body: body))
        #expect(!verifier.accepts(signature: signature, id: "n", timestamp: "7", body: body))
        #expect(!verifier.accepts(signature: signature, id: "m", timestamp: "8", body: body))
        #expect(!verifier.accepts(signature: signature, id: "m", timestamp: "7", body: body + [0]))
        #expect(
            !verifier.accepts(signature: "v1," + signature.dropFirst(4), id: "m", timestamp: "7", body: body))
        let other = try WebhookPublicKey(parsing: WebhookPrivateKey(parsing: WebhookPrivateKey.makeText()).publicText)
        #expect(!other.accepts(signature: signature, id: "m", timestamp: "7", body: body))
    }

    @Test(arguments: [0, 31, 33, 63, 65])
    func refusesKeysOfAnotherLength(length: Int) {
        let text = Data(repeating: 7, count: length).base64EncodedString()
        #expect(throws: WebhookSignatureError.privateKeyUnreadable) { try WebhookPrivateKey(parsing: "whsk_" + text) }
        #expect(throws: WebhookSignatureError.publicKeyUnreadable) { try WebhookPublicKey(parsing: "whpk_" + text) }
    }

    @Test func refusesAPublicKeyThatIsNotThatOfTheSeed() {
        let text = "whsk_" + (bytes(seed) + bytes(seed)).base64EncodedString()
        #expect(throws: WebhookSignatureError.privateKeyUnreadable) { try WebhookPrivateKey(parsing: text) }
    }

    @Test func aSignerReadsSecretsAndKeysAndNothingElse() throws {
        let secret = try WebhookSigner(parsing: WebhookSecret.makeText()).sign(id: "m", timestamp: 1, body: body)
        let key = try WebhookSigner(parsing: WebhookPrivateKey.makeText()).sign(id: "m", timestamp: 1, body: body)
        #expect(secret.hasPrefix("v1,") && key.hasPrefix("v1a,"))
        #expect(throws: WebhookSignatureError.secretWithoutPrefix) { try WebhookSigner(parsing: "whpk_AAAA") }
    }

    @Test func neverPrintsTheKey() throws {
        let text = WebhookPrivateKey.makeText()
        let key = try WebhookPrivateKey(parsing: text)
        #expect(!"\(key) \(String(reflecting: key))".contains(text.dropFirst(5).prefix(8)))
    }
}
