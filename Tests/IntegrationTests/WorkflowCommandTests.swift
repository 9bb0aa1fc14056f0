import JSON
import Synchronization
import Testing

extension IntegrationTests {
    /// What `weir` says of requests for workflows, and what it asks intake for: an intake that gives the documents of docs/api.md.
    @Suite("Commands about requests for workflows")
    struct WorkflowCommandTests {
        private static let id = "01a1fdaa-e92e-7552-a4dd-a93d69303891"

        private static func document(_ state: String, runsDone: Int) -> String {
            """
            {"id":"\(id)","workflow":"find_prospects","state":"\(state)","substate":null,"reason":null,
             "created_at":"2026-11-26T08:00:00.000Z","phases":[
              {"phase":1,"steps":[{"step":"search","activity":"search_prospects","request":"r1","state":"done",
               "substate":null,"reason":null,"objects":99,
               "runs":{"planned":1,"total":1,"done":1,"failed":0,"invalid":0,"timedout":0},"links":{}}]},
              {"phase":2,"steps":[{"step":"profile","activity":"profile_prospects","request":"r2","state":"\(state)",
               "substate":null,"reason":null,"objects":99,
               "runs":{"planned":99,"total":99,"done":\(runsDone),"failed":0,"invalid":0,"timedout":0},"links":{}},
              {"step":"staff","activity":"staff_prospects","request":"r3","state":"done",
               "substate":null,"reason":null,"objects":1,
               "runs":{"planned":1,"total":1,"done":0,"failed":1,"invalid":0,"timedout":0},"links":{}}]},
              {"phase":3,"steps":[{"step":"qualify","activity":"qualify_prospects","request":"r4","state":"waiting",
               "substate":"phase","reason":null,"objects":0,
               "runs":{"planned":null,"total":0,"done":0,"failed":0,"invalid":0,"timedout":0},"links":{}}]}],
             "deliveries":[{"id":"d-crm","endpoint":"crm","state":"delivered","attempts":1}]}
            """
        }

        /// What intake was asked for.
        private final class Requests: Sendable {
            private let seen = Mutex<[StubRequest]>([])

            func note(_ request: StubRequest) -> Int {
                seen.withLock { seen in
                    seen.append(request)
                    return seen.count { $0.method == request.method && $0.target == request.target }
                }
            }

            var all: [String] { seen.withLock { $0.map { "\($0.method) \($0.target)" } } }
            var bodies: [JSONValue] {
                seen.withLock { $0.compactMap { $0.body.isEmpty ? nil : try? JSONValue(parsing: $0.body) } }
            }
        }

