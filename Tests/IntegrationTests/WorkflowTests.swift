import Contracts
import JSON
import Messaging
import Testing

extension IntegrationTests {
    /// Workflows of three phases on the real services: objects are found, then enriched, then judged.
    @Suite("Workflows")
    struct WorkflowTests {
        /// Calls of the first phase: one for each finder.
        private static let callsOfSearch = 2
        private static let names = ["Alpha", "Beta", "Gamma"]

        private func find(_ platform: Platform, _ names: [String] = names) {
            platform.api.found(names.map { .init(name: $0) })
        }

        /// An answer about a company that qualifies: it is large.
        private static func large(_ name: String) -> StubReply {
            .json(StubAPI.answer(name).replacing(#""employees":42"#, with: #""employees":500"#))
        }

        @Test func threePhasesRunThroughAndOneWebhookTellsOfIt() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow()
                find(platform)
                platform.api.script("Beta", [Self.large("Beta")])
                let client = platform.client
                let accepted = try await client.post(
                    ["workflow": "pipeline", "input": ["query": "weirs", "size_min": 3]], to: IntakeClient.workflows)
                #expect(accepted.status == 202 && accepted.json["steps"] == 3)
                let id = try #require(accepted.json["id"]?.stringValue)
                #expect(accepted.header("location") == "/v1/workflow-requests/\(id)")
                let request = try await client.wait(forWorkflow: id, toBe: "delivered")

                #expect(request["workflow"] == "pipeline" && request["substate"] == .null && request["reason"] == .null)
                #expect(request["phases"]?.arrayValue?.map { $0["phase"] } == [1, 2, 3])
                #expect(request.step("search")["runs"]?["planned"] == 2 && request.step("search")["objects"] == 3)
                for step in ["details", "verdict"] {
                    #expect(request.step(step).condition == "done", "\(request)")
                    #expect(request.step(step)["objects"] == 3)
                    #expect(
                        request.step(step)["runs"]
                            == ["planned": 3, "total": 3, "done": 3, "failed": 0, "invalid": 0, "timedout": 0])
                }
                #expect(request.step("verdict")["qualification"] == ["qualified": 1, "unqualified": 2])
                #expect(request["deliveries"]?[0]?["state"] == "delivered")
                #expect(platform.api.calls == ["Alpha": 2, "Beta": 2, "Gamma": 2])

                // The input went to the step that declares it, the objects from step to step, in their order.
                #expect(platform.api.targets.contains("/find?q=weirs&min=3"))
                let path = try #require(request.step("verdict")["links"]?["result"]?.stringValue)
                let result = try await client.get(path).json["objects"]?.arrayValue ?? []
                #expect(result.map { $0["object"] } == ["Alpha", "Beta", "Gamma"])
                #expect(result.map { $0["qualified"] } == [false, true, false])

                #expect(platform.webhooks.received.count == 1)
                let webhook = try #require(platform.webhooks.received.first)
                #expect(webhook.fault == nil && webhook.body["type"] == "workflow_request.completed")
                let data = try #require(webhook.body["data"])
                #expect(data["request"] == .string(id) && data["workflow"] == "pipeline" && data["state"] == "done")
                #expect(data["runs"]?["done"] == 8 && data["runs"]?["planned"] == 8)
                let steps = data["steps"]?.arrayValue ?? []
                #expect(steps.map { $0["step"] } == ["search", "details", "verdict"])
                #expect(steps.map { $0["objects"] } == [3, 3, 3])
                // Each result is behind a signed link, which needs no key.
                let link = try #require(steps.last?["result_url"]?.stringValue)
                #expect(link.contains("round=1&"), "a link is to the result of its round")
                let stranger = IntakeClient(outbound: client.outbound, url: client.url)
                let linked = try await stranger.get(link)
                #expect(linked.status == 200 && linked.lines.map { $0["object"] } == ["Alpha", "Beta", "Gamma"])
            }
        }

