import Contracts
import Foundation
import Logging
import Outbound
import Postgres
import Runtime
import TestServers
import Testing

@testable import Delivery
@testable import Store

@Suite("Webhook poster")
struct WebhookPosterTests {
    private func poster(_ client: OutboundClient) -> WebhookPoster {
        WebhookPoster(
            client: client,
            secrets: SecretResolver(
                environment: ["WEIR_SECRET_HOOK": WebhookSecret.makeText(), "WEIR_SECRET_WRONG": "whsec_short"]),
            seal: nil, unopened: UnopenedSecrets(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            clock: .system, ids: IDGenerator(), policy: DeliveryPolicy(), timeout: .seconds(60),
            random: { 1 })
    }

    private func delivery(
        to port: UInt16, headers: String = "{}", secretName: String? = "HOOK"
    ) -> ClaimedDelivery {
        ClaimedDelivery(
            id: DeliveryID(UUID()), org: OrgID(UUID()), endpoint: EndpointID(UUID()), request: nil,
            eventType: "webhook_endpoint.test", trace: nil, attempt: 10, attemptsBefore: 0,
            url: "http://127.0.0.1:\(port)/", headers: JSONB(headers), secretName: secretName, sealedSecrets: [],
            payload: [])
    }

    @Test(arguments: [
        ("200 OK", true), ("202 Accepted", true), ("204 No Content", true), ("299 Fine", true), ("300 Several", false),
        ("304 Not Modified", false), ("400 Bad Request", false), ("410 Gone", false), ("500 Sorry", false),
    ])
    func whateverIs2xxIsTakenAndNothingElse(status: String, isTaken: Bool) async throws {
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        let client = try OutboundClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let server = try RawServer { $0.answer(status) }
        let attempt = await poster(client).post(delivery(to: server.port))
        #expect((attempt.outcome == .delivered) == isTaken && (attempt.finding == .taken) == isTaken, "\(attempt)")
        #expect(attempt.status.map { "\($0)" } == status.split(separator: " ").first.map(String.init))
        await client.close()
        await server.stop()
    }

    /// In the last attempt of the schedule, which it does not use up.
    @Test(
        arguments: [
            ("secret_missing", "{}", "NOT_SET"), ("secret_missing", "{}", nil), ("secret_invalid", "{}", "WRONG"),
            ("secret_missing", #"{"authorization": "Bearer <<$secret.NOT_SET>>"}"#, "HOOK"),
            ("invalid_header", #"{"x-a": "<<$object>>"}"#, "HOOK"), ("invalid_header", #"{"x-a": "a\nb"}"#, "HOOK"),
        ] as [(String, String, String?)])
    func whatCannotBeMadeWaitsAndIsNotGivenUp(substate: String, headers: String, secretName: String?) async throws {
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        let client = try OutboundClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let server = try RawServer { $0.answer("200 OK") }
        let attempt = await poster(client)
            .post(delivery(to: server.port, headers: headers, secretName: secretName))
        #expect(attempt.substate == substate && attempt.finding == .incomplete, "\(attempt)")
        #expect(attempt.outcome == .held(after: DeliveryPolicy.incompleteWait) && attempt.error?.isEmpty == false)
        #expect(server.connectionsAccepted == 0)
        await client.close()
        await server.stop()
    }

    /// One exchange at a time, and one that waits: of three webhooks to a silent endpoint one finds no room, and the others are cut short when
    /// the client closes. All of them are in the last attempt of their schedule.
    @Test func whatTheProcessHasNoRoomForIsPutOffAndNotGivenUp() async throws {
        let silent = try RawServer(BadReceiver.silence.serve)
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        configuration.connectionsMax = 1
        configuration.queuedRequestsMax = 1
        let client = try OutboundClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let poster = poster(client)
        let attempts = await withTaskGroup(of: DeliveryAttempt.self) { group in
            for _ in 0..<3 {
                let delivery = delivery(to: silent.port)
                group.addTask { await poster.post(delivery) }
            }
            var attempts: [DeliveryAttempt] = []
            if let first = await group.next() { attempts.append(first) }
            await client.close()
            for await attempt in group { attempts.append(attempt) }
            return attempts
        }
        #expect(attempts.map(\.substate) == ["overloaded", "closed", "closed"])
        #expect(attempts.map(\.outcome) == Array(repeating: .postponed(after: DeliveryPolicy.postponement), count: 3))
        #expect(attempts.allSatisfy { $0.finding == .none && $0.error?.hasPrefix("it was not posted: ") == true })
        await silent.stop()
    }
}
