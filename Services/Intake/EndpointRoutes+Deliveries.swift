import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The deliveries of an endpoint, and sending them again.
extension EndpointRoutes {
    private static let states = ["ready", "in_progress", "failed", "delivered", "superseded"]

    @Sendable func listDeliveries(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let query = try ListQuery(request, states: Self.states)
        let before = try query.cursor.map { text in
            guard let id = DeliveryID(text) else { throw ListQuery.badCursor }
            return id
        }
        let endpoint = try await endpoint(context, of: client)
        let page = try await endpoints.deliveries(
            to: endpoint.id, org: client.org, before: before, states: query.states, limit: query.limit)
        return .json([
            "deliveries": .array(page.deliveries.map { .object(EndpointDocuments.members(of: $0)) }),
            "cursor": page.next.map { .string("\($0)") } ?? .null,
        ])
    }

    @Sendable func showDelivery(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let id = try deliveryID(context)
        guard let (delivery, attempts) = try await endpoints.delivery(id, org: client.org) else { throw absent(id) }
        return .json(EndpointDocuments.delivery(delivery, attempts))
    }

    @Sendable func resend(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        _ = try ActionBody(parsing: try await access.body(of: request), known: [])
        let id = try deliveryID(context)
        do {
            try await endpoints.resend(id, org: client.org, reason: "sent again by \(client.actor)")
        } catch EndpointRefusal.unknownDelivery {
            throw absent(id)
        } catch let refusal as EndpointRefusal {
            throw refusal.problem
        }
        hints.say(.deliveriesDue)
        guard let (delivery, _) = try await endpoints.delivery(id, org: client.org) else { throw absent(id) }
        return .json(.object(EndpointDocuments.members(of: delivery)), status: .accepted)
    }

    @Sendable func recover(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await access.client(of: request)
        let given = try ActionBody(
            parsing: try await access.body(of: request), known: ["since", "until", "cursor"])
        let (since, until) = try (given.failedSince, given.until)
        if let until, until < since { throw ActionBody.problem("$.until", "it comes before since") }
        let cursor = try given.momentCursor
        let endpoint = try await endpoint(context, of: client)
        if let disabled = endpoint.disabled {
            throw EndpointRefusal.disabled(endpoint: endpoint.key, reason: disabled.reason).problem
        }
        let page = try await endpoints.recover(
            endpoint.id, org: client.org, since: max(since, cursor ?? since), until: until,
            reason: "sent again by \(client.actor)")
        if page.recovered > 0 { hints.say(.deliveriesDue) }
        return .json(
            [
                "recovered": .count(page.recovered),
                "cursor": .moment(page.next),
            ], status: .accepted)
    }

    private func deliveryID(_ context: BasicRequestContext) throws -> DeliveryID {
        let text = try context.parameters.require("id")
        guard let id = DeliveryID(text) else {
            throw Problem.notFound("\"\(text.prefix(100))\" is not the id of a delivery.")
        }
        return id
    }

    /// Another tenant's delivery is as unknown as one that never was; that one so old is gone, its id alone says.
    private func absent(_ id: DeliveryID) -> Problem {
        if let retention, let made = id.millisecondsSinceEpoch,
            made + retention.components.seconds * 1000 < clock.millisecondsSinceEpoch()
        {
            return Problem(
                code: "delivery_is_gone", status: 410, title: "The delivery is not kept any more",
                detail:
                    "Deliveries are kept for \(Quantity(Int(retention.components.seconds / 3600), "hour")) after their end (WEIR_DELIVERY_RETENTION). The result of a request is there all the same: GET /v1/activity-requests/{id}/result."
            )
        }
        return .notFound("There is no delivery \(id).")
    }
}

extension DeliveryID {
    /// When a UUIDv7 was made: its first 48 bits (RFC 9562, section 5.7); nil for another UUID.
    fileprivate var millisecondsSinceEpoch: Int64? {
        let bytes = uuid.uuid
        guard bytes.6 >> 4 == 7 else { return nil }
        return [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5].reduce(0) { $0 << 8 | Int64($1) }
    }
}
