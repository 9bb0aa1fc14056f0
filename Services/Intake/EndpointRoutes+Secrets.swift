import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Runtime
import Store

/// `/v1/webhook-endpoints/{key}/secrets`. A secret is shown in the answer to its making, and nowhere else.
extension EndpointRoutes {
    @Sendable func makeSecret(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let given = try ActionBody(parsing: try await access.body(of: request), known: ["kind", "grace"])
        let (kind, grace) = try (given.secretKind, given.grace)
        let endpoint = try await endpoint(context, of: client)
        guard let seal else {
            throw Problem(
                code: "no_signing_key", status: 409, title: "Secrets cannot be kept",
                detail:
                    "The services have no WEIR_SIGNING_KEY to seal secrets with. Set it, the same for intake and delivery."
            )
        }
        let id = WebhookSecretID(ids.next())
        let (whsec, whsk) = try (GeneratedSecret(.whsec), GeneratedSecret(.whsk))
        do {
            let record = try await endpoints.addSecret(id, to: endpoint.id, org: client.org, grace: grace) { newest in
                let secret = (kind?.rawValue ?? newest) == GeneratedSecret.Kind.whsk.rawValue ? whsk : whsec
                return NewWebhookSecret(
                    kind: secret.kind.rawValue,
                    sealed: try seal.seal(secret.text, org: client.org, endpoint: endpoint.id, id: id),
                    publicKey: secret.publicKey)
            }
            var document = EndpointDocuments.members(of: record)
            // Whoever verifies v1a needs the public key only.
            document["secret"] = record.publicKey == nil ? .string(whsec.text) : .null
            return .json(
                .object(document), status: .created, headers: [.cacheControl: "no-store"])
        } catch let refusal as EndpointRefusal {
            throw refusal.problem
        }
    }

    @Sendable func revokeSecret(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let endpoint = try await endpoint(context, of: client)
        let text = try context.parameters.require("secret")
        guard let id = WebhookSecretID(text) else { throw EndpointRefusal.unknownSecret.problem }
        do {
            try await endpoints.revokeSecret(id, of: endpoint.id, org: client.org)
        } catch let refusal as EndpointRefusal {
            throw refusal.problem
        }
        return Response(status: .noContent)
    }
}
