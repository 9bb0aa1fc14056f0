import JSON
import Testing

extension IntegrationTests {
    /// Whatever an API does: the request ends in a state and with a reason that a person understands, and nothing is lost.
    @Suite("Misbehaving APIs")
    struct MisbehaviorTests {
        @Test func everyMisbehaviorEndsInAStateWithAReasonAndLosesNothing() async throws {
            try await withExamples { platform, client, stubs in
                // One after the other at each API, and all APIs at once.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (example, misbehaviors) in Misbehavior.ofAPIs {
                        group.addTask {
                            let bench = Bench(
                                example: example, database: platform.database, client: client, stubs: stubs)
                            let good = try await bench.goodDay()
                            for misbehavior in misbehaviors { try await bench.check(misbehavior, good: good) }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }

        /// One of the APIs, and what is asked of it.
        private struct Bench: Sendable {
            let example: ExampleCatalogue
            let database: TestDatabase
            let client: IntakeClient
            let stubs: StubAPIs

            /// The result when nothing goes wrong.
            func goodDay() async throws -> [String: JSONValue] {
                let id = try await example.submit(client)
                _ = try await client.wait(for: id, toBe: "done")
                return try await ExampleCatalogue.result(of: id, client)
            }

            func check(_ misbehavior: Misbehavior, good: [String: JSONValue]) async throws {
                do {
                    try await prepare(misbehavior)
                    let id = try await example.submit(client)
                    let request = try await client.wait(for: id, toBe: misbehavior.state)
                    try await expect(misbehavior, id, request)
                    try await expectCounts(misbehavior)
                    let isWhole = try await ExampleCatalogue.result(of: id, client) == good
                    #expect(isWhole == misbehavior.isWhole, "\(misbehavior)")
                    try await reset()
                    // What failed is taken up again, and what came to nothing is asked for again.
                    var other = id
                    if request["failures"]?.arrayValue?.isEmpty == false {
                        let retried = try await client.post(
                            ["reason": "the API behaves again"], to: "\(IntakeClient.requests)/\(id)/retry")
                        #expect(retried.status == 202, "\(misbehavior): \(retried.json)")
                    } else if !misbehavior.isWhole {
                        other = try await example.submit(client)
                    }
                    _ = try await client.wait(for: other, toBe: "done")
                    let result = try await ExampleCatalogue.result(of: other, client)
                    #expect(result == good, "\(misbehavior): something is lost")
                } catch {
                    throw HarnessError("\(example.api): \(misbehavior): \(error)")
                }
            }

            private func prepare(_ misbehavior: Misbehavior) async throws {
                try await awaitEndOfJobs()
                try await reset(overrides: misbehavior.overrides)
                if let settings = misbehavior.settings {
                    try await stubs.set(example.api, JSONValue(parsing: settings))
                }
                if misbehavior.revokesTokens { try await stubs.revokeTokens() }
                try await stubs.plan(example.api, .array(misbehavior.plan))
            }

            /// A job is removed at the API after its request is over, and would be counted with those of the next one.
            private func awaitEndOfJobs() async throws {
                guard example.api == ExampleCatalogue.batch.api else { return }
                try await eventually("no job left at the API") {
                    try await database.value(Int.self, "SELECT count(*) FROM public.external_job") == 0
                }
            }

            private func reset(overrides: [String] = []) async throws {
                try await stubs.reset(example.api)
                try await example.apply(to: database, stubs: stubs, overrides: overrides)
            }

            private func expect(_ misbehavior: Misbehavior, _ id: String, _ request: JSONValue) async throws {
                let runs = request["runs"]
                #expect(runs?["total"] == request["plan"]?["runs"] && runs?["open"] == 0, "\(misbehavior): \(request)")
                let said = (request["failures"]?.arrayValue ?? []) + (request["notes"]?.arrayValue ?? [])
                let saying = try Regex(misbehavior.saying ?? "")
                if let substate = misbehavior.substate {
                    let fitting = said.filter { $0["substate"]?.stringValue == substate }
                    let reasons = fitting.compactMap { $0["reason"]?.stringValue }
                    #expect(
                        !reasons.isEmpty && reasons.allSatisfy { $0.contains(saying) },
                        "\(misbehavior): \(said)")
                } else {
                    #expect(said == [], "\(misbehavior)")
                    guard misbehavior.saying != nil else { return }
                    let reasons = try await client.timeline(of: id).compactMap { $0["reason"]?.stringValue }
                    #expect(reasons.contains { $0.contains(saying) }, "\(misbehavior): \(reasons)")
                }
            }

            /// Jobs are ended and removed after their request is over.
            private func expectCounts(_ misbehavior: Misbehavior) async throws {
                var last = JSONValue.null
                do {
                    try await eventually("the counts", within: .seconds(20)) {
                        last = try await stubs.counts(of: example.api)
                        return misbehavior.counts.allSatisfy { name, range in
                            last[name]?.intValue.map(range.contains) == true
                        }
                    }
                } catch {
                    Issue.record("\(misbehavior): \(last) instead of \(misbehavior.counts)")
                }
            }
        }
    }
}
