import Contracts
import Foundation
import Testing

@Suite("Webhook signature")
struct WebhookSignatureTests {
    // The vector that the Standard Webhooks libraries and Svix's documentation print.
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    let sent: Int64 = 1_614_265_330
    let body = Array(#"{"test": 2432232314}"#.utf8)
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func verify(
        id: String? = nil,
        timestamp: String? = nil,
        signature: String? = nil,
        body: [UInt8]? = nil,
        now: Int64? = nil
    ) throws {
        try WebhookSecret(parsing: text).verify(
            id: id ?? self.id,
            timestamp: timestamp ?? "\(sent)",
            signature: signature ?? self.signature,
            body: body ?? self.body,
            now: now ?? sent
        )
    }

    @Test func signsTheSpecificationsVector() throws {
        let secret = try WebhookSecret(parsing: text)
        #expect(secret.sign(id: id, timestamp: sent, body: body) == signature)
    }

    @Test func acceptsTheSpecificationsVector() throws {
        try verify()
    }

    @Test func acceptsOneRightSignatureAmongOthers() throws {
        try verify(signature: "v1,AAAA v1a,\(signature.dropFirst(3)) v1,not+base64! \(signature)")
    }

    @Test func refusesAnotherSchemeWithTheRightBytes() {
        #expect(throws: WebhookSignatureError.signatureMismatch) {
            try verify(signature: "v2," + signature.dropFirst(3))
        }
    }

    @Test func refusesEveryChangedByteOfTheBody() {
        for index in body.indices {
            var changed = body
            changed[index] ^= 1
            #expect(throws: WebhookSignatureError.signatureMismatch) { try verify(body: changed) }
        }
    }

    @Test func refusesAnotherIdAndAnotherTimestamp() {
        #expect(throws: WebhookSignatureError.signatureMismatch) { try verify(id: id + "x") }
        #expect(throws: WebhookSignatureError.signatureMismatch) { try verify(timestamp: "\(sent + 1)") }
    }

    @Test func refusesATruncatedSignature() {
        #expect(throws: WebhookSignatureError.signatureMismatch) { try verify(signature: "v1,g0hM9SsE") }
        #expect(throws: WebhookSignatureError.signatureMismatch) { try verify(signature: "") }
    }

    @Test func toleratesFiveMinutesEitherWayAndNoMore() throws {
        try verify(now: sent + 300)
        try verify(now: sent - 300)
        #expect(throws: WebhookSignatureError.timestampOutsideTolerance(sent: sent, now: sent + 301)) {
            try verify(now: sent + 301)
        }
        #expect(throws: WebhookSignatureError.timestampOutsideTolerance(sent: sent, now: sent - 301)) {
            try verify(now: sent - 301)
        }
    }

    @Test(arguments: ["", "soon", "-5", "1614265330.5"])
    func refusesATimestampThatIsNoNumber(timestamp: String) {
        #expect(throws: WebhookSignatureError.timestampUnreadable) { try verify(timestamp: timestamp) }
    }

    @Test func namesTheMissingHeader() throws {
        let secret = try WebhookSecret(parsing: text)
        #expect(throws: WebhookSignatureError.headerMissing("webhook-id")) {
            try secret.verify(id: nil, timestamp: "1", signature: "v1,", body: body, now: 1)
        }
        #expect(throws: WebhookSignatureError.headerMissing("webhook-timestamp")) {
            try secret.verify(id: id, timestamp: nil, signature: "v1,", body: body, now: 1)
        }
        #expect(throws: WebhookSignatureError.headerMissing("webhook-signature")) {
            try secret.verify(id: id, timestamp: "1", signature: nil, body: body, now: 1)
        }
    }

    @Test func refusesMoreSignaturesThanAnyRotationNeeds() {
        let many = Array(repeating: "v1,AAAA", count: WebhookSecret.signaturesMax + 1).joined(separator: " ")
        #expect(throws: WebhookSignatureError.tooManySignatures) { try verify(signature: many) }
    }

    @Test(arguments: [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", WebhookSignatureError.secretWithoutPrefix),
        ("whsec_not base64", .secretNotBase64),
        ("whsec_", .secretLength(bytes: 0)),
        ("whsec_AAAA", .secretLength(bytes: 3)),
        ("whsec_" + String(repeating: "AAAA", count: 22), .secretLength(bytes: 66)),
    ])
    func refusesASecretThatIsNone(text: String, expected: WebhookSignatureError) {
        #expect(throws: expected) { try WebhookSecret(parsing: text) }
    }

    @Test func makesSecretsOf24BytesThatItReadsAndThatDiffer() throws {
        let first = WebhookSecret.makeText()
        let second = WebhookSecret.makeText()
        #expect(first != second)
        #expect(Data(base64Encoded: String(first.dropFirst(WebhookSecret.prefix.count)))?.count == 24)
        let signed = try WebhookSecret(parsing: first).sign(id: id, timestamp: sent, body: body)
        try WebhookSecret(parsing: first)
            .verify(id: id, timestamp: "\(sent)", signature: signed, body: body, now: sent)
        #expect(throws: WebhookSignatureError.signatureMismatch) {
            try WebhookSecret(parsing: second)
                .verify(id: id, timestamp: "\(sent)", signature: signed, body: body, now: sent)
        }
    }

    @Test func neverPrintsTheSecret() throws {
        let secret = try WebhookSecret(parsing: text)
        #expect(!"\(secret) \(String(reflecting: secret))".contains("MfKQ"))
    }
}
