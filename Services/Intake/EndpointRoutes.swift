import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Runtime
import Store

/// `/v1/webhook-endpoints`: look at them, enable and disable them, try them.
struct EndpointRoutes: Sendable {
    let endpoints: EndpointStore
    let access: ClientAccess
    /// Seals the secrets that are made here; nil without `WEIR_SIGNING_KEY`.
    let seal: WebhookSecretSeal?
    /// How long deliveries are kept after their end; nil for ever.
    let retention: Duration?
    let hints: HintPublisher
    let ids: IDGenerator
    let clock: WallClock

    func add(to router: Router<BasicRequestContext>) {
        router.group("v1/webhook-endpoints")
            .get(use: list)
            .get(":key", use: show)
            .post(":key/enable", use: enable)
            .post(":key/disable", use: disable)
            .post(":key/test", use: test)
            .post(":key/secrets", use: makeSecret)
            .delete(":key/secrets/:secret", use: revokeSecret)
            .get(":key/deliveries", use: listDeliveries)
            .post(":key/recover", use: recover)
        router.group("v1/deliveries")
            .get(":id", use: showDelivery)
            .post(":id/resend", use: resend)
    }

    // MARK: Endpoints

    @Sendable private func list(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let query = try ListQuery(request)
        let after = query.cursor ?? ""
        guard after.isEmpty || Self.isKey(after) else { throw ListQuery.badCursor }
        let found = try await endpoints.list(org: client.org, after: after, limit: query.limit)
        return .json([
            "endpoints": .array(found.map(EndpointDocuments.endpoint)),
            "cursor": found.count == query.limit ? found.last.map { .string($0.key) } ?? .null : .null,
        ])
    }

    @Sendable private func show(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        return .json(EndpointDocuments.endpoint(try await endpoint(context, of: client)))
    }

    @Sendable private func enable(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        _ = try ActionBody(parsing: try await access.body(of: request), known: [])
        let endpoint = try await endpoint(context, of: client)
        try await endpoints.enable(endpoint.id, org: client.org)
        // What was made while it was disabled, and is kept, goes at once.
        hints.say(.deliveriesDue)
        return .json(EndpointDocuments.endpoint(try await self.endpoint(context, of: client)))
    }

    @Sendable private func disable(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let given = try ActionBody(parsing: try await access.body(of: request), known: ["reason"])
        let reason = "disabled by \(client.actor)" + (try given.reason.map { ": \($0)" } ?? "")
        let endpoint = try await endpoint(context, of: client)
        try await endpoints.disable(endpoint.id, org: client.org, reason: reason)
        return .json(EndpointDocuments.endpoint(try await self.endpoint(context, of: client)))
    }

    @Sendable private func test(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        _ = try ActionBody(parsing: try await access.body(of: request), known: [])
        let endpoint = try await endpoint(context, of: client)
        let id = DeliveryID(ids.next())
        let payload: JSONValue = [
            "type": .string(WebhookEvent.endpointTest.rawValue),
            "timestamp": .string(Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch())),
            "data": ["endpoint": .string(endpoint.key), "sent_by": .string(client.actor)],
        ]
        guard
            try await endpoints.send(
                .endpointTest, as: id, to: endpoint.id, org: client.org, payload: payload.encoded())
        else {
            throw EndpointRefusal.disabled(endpoint: endpoint.key, reason: endpoint.disabled?.reason).problem
        }
        hints.say(.deliveriesDue)
        return .json(
            ["delivery": .string("\(id)"), "endpoint": .string(endpoint.key)], status: .accepted,
            headers: [.location: "/v1/deliveries/\(id)"])
    }

    /// The endpoint that the path names.
    func endpoint(_ context: BasicRequestContext, of client: Client) async throws -> WebhookEndpoint {
        let key = try context.parameters.require("key")
        do {
            // Nothing else can be one, and not everything can be asked for.
            return try await endpoints.endpoint(Self.isKey(key) ? key : "?", org: client.org)
        } catch EndpointRefusal.unknownEndpoint(let known) {
            let there = known.isEmpty ? "the organization has none" : "there are \(known.joined(separator: ", "))"
            throw Problem.notFound("There is no webhook endpoint \"\(key.prefix(100))\"; \(there).")
        }
    }

    /// Keys are made of small letters, digits and `_`.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 }
    }
}
