import JSON

/// What has become of a workflow, without what differs each time: ids and times.
struct WorkflowOutcome: Sendable {
    /// State and reason of the whole and of each step, with the counters.
    let conditions: [String: JSONValue]
    /// The bytes of each step's result.
    let results: [String: [UInt8]]
    /// The ids of the requests, by the endpoint that hears of their end.
    let subjects: [String: String]

    private static let members = ["state", "substate", "reason", "objects", "runs", "qualification"]

    /// Reads a workflow request that is over.
    init(of id: String, _ client: IntakeClient) async throws {
        let request = try await client.workflow(id)
        var conditions = ["workflow": Self.condition(of: request)]
        var results: [String: [UInt8]] = [:]
        var subjects = Dictionary(uniqueKeysWithValues: LargeWorkflow.endpoints.map { ($0, id) })
        for key in LargeWorkflow.steps {
            let step = request.step(key)
            guard let stepID = step["request"]?.stringValue else { throw HarnessError("no step \(key): \(request)") }
            conditions[key] = Self.condition(of: step)
            let answer = try await client.get("\(IntakeClient.requests)/\(stepID)/result?format=ndjson")
            guard answer.status == 200 else { throw HarnessError("no result of \(key): \(answer.json)") }
            results[key] = answer.body
            subjects[key] = stepID
        }
        (self.conditions, self.results, self.subjects) = (conditions, results, subjects)
    }

    private static func condition(of part: JSONValue) -> JSONValue {
        .array(members.map { part[$0] ?? .null })
    }
}
