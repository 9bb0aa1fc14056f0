import Contracts
import Foundation
import JSON
import Synchronization

/// A client's webhook endpoint: verifies every signature and remembers what came, by path.
final class WebhookReceiver: Sendable {
    /// One attempt of a delivery as it came in.
    struct Received: Sendable {
        /// The last component of the path.
        let endpoint: String
        /// `webhook-id`.
        let id: String
        /// The header `traceparent`, if it came.
        let traceparent: String?
        let body: JSONValue
        /// The request as it came, for those who verify it by another secret.
        let request: StubRequest
        /// Why the signature does not verify; nil if it does.
        let fault: String?
        /// What was answered.
        let status: Int
    }

    private struct State {
        var received: [Received] = []
        var statuses: [Int] = []
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let gate = Gate()
        let slowness = Mutex(Duration.zero)
    }

    /// The text of the secret that everything must be signed with.
    let secret = WebhookSecret.makeText()
    private let server: StubServer
    private let shared: Shared

    init() throws {
        let shared = Shared()
        self.shared = shared
        let verifier = try WebhookSecret(parsing: secret)
        server = try StubServer { request in
            let fault = Self.fault(in: request, verifier)
            let status = shared.state.withLock { state in
                let status = state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                state.received.append(
                    Received(
                        endpoint: request.lastComponent, id: request.headers["webhook-id"] ?? "",
                        traceparent: request.headers["traceparent"],
                        body: (try? JSONValue(parsing: request.body)) ?? .null, request: request, fault: fault,
                        status: status))
                return status
            }
            shared.gate.pass()
            return .late(by: shared.slowness.withLock { $0 }, .status(status))
        }
    }

    var url: String { server.url }

    /// Holds deliveries after they were received and before they are answered.
    var gate: Gate { shared.gate }

    /// Answers this long after a delivery was received.
    func slow(by duration: Duration) {
        shared.slowness.withLock { $0 = duration }
    }

    /// Everything that came, in order.
    var received: [Received] { shared.state.withLock { $0.received } }

    /// Answers the next deliveries so; later ones are accepted.
    func answer(_ statuses: Int...) {
        shared.state.withLock { $0.statuses = statuses }
    }

    func stop() async {
        gate.open()
        await server.stop()
    }

    private static func fault(in request: StubRequest, _ secret: WebhookSecret) -> String? {
        do {
            try secret.verify(
                id: request.headers["webhook-id"], timestamp: request.headers["webhook-timestamp"],
                signature: request.headers["webhook-signature"], body: request.body,
                now: Int64(Date().timeIntervalSince1970))
            return nil
        } catch {
            return "\(error)"
        }
    }
}
