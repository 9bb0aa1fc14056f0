import Contracts
import Runtime
import Store

/// The secrets that an endpoint's deliveries are signed with: the one that the catalogue names, and those that Weir has made and that have not
/// expired.
struct SigningSecrets: Sendable {
    /// Why a delivery cannot be signed.
    struct Problem: Error {
        /// A short word for programs.
        let substate: String
        /// For people; holds no secret.
        let reason: String
    }

    /// The texts, which must not show up anywhere.
    let texts: [String]
    /// What signs, in the order in which the signatures are sent.
    let signers: [WebhookSigner]
    /// Those that were passed over, since they do not open.
    let unopened: [WebhookSecretID]

    /// Reads the secrets of a delivery's endpoint. All of them have to be there: of several, a receiver may know any. Only one that does not
    /// open is passed over when a newer one does, which has taken its place: nothing could be posted until its grace is over.
    init(
        _ delivery: ClaimedDelivery, secrets: SecretResolver, seal: WebhookSecretSeal?
    ) throws(Problem) {
        var texts: [String] = []
        if let name = delivery.secretName {
            do {
                texts.append(try secrets.resolve(name))
            } catch {
                throw Problem(substate: "secret_missing", reason: "it cannot be signed: \(error)")
            }
        }
        var unopened: [WebhookSecretID] = []
        // The newest is the first.
        for (index, sealed) in delivery.sealedSecrets.enumerated() {
            guard let seal else {
                throw Problem(
                    substate: "secret_missing",
                    reason: "it cannot be signed: WEIR_SIGNING_KEY is not set for weir-delivery")
            }
            guard
                let text = seal.open(sealed.bytes, org: delivery.org, endpoint: delivery.endpoint, id: sealed.id)
            else {
                if index > 0 {
                    unopened.append(sealed.id)
                    continue
                }
                throw Problem(
                    substate: "secret_missing",
                    reason: "it cannot be signed: its endpoint's secret \(sealed.id) was made with another "
                        + "WEIR_SIGNING_KEY; set that one, or make another secret with weir webhook secret create")
            }
            texts.append(text)
        }
        guard !texts.isEmpty else {
            throw Problem(
                substate: "secret_missing",
                reason: "it cannot be signed: its endpoint has no secret; make one with weir webhook secret create")
        }
        var signers: [WebhookSigner] = []
        for text in texts {
            do {
                signers.append(try WebhookSigner(parsing: text))
            } catch {
                throw Problem(substate: "secret_invalid", reason: "it cannot be signed: \(error)")
            }
        }
        self.texts = texts
        self.signers = signers
        self.unopened = unopened
    }
}