        /// Lends an intake that knows one request for a workflow and none for an activity.
        private func withIntake(_ body: (WeirProgram, Requests) async throws -> Void) async throws {
            let requests = Requests()
            let server = try StubServer { request in
                let count = requests.note(request)
                let path = "/v1/workflow-requests"
                return switch "\(request.method) \(request.target)" {
                case "POST \(path)":
                    .answer(
                        status: 202,
                        body: Array(
                            #"{"id":"\#(Self.id)","state":"in_progress","workflow":"find_prospects","steps":2,"links":{}}"#
                                .utf8))
                case "GET \(path)/\(Self.id)":
                    .json(
                        count < 3 ? Self.document("in_progress", runsDone: 40) : Self.document("done", runsDone: 99))
                case "GET \(path)/\(Self.id)/timeline":
                    .json(
                        #"{"id":"w","entries":[{"subject":"request","from":null,"to":"new","count":1,"first":"2026-11-26T08:00:00.000Z","last":"2026-11-26T08:00:00.000Z"}]}"#
                    )
                case "POST \(path)/\(Self.id)/cancel":
                    .json(#"{"id":"w","state":"in_progress","substate":null,"reason":"cancelled by test"}"#)
                case "POST \(path)/\(Self.id)/retry": .json(#"{"retried":7,"requests":1,"cursor":null}"#)
                case "GET \(path)?limit=20&state=failed&workflow=find_prospects":
                    .json(
                        #"{"requests":[{"id":"\#(Self.id)","workflow":"find_prospects","state":"failed","substate":"cancelled","reason":"no","created_at":"2026-11-26T08:00:00.000Z","requests":{"total":3,"over":1}}],"cursor":null}"#
                    )
                default:
                    .answer(
                        status: 404, headers: [("content-type", "application/problem+json")],
                        body: Array(#"{"status":404,"code":"not_found","detail":"There is no such request."}"#.utf8))
                }
            }
            do {
                try await WeirProgram.with(variables: ["WEIR_URL": server.url, "WEIR_API_KEY": "weir_x"]) { weir in
                    try await body(weir, requests)
                }
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }

        @Test func aStatusIsATreeWithProgressOfEachPhaseAndStep() async throws {
            try await withIntake { weir, requests in
                let status = try await weir.run("status", Self.id, "--timeline")
                try #require(status.status == 0, "\(status)")
                #expect(status.lines.first == "workflow request \(Self.id) (find_prospects): in_progress")
                let tree = status.lines.drop { !$0.hasPrefix("phase") }.prefix { !$0.hasPrefix("delivery") }
                #expect(
                    Array(tree.filter { !$0.isEmpty }) == [
                        "phase 1  ██████████ 1 of 1 run",
                        "└─ search   search_prospects   done            99 objects  ██████████ 1 of 1 run     r1",
                        "phase 2  ████░░░░░░ 41 of 100 runs",
                        "├─ profile  profile_prospects  in_progress     99 objects  ████░░░░░░ 40 of 99 runs  r2",
                        "└─ staff    staff_prospects    done            1 object    ██████████ 1 of 1 run     r3",
                        "runs without success: 1 failed",
                        "phase 3",
                        "└─ qualify  qualify_prospects  waiting, phase                                        r4",
                    ], "\(status)")
                #expect(status.lines.contains("delivery to crm: delivered, 1 attempt"), "\(status)")
                #expect(status.output.contains("request new"), "\(status)")
                #expect(
                    requests.all == [
                        "GET /v1/activity-requests/\(Self.id)", "GET /v1/workflow-requests/\(Self.id)",
                        "GET /v1/workflow-requests/\(Self.id)/timeline",
                    ])
                let json = try await weir.run("status", Self.id, "--json")
                #expect(json.json == (try JSONValue(parsing: Self.document("in_progress", runsDone: 40))))
            }
        }

        @Test func anIDOfNeitherKindIsUnknown() async throws {
            try await withIntake { weir, _ in
                let status = try await weir.run("status", "01a1fdaa-0000-7000-8000-000000000000")
                #expect(
                    status.status == 1 && status.errors.contains("There is no such request (not_found)"), "\(status)")
            }
        }

        @Test func aWorkflowIsAskedForAndFollowedToItsEnd() async throws {
            try await withIntake { weir, requests in
                let made = try await weir.run(
                    "submit", "--workflow", "find_prospects", "--objects", "a,b", "--input", "place=DE", "--wait")
                #expect(made.status == 0 && made.lines.first?.hasSuffix("(find_prospects): done") == true, "\(made)")
                #expect(made.output.contains("██████████ 100 of 100 runs"), "\(made)")
                #expect(
                    requests.bodies == [
                        ["workflow": "find_prospects", "objects": ["a", "b"], "input": ["place": "DE"]]
                    ])
                #expect(requests.all.count { $0.hasPrefix("GET") } == 3)
                let id = try await weir.run("submit", "--workflow", "find_prospects")
                #expect(id.status == 0 && id.lines == [Self.id], "\(id)")
            }
        }

        @Test func whatThereIsForStepsAloneNamesTheirRequests() async throws {
            try await withIntake { weir, _ in
                for command in ["result", "quality", "replay"] {
                    let outcome = try await weir.run(command, Self.id)
                    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
                    #expect(outcome.errors.contains("is a request for the workflow find_prospects"), "\(outcome)")
                    #expect(outcome.errors.contains("profile: r2"), "\(outcome)")
                }
            }
        }

        @Test func itIsCancelledRetriedAndListedLikeOtherRequests() async throws {
            try await withIntake { weir, _ in
                let cancelled = try await weir.run("cancel", Self.id)
                #expect(cancelled.lines == ["The request ends."], "\(cancelled)")
                let retried = try await weir.run("retry", Self.id)
                #expect(retried.lines.first?.hasPrefix("7 runs taken up again") == true, "\(retried)")
                let listed = try await weir.run("list", "--workflow", "find_prospects", "--state", "failed")
                #expect(listed.lines.count == 2, "\(listed)")
                #expect(
                    listed.lines.last?.hasSuffix("find_prospects  failed (cancelled)      3     2  no") == true,
                    "\(listed)")
                let ended = try await weir.run("cancel", Self.id, "--wait")
                #expect(ended.lines.first?.hasSuffix("(find_prospects): done") == true, "\(ended)")
            }
        }
    }
}
