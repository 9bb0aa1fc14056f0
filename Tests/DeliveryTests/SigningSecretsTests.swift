import Contracts
import Foundation
import Logging
import Postgres
import Runtime
import Synchronization
import Testing

@testable import Delivery
@testable import Store

@Suite("Signing secrets")
struct SigningSecretsTests {
    private let org = OrgID(UUID())
    private let endpoint = EndpointID(UUID())
    private let present = Self.seal("the signing key of today")
    private let forgotten = Self.seal("a signing key of before")

    private static func seal(_ key: String) -> WebhookSecretSeal? {
        SigningKeys(current: key).map { WebhookSecretSeal($0) }
    }

    private func sealed(_ text: String, by seal: WebhookSecretSeal?) throws -> ClaimedDelivery.SealedSecret {
        let id = WebhookSecretID(UUID())
        return ClaimedDelivery.SealedSecret(
            id: id, bytes: try #require(seal).seal(text, org: org, endpoint: endpoint, id: id))
    }

    private func delivery(_ secrets: [ClaimedDelivery.SealedSecret], secretName: String? = nil) -> ClaimedDelivery {
        ClaimedDelivery(
            id: DeliveryID(UUID()), org: org, endpoint: endpoint, request: nil, eventType: "webhook_endpoint.test",
            trace: nil, attempt: 1, attemptsBefore: 0, url: "http://127.0.0.1/", headers: JSONB("{}"),
            secretName: secretName, sealedSecrets: secrets, payload: [])
    }

    private func read(_ delivery: ClaimedDelivery) throws -> SigningSecrets {
        try SigningSecrets(
            delivery, secrets: SecretResolver(environment: ["WEIR_SECRET_HOOK": WebhookSecret.makeText()]),
            seal: present)
    }

    @Test func whatANewerOneHasTakenThePlaceOfNeedNotOpen() throws {
        let (new, old) = (WebhookSecret.makeText(), WebhookSecret.makeText())
        let secrets = [
            try sealed(new, by: present), try sealed("whsec_lost", by: forgotten), try sealed(old, by: present),
        ]
        let read = try read(delivery(secrets))
        #expect(read.texts == [new, old] && read.signers.count == 2)
        #expect(read.unopened == [secrets[1].id])
    }

    /// The receiver may have that one already, and refuse what is signed with the others only.
    @Test(arguments: [nil, "HOOK"])
    func theNewestHasToOpen(_ secretName: String?) throws {
        let secrets = [
            try sealed(WebhookSecret.makeText(), by: forgotten), try sealed(WebhookSecret.makeText(), by: present),
        ]
        let problem = #expect(throws: SigningSecrets.Problem.self) {
            try read(delivery(secrets, secretName: secretName))
        }
        #expect(problem?.substate == "secret_missing" && problem?.reason.contains("\(secrets[0].id)") == true)
    }

    @Test func eachThatDoesNotOpenIsToldOfOnce() throws {
        let log = Lines()
        let unopened = UnopenedSecrets(logger: Logger(label: "test") { _ in log })
        let (one, other) = (WebhookSecretID(UUID()), WebhookSecretID(UUID()))
        for secrets in [[], [one], [one, other], [other, one]] { unopened.note(secrets, of: delivery([])) }
        #expect(log.levels == [.warning, .warning])
    }
}

/// Keeps the levels of what is logged.
private final class Lines: LogHandler {
    private let recorded = Mutex<[Logger.Level]>([])

    var levels: [Logger.Level] { recorded.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { recorded.withLock { $0.append(event.level) } }
}
