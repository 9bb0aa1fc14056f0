import Contracts
import Foundation
import Postgres
import Synchronization

/// A webhook endpoint of a test's own, made by SQL: its deliveries are inserted as whoever makes events does, and it answers what it is told.
final class StubEndpoint: Sendable {
    /// A delivery as it came in.
    struct Received: Sendable {
        let id: String
        let timestamp: String
        let signature: String
        let headers: [String: String]
        let body: [UInt8]
    }

    private struct State {
        var received: [Received] = []
        var replies: [StubReply] = []
        var otherwise: @Sendable (StubRequest) -> StubReply = { _ in .status(200) }
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let gate = Gate()
    }

    let key: String
    let id: EndpointID
    private let database: TestDatabase
    private let server: StubServer
    private let shared: Shared

    /// Registers an endpoint of the first organization.
    ///
    /// - Parameter settings: further columns and their SQL expressions.
    init(
        _ key: String, of platform: Platform, secretName: String? = "HOOK", _ settings: [String: String] = [:]
    ) async throws {
        let shared = Shared()
        self.shared = shared
        self.key = key
        database = platform.database
        server = try StubServer { request in
            let reply = shared.state.withLock { state in
                state.received.append(
                    Received(
                        id: request.headers["webhook-id"] ?? "", timestamp: request.headers["webhook-timestamp"] ?? "",
                        signature: request.headers["webhook-signature"] ?? "", headers: request.headers,
                        body: request.body))
                return state.replies.isEmpty ? state.otherwise(request) : state.replies.removeFirst()
            }
            shared.gate.pass()
            return reply
        }
        let columns = settings.sorted { $0.key < $1.key }
        id = EndpointID(
            try await database.value(
                UUID.self,
                """
                insert into public.webhook_endpoint (org_id, key, url, secret_name\(columns.map { ", " + $0.key }.joined()))
                select o.id, $1, $2, $3\(columns.map { ", " + $0.value }.joined()) from public.org as o where o.key = 'acme' returning id
                """, key, server.url + "/\(key)", secretName))
    }

    /// All that came, in order.
    var received: [Received] { shared.state.withLock { $0.received } }

    /// Holds deliveries after they were received and before they are answered.
    var gate: Gate { shared.gate }

    /// Answers the next deliveries so, and later ones as before.
    func answer(_ replies: StubReply...) {
        shared.state.withLock { $0.replies = replies }
    }

    /// Answers so from now on.
    func answerAlways(_ reply: @escaping @Sendable (StubRequest) -> StubReply) {
        shared.state.withLock { $0.otherwise = reply }
    }

    /// Makes deliveries, in this order; their bodies are `{"number": …}`.
    func make(_ count: Int, subject: String? = nil) async throws {
        _ = try await database.value(
            Int64.self,
            """
            with made as (
                insert into public.delivery (org_id, webhook_endpoint_id, event_type, subject, payload)
                select e.org_id, e.id, 'webhook_endpoint.test', $3, convert_to(format('{"number": %s}', n), 'UTF8')
                from public.webhook_endpoint as e
                cross join generate_series(1, $2) as n
                where e.id = $1
                order by n
                returning 1
            )
            select count(*) from made
            """, id.uuid, Int32(count), subject)
    }

    /// How many of its deliveries are in a state.
    func count(_ state: String) async throws -> Int {
        Int(
            try await database.value(
                Int64.self, "select count(*) from public.delivery where webhook_endpoint_id = $1 and state = $2",
                id.uuid, state))
    }

    /// One value of the endpoint, by an SQL expression on `e` (the endpoint), `h` (its health), `d` (its deliveries) and `t` (their attempts).
    func value<Value: PostgresDecodable>(_ type: Value.Type, _ expression: String) async throws -> Value {
        try await database.value(
            type,
            """
            select \(expression)
            from public.webhook_endpoint as e
            left join public.endpoint_health as h on h.webhook_endpoint_id = e.id
            left join public.delivery as d on d.webhook_endpoint_id = e.id
            left join public.delivery_attempt as t on t.delivery_id = d.id
            where e.id = $1
            """, id.uuid)
    }

    func stop() async {
        gate.open()
        await server.stop()
    }
}