        @Test func itIsSeenWhereOneLooks() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow(["details": ["max_objects": 2, "on_failure": "skip"]])
                find(platform)
                let client = platform.client
                let id = try await client.submitWorkflow()
                let request = try await client.wait(forWorkflow: id, toBe: "delivered")
                // A step takes no more than its bound, and says so.
                #expect(request.step("details")["objects"] == 2 && request.step("verdict")["objects"] == 2)
                #expect(
                    request.step("details")["reason"] == "1 object is left out: this step takes at most 2", "\(request)"
                )

                let entries =
                    try await client.get("\(IntakeClient.workflows)/\(id)/timeline").json["entries"]?.arrayValue ?? []
                let path = entries.filter { $0["subject"] == "step details" }.map { $0["to"]?.stringValue }
                #expect(path == ["waiting", "ready", "in_progress", "done"])
                #expect(
                    entries.filter { $0["subject"] == "workflow" }.compactMap { $0["to"]?.stringValue }
                        == ["valid", "ready", "in_progress", "done", "delivered"])

                let list = try await client.get("\(IntakeClient.workflows)?state=delivered&workflow=pipeline").json
                #expect(list["requests"]?.arrayValue?.map { $0["id"] } == [.string(id)])
                #expect(list["requests"]?[0]?["requests"] == ["total": 3, "over": 3])
                #expect(try await client.get("\(IntakeClient.workflows)?state=failed").json["requests"] == [])
                let declared = try await client.get("/v1/workflows").json["workflows"]?[0]
                #expect(declared?["key"] == "pipeline")
                #expect(
                    declared?["steps"]?[1] == [
                        "step": "details", "phase": 2, "activity": "quiet", "activity_type": "enrichment",
                        "activity_max_objects": 1000, "sources": [["key": "registry", "max_objects": 1]],
                        "max_objects": 2, "on_failure": "skip", "destinations": ["qualify_known"],
                    ])
                let unknown = try await client.get("\(IntakeClient.workflows)/00000000-0000-7000-8000-000000000000")
                #expect(unknown.status == 404 && unknown.code == "not_found")
            }
        }

        @Test func whatIsWrongIsSaidBeforeAnythingIsMade() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow()
                let cases: [(body: JSONValue, code: String, paths: [String])] = [
                    (["input": ["query": "x"]], "invalid_request", ["$.workflow"]),
                    (["workflow": "pipelin", "input": [:]], "unknown_workflow", ["$.workflow"]),
                    (["workflow": "pipeline"], "invalid_request", ["$.input.query"]),
                    (
                        ["workflow": "pipeline", "objects": ["a"], "input": ["query": 7, "colour": "red"]],
                        "invalid_request", ["$.objects", "$.input.colour", "$.input.query"]
                    ),
                ]
                for (body, code, paths) in cases {
                    let answer = try await platform.client.post(body, to: IntakeClient.workflows)
                    #expect(answer.status == 422 && answer.code == code && answer.paths == paths, "\(answer.json)")
                }
                _ = try await platform.database.column(
                    String.self,
                    "update public.activity set deleted_at = now() where key = 'quiet' returning key")
                let broken = try await platform.client.post(
                    ["workflow": "pipeline", "input": ["query": "x"]], to: IntakeClient.workflows)
                #expect(broken.code == "workflow_not_runnable", "\(broken.json)")
                #expect(
                    try await platform.database.value(Int.self, "select count(*) from public.workflow_request") == 0)
            }
        }

        @Test func aRepeatIsTheSameRequestAndSQLAndTheBusLeadThereToo() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow()
                find(platform)
                let client = platform.client
                let body: JSONValue = ["workflow": "pipeline", "input": ["query": "x"]]
                func post(_ body: JSONValue) async throws -> IntakeClient.Answer {
                    try await client.post(
                        body.encoded(), to: IntakeClient.workflows, headers: [("Idempotency-Key", "k")])
                }
                let (first, second) = try await (post(body), post(body))
                #expect(first.status == 202 && second.json["id"] == first.json["id"])
                #expect(second.header("idempotency-replayed") == "true" && first.header("idempotency-replayed") == nil)
                let other = try await post(["workflow": "pipeline", "input": ["query": "y"]])
                #expect(other.status == 409 && other.code == "idempotency_key_reused")

                let inserted = try await platform.database.value(
                    String.self,
                    """
                    insert into public.workflow_request (org_id, content)
                    select o.id, '{"workflow": "pipeline", "input": {"query": "x"}}' from public.org as o returning id::text
                    """)
                let wrong = try await platform.database.value(
                    String.self,
                    """
                    insert into public.workflow_request (org_id, content)
                    select o.id, '{"workflow": "pipeline"}' from public.org as o returning id::text
                    """)
                // Somebody may say that it is checked.
                let valid = try await platform.database.column(
                    String.self,
                    """
                    insert into public.workflow_request (org_id, state, content)
                    select o.id, 'valid', v.content::jsonb
                    from public.org as o
                    cross join (values (1, '{"workflow": "pipeline", "input": {"query": "x"}}'), (2, '{"workflow": "pipeline"}')) as v(k, content)
                    order by v.k returning id::text
                    """)
                let key = try #require(client.key)
                var commanded: String?
                try await platform.withBus { bus in
                    let event = CloudEvent(
                        id: "1", source: "/shop", type: Topic.workflowRequested, data: body.encoded(),
                        extensions: ["apikey": JSONValue.string(key).encoded()])
                    // Intake comes to the bus a moment after its HTTP interface is open; until then nobody takes commands.
                    let reply = try await eventually("somebody who takes the command") {
                        try await bus.request(
                            topic: Topic.workflowRequested, key: "pipeline", body: event.encoded(),
                            timeout: .seconds(60))
                    }
                    commanded = try JSONValue(parsing: reply.body)["id"]?.stringValue
                }
                for id in [first.json["id"]?.stringValue, inserted, commanded, valid[0]] {
                    let request = try await client.wait(forWorkflow: try #require(id), toBe: "delivered")
                    #expect(request.step("verdict")["objects"] == 3)
                }
                let invalid = try await client.wait(forWorkflow: wrong, toBe: "invalid")
                #expect(invalid["reason"] == "$.input.query: is missing; the activity needs it")
                let origins = try await platform.database.column(
                    String.self, "select origin from public.workflow_request where state = 'delivered' order by 1")
                #expect(origins == ["bus", "http", "sql", "sql"])
                let failed = try await client.wait(forWorkflow: valid[1], toBe: "failed")
                #expect(
                    failed.condition == "failed content"
                        && failed["reason"] == "$.input.query: is missing; the activity needs it")

                // What was accepted is told again, whatever has become of the workflow since.
                _ = try await platform.database.column(
                    String.self, "update public.workflow set deleted_at = now() returning key")
                let third = try await post(body)
                #expect(third.status == 202 && third.json == first.json, "\(third.json)")
                #expect(third.header("idempotency-replayed") == "true")
                #expect(try await post(["workflow": "pipeline"]).code == "idempotency_key_reused")
            }
        }

        // MARK: Failures

        @Test(arguments: ["continue", "skip", "stop"])
        func aStepSaysWhatItsFailureDoes(_ policy: String) async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow(["details": ["on_failure": .string(policy)]])
                find(platform)
                platform.api.script("Beta", [.status(404)])
                let id = try await platform.client.submitWorkflow()
                let request = try await platform.client.wait(forWorkflow: id, toBe: "delivered")
                #expect(request["substate"] == "partial")
                #expect(request.step("details").condition == "done partial")
                // What has succeeded is there, whatever the failure did.
                let path = try #require(request.step("details")["links"]?["result"]?.stringValue)
                let partial = try await platform.client.get(path).json["objects"]?.arrayValue ?? []
                #expect(partial.map { $0["object"] } == ["Alpha", "Beta", "Gamma"])
                #expect(partial.map { $0["error"] == nil } == [true, false, true], "\(partial)")
                let verdict = request.step("verdict")
                switch policy {
                case "continue":
                    #expect(verdict.condition == "done" && verdict["objects"] == 2)
                    #expect(platform.api.calls == ["Alpha": 2, "Beta": 1, "Gamma": 2])
                case "skip":
                    #expect(verdict.condition == "done empty" && verdict["objects"] == 0)
                    #expect(verdict["reason"] == "no object has come to it from the steps before it")
                default:
                    #expect(verdict.condition == "failed workflow_stopped")
                    #expect(
                        verdict["reason"]
                            == "the workflow was stopped: its step \"details\" succeeded in part only, and it stops then"
                    )
                    #expect(platform.api.calls == ["Alpha": 1, "Beta": 1, "Gamma": 1])
                }
                #expect(platform.webhooks.received.count == 1)
                #expect(platform.webhooks.received.first?.body["data"]?["substate"] == "partial")
            }
        }

        @Test func aWorkflowOfWhichNothingSucceedsHasFailed() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow(["search": ["on_failure": "stop"]])
                find(platform)
                // Nothing says where the answers name what was found.
                _ = try await platform.database.column(
                    String.self,
                    "delete from public.object_source where source_id in (select id from public.source where key like '%finder') returning source_id::text"
                )
                let id = try await platform.client.submitWorkflow()
                let request = try await platform.client.wait(forWorkflow: id, toBe: "failed")
                #expect(request.step("search").condition == "failed", "\(request)")
                #expect(request.step("verdict").condition == "failed workflow_stopped")
                try await eventually("the webhook about it") { platform.webhooks.received.count == 1 }
                #expect(platform.webhooks.received.first?.body["data"]?["state"] == "failed")
            }
        }

        // MARK: Retrying

        @Test(arguments: ["continue", "stop"])
        func aRetryRunsOnlyWhatFailedAndWhatIsNewFlowsOn(_ policy: String) async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow(["details": ["on_failure": .string(policy)]])
                find(platform)
                platform.api.script("Beta", [.status(404), .json(StubAPI.answer("Beta"))])
                let client = platform.client
                let id = try await client.submitWorkflow()
                let first = try await client.wait(forWorkflow: id, toBe: "delivered")
                let before = platform.api.calls

                let answer = try await client.post(
                    ["reason": "they know it now"], to: "\(IntakeClient.workflows)/\(id)/retry")
                #expect(answer.status == 202, "\(answer.json)")
                #expect(answer.json == ["retried": 1, "requests": 1, "cursor": .null])
                try await eventually("the second webhook") { platform.webhooks.received.count == 2 }
                let second = try await client.wait(forWorkflow: id, toBe: "delivered")
                #expect(second["substate"] == .null, "\(second)")
                #expect(second.step("details").condition == "done" && second.step("verdict").condition == "done")
                #expect(second.step("verdict")["objects"] == 3)
                let added = Dictionary(
                    uniqueKeysWithValues: Self.names.map {
                        ($0, platform.api.calls[$0, default: 0] - before[$0, default: 0])
                    })
                // Only Beta was asked about again, and then by the step that had not had it; of a workflow that was stopped nothing was judged before.
                #expect(
                    added
                        == (policy == "stop"
                            ? ["Alpha": 1, "Beta": 2, "Gamma": 1] : ["Alpha": 0, "Beta": 2, "Gamma": 0]))
                #expect(Set(platform.webhooks.received.map(\.id)).count == 2)
                #expect(platform.webhooks.received.last?.body["data"]?["substate"] == nil)
                #expect(first.step("search") == second.step("search"))
            }
        }

        @Test func aRetryOfWhatHasSucceededChangesNothing() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow()
                find(platform)
                let client = platform.client
                let id = try await client.submitWorkflow()
                let request = try await client.wait(forWorkflow: id, toBe: "delivered")
                let answer = try await client.post([:], to: "\(IntakeClient.workflows)/\(id)/retry")
                #expect(answer.json == ["retried": 0, "requests": 0, "cursor": .null])
                try await eventually("the look at it") {
                    try await platform.database.value(
                        Bool.self, "select step_ended_at is null from public.workflow_progress")
                }
                #expect(try await client.workflow(id) == request && platform.webhooks.received.count == 1)
                let unknown = try await client.post(
                    [:], to: "\(IntakeClient.workflows)/00000000-0000-7000-8000-000000000000/retry")
                #expect(unknown.status == 404)
                // A cursor of some other request is no end of this one.
                let foreign = try await client.post(
                    ["cursor": "00000000-0000-7000-8000-000000000000/0"], to: "\(IntakeClient.workflows)/\(id)/retry")
                #expect(foreign.status == 422, "\(foreign)")
            }
        }

        // MARK: Cancelling

        @Test func aWorkflowIsCancelledInItsSecondPhaseAndGoesOnWhenRetried() async throws {
            try await withPlatform { platform in
                try await platform.declareWorkflow()
                find(platform)
                platform.api.gate.close(after: Self.callsOfSearch)
                let client = platform.client
                let id = try await client.submitWorkflow()
                try await eventually("calls of the second phase") { platform.api.gate.heldBack == 3 }
                let answer = try await client.post(
                    ["reason": "too dear"], to: "\(IntakeClient.workflows)/\(id)/cancel")
                #expect(answer.status == 202)
                let request = try await client.wait(forWorkflow: id, toBe: "delivered")
                #expect(request["substate"] == "partial")
                #expect(
                    request["reason"]?.stringValue?.hasPrefix("cancelled by key test: too dear; 2 of its 3") == true,
                    "\(request)")
                #expect(request.step("details").condition == "failed cancelled")
                #expect(request.step("verdict").condition == "failed workflow_stopped")
                platform.api.gate.open()
                let late = try await client.post([:], to: "\(IntakeClient.workflows)/\(id)/cancel")
                #expect(late.status == 409 && late.code == "request_is_over")

                let retried = try await client.post([:], to: "\(IntakeClient.workflows)/\(id)/retry")
                #expect(retried.json["retried"] == 3, "\(retried.json)")
                try await eventually("the second webhook") { platform.webhooks.received.count == 2 }
                let whole = try await client.wait(forWorkflow: id, toBe: "delivered")
                #expect(whole["substate"] == .null && whole.step("verdict")["objects"] == 3, "\(whole)")
            }
        }

        // MARK: Losses

        /// Killed in the middle of a phase, so that its end, or the beginning of the next one, is whoever comes back's.
        @Test(arguments: [ServiceName.processor, .intake, .executor, .scheduler, .delivery, .bus], [0, callsOfSearch])
        func aServiceIsKilledBetweenPhases(_ service: ServiceName, _ callsBefore: Int) async throws {
            try await withPlatform(.init(lease: "5s")) { platform in
                try await platform.declareWorkflow()
                let names = (0..<40).map { "company \($0)" }
                find(platform, names)
                platform.api.gate.close(after: callsBefore)
                let id = try await platform.client.submitWorkflow()
                try await eventually("calls of the phase") { platform.api.gate.heldBack > 0 }
                try await platform.kill9(service)
                platform.api.gate.open()
                if service == .intake {
                    // The next phase can start, and nobody makes its runs.
                    try await eventually("the next phase") {
                        try await platform.database.value(
                            Int.self, "select count(*) from public.activity_request where state = 'ready'") == 1
                    }
                }
                try await platform.start(service)
                let request = try await eventually("the end") {
                    let request = try? await platform.client.workflow(id)
                    return request?["state"] == "delivered" ? request : nil
                }
                #expect(request["substate"] == .null, "\(request)")
                #expect(
                    request.step("details")["runs"]?["done"] == 40 && request.step("verdict")["runs"]?["done"] == 40)
                #expect(Set(platform.webhooks.received.map(\.id)).count == 1)
                // Whoever dies after a call has to make it again; nobody else has.
                if service != .executor {
                    #expect(platform.api.calls == Dictionary(uniqueKeysWithValues: names.map { ($0, 2) }))
                }
                try await eventually("no row that waits for anybody") {
                    try await platform.database.unfinishedRows().isEmpty
                }
            }
        }
    }
}
