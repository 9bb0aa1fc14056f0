import Contracts
import Foundation
import JSON
import Outbound
import Testing

extension IntegrationTests {
    /// `weir-sample`: the two other ends of the demo, which prove that Weir speaks to anybody.
    @Suite("weir-sample")
    struct SampleTests {
        @Test func theReceiverKeepsOnlyWhatIsSignedWithItsSecret() async throws {
            let ours = WebhookSecret.makeText()
            try await withSample(
                "webhook-receiver", ["--secret-env", "OURS", "--output", "hooks"], variables: ["OURS": ours]
            ) { receiver, directory in
                func post(_ id: String, signedWith secret: String, body: String = "{}") async throws -> Int {
                    let now = Int64(Date().timeIntervalSince1970)
                    let signature = try WebhookSecret(parsing: secret).sign(
                        id: id, timestamp: now, body: Array("{}".utf8))
                    return try await receiver.post(
                        Array(body.utf8), to: "/webhooks",
                        headers: [
                            ("webhook-id", id), ("webhook-timestamp", "\(now)"), ("webhook-signature", signature),
                        ]
                    ).status
                }
                let stranger = try await post("msg_1", signedWith: WebhookSecret.makeText())
                let altered = try await post("msg_2", signedWith: ours, body: "{ }")
                let unsigned = try await receiver.post(Array("{}".utf8), to: "/webhooks").status
                #expect(stranger == 401 && altered == 401 && unsigned == 401)
                let accepted = try await post("msg_3", signedWith: ours)
                let again = try await post("msg_3", signedWith: ours)
                #expect(accepted == 204 && again == 204)
                let hooks = directory.appending(path: "hooks").path
                #expect(try FileManager.default.contentsOfDirectory(atPath: hooks) == ["msg_3.json"])
                let statistics = try await receiver.get("/stats").json
                #expect(statistics == ["verified": 1, "duplicates": 1, "rejected": 3])
            }
        }

        @Test func theAPIKnowsCountriesAndLeavesOutWhatItDoesNotKnow() async throws {
            try await withSample("countries-api", []) { api, _ in
                let norway = try await api.get("/countries/NO")
                #expect(norway.status == 200 && norway.json["official_name"] == "Kingdom of Norway")
                let islands = try await api.get("/countries/AX")
                #expect(islands.status == 200 && islands.json["name"] == "Åland Islands")
                #expect(islands.json["official_name"] == nil)
                let nowhere = try await api.get("/countries/XX")
                #expect(nowhere.status == 404 && nowhere.header("content-type") == "application/problem+json")
            }
        }

        /// Lends one of its servers, run in a directory of its own.
        private func withSample(
            _ name: String, _ arguments: [String], variables: [String: String] = [:],
            _ body: (IntakeClient, URL) async throws -> Void
        ) async throws {
            let directory = try ShortDirectory.make()
            defer { try? FileManager.default.removeItem(at: directory) }
            let log = directory.appending(path: "log").path
            let server = ServiceProcess(
                executable: "env",
                arguments: ["--chdir", directory.path, try Executables.path(of: "weir-sample"), name] + arguments,
                environment: variables.merging(["PATH": "/usr/bin:/bin"]) { $1 }, logPath: log, errorPath: log + ".err")
            try await server.start()
            var configuration = OutboundClient.Configuration()
            configuration.allowedNetworks = ["127.0.0.0/8"]
            let outbound = try OutboundClient(configuration: configuration, logger: .silent)
            do {
                let url = try await eventually("the server's address") {
                    guard server.isAlive else { throw HarnessError("it has ended: \(server.errors)") }
                    return (try? JSONValue(parsing: server.log))?["url"]?.stringValue
                }
                try await body(IntakeClient(outbound: outbound, url: url), directory)
            } catch {
                await server.kill9()
                await outbound.close()
                throw error
            }
            await server.kill9()
            await outbound.close()
        }
    }
}
