import JSON
import Testing

extension IntegrationTests {
    /// A commit whose answer never came: it may have happened or not, and either way nothing is lost or done twice.
    @Suite("Commits in doubt")
    struct DoubtTests {
        @Test(arguments: [ServiceName.intake, .executor, .processor, .delivery, .scheduler])
        func lostAnswersOfPostgresDoNoHarm(to service: ServiceName) async throws {
            var options = Platform.Options()
            options.forgetful = service
            // Long enough that no lease is lost while the service connects again: losing it would hide what is tested here.
            options.variables[service] = ["WEIR_LEASE": "60s"]
            try await withPlatform(options) { platform in
                // Once this is through, every service is up.
                _ = try await platform.client.wait(for: try await platform.client.submit(["first"]), toBe: "delivered")
                platform.proxy.loseAnswers(every: 5, atMost: 12)

                var requests: [String] = []
                var names = ["first"]
                for number in 0..<12 {
                    let objects = (0..<(number % 4 * 20 + 1)).map { "object \(number).\($0)" }
                    requests.append(try await submit(objects, as: "order-\(number)", platform))
                    names += objects
                }
                for id in requests { _ = try await platform.client.wait(for: id, toBe: "delivered") }
                try await eventually("no row that waits for anybody") {
                    try await platform.database.unfinishedRows().isEmpty
                }
                try await eventually("an answer that was lost") { platform.proxy.losses > 0 }

                let count = try await platform.database.value(
                    Int.self, "select count(*) from public.activity_request where state = 'delivered'")
                #expect(count == requests.count + 1)
                let calls = platform.api.calls
                for name in names { #expect(calls[name] == 1, "\(name)") }
                let hooks = platform.webhooks.received
                #expect(Set(hooks.map(\.id)).count == requests.count + 1)
                let told = Set(hooks.compactMap { $0.body["data"]?["request"]?.stringValue })
                #expect(told.isSuperset(of: requests))
            }
        }

        /// A client that is told to come again comes again with the same key.
        private func submit(_ objects: [String], as key: String, _ platform: Platform) async throws -> String {
            let body: JSONValue = ["activity": "enrich", "objects": .array(objects.map { .string($0) })]
            return try await eventually("the request accepted") {
                let answer = try await platform.client.post(body.encoded(), headers: [("idempotency-key", key)])
                return answer.status == 202 ? answer.json["id"]?.stringValue : nil
            }
        }
    }
}
