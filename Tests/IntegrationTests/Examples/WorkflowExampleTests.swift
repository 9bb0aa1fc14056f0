import JSON
import Testing

extension IntegrationTests {
    /// `examples/prospects.yaml`, as a person runs it.
    @Suite("The example of a workflow")
    struct WorkflowExampleTests {
        @Test func whatOneStepFindsFlowsToTheNext() async throws {
            try await withExamples { platform, client, stubs in
                try await ExampleCatalogue.prospects.apply(to: platform.database, stubs: stubs)
                try await WeirProgram.with(
                    database: platform.database,
                    variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": client.key ?? ""]
                ) { weir in
                    let made = try await weir.run(
                        "submit", "--workflow", "find_prospects", "--input", "place=DE", "--wait", "--json")
                    try #require(made.status == 0, "\(made)")
                    let steps = (made.json["phases"]?.arrayValue ?? []).compactMap { $0["steps"]?[0] }
                    #expect(steps.map { $0["step"] } == ["search", "profile", "qualify"])
                    #expect(steps.map { $0["objects"] } == [100, 100, 100], "\(made)")
                    #expect(steps.map { $0["runs"]?["done"] } == [1, 100, 100], "\(made)")
                    // 163 companies have an office there, and the first step takes 100.
                    #expect(steps.first?["reason"]?.stringValue?.contains("the rest is left out") == true, "\(made)")
                    #expect(steps.last?["qualification"]?["qualified"] == 33, "\(made)")
                    try await checkCalls(stubs)
                    try await checkProspects(of: try #require(steps.last?["request"]?.stringValue), client)

                    let id = try #require(made.json["id"]?.stringValue)
                    let tree = try await weir.run("status", id)
                    #expect(
                        tree.lines.first?.hasPrefix("workflow request \(id) (find_prospects): done") == true, "\(tree)")
                    #expect(tree.lines.contains { $0.contains("100 objects, 33 qualified") }, "\(tree)")
                    let list = try await weir.run("list", "--workflows")
                    #expect(list.lines.count == 2 && list.lines[1].hasPrefix(id), "\(list)")
                    let retried = try await weir.run("retry", id)
                    #expect(retried.lines == ["Nothing to take up again."], "\(retried)")
                    let cancelled = try await weir.run("cancel", id)
                    #expect(cancelled.status == 1 && cancelled.errors.contains("request_is_over"), "\(cancelled)")
                    let refused = try await weir.run(
                        "submit", "--workflow", "find_prospects", "--input", "plaze=DE")
                    #expect(refused.status == 1 && refused.errors.contains("did you mean \"place\"?"), "\(refused)")
                    let plan = try await weir.run("workflow", "plan", "find_prospects", "--json")
                    #expect(plan.json["runs"]?["count"] == 201, "\(plan)")
                }
            }
        }

        /// One search, two batches of 50, and each company's people.
        private func checkCalls(_ stubs: StubAPIs) async throws {
            #expect(try await stubs.counts(of: "search")["calls"] == 1)
            #expect(try await stubs.counts(of: "batch")["jobs_created"] == 2)
            #expect(try await stubs.counts(of: "directory")["calls"] == 100)
        }

        /// The third step knows what the second has found out, and its lines stand in the order of the first's.
        private func checkProspects(of request: String, _ client: IntakeClient) async throws {
            let answer = try await client.get("\(IntakeClient.requests)/\(request)/result?format=ndjson")
            let lines = answer.lines
            #expect(lines.first?["object"] == "Corvus Bakery" && lines.last?["object"] == "Rosen Consulting")
            let qualified = lines.filter { $0["qualified"] == true }
            #expect(qualified.count == 33)
            #expect(
                qualified.prefix(3).map { $0["object"] } == ["Olive Bakery", "Silber Bakery", "Veilchen Bakery"])
            #expect(qualified.first?["factors"]?.arrayValue?.count == 2)
        }
    }
}
