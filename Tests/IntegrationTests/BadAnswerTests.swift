import JSON
import Testing

extension IntegrationTests {
    /// What a third-party API may do wrong. It costs that run, never another one.
    @Suite("Bad answers")
    struct BadAnswerTests {
        /// How the API misbehaves about one object, and what becomes of its run.
        private struct Case: Sendable {
            let object: String
            let replies: [StubReply]
            var state = "failed"
            let substate: String?
            /// Part of the reason.
            var saying = ""
            /// Calls that the API sees.
            var calls = 1
        }

        private static func profile(_ members: String, beside: String = "") -> [StubReply] {
            [.json(#"{"data":{"name":"x","profile":{\#(members)}\#(beside)}}"#)]
        }

        private static let cases = [
            Case(
                object: "html",
                replies: [
                    .answer(
                        status: 200, headers: [("content-type", "text/html")], body: Array("<html>down</html>".utf8))
                ],
                substate: "not_json", saying: "<html>"),
            Case(object: "nothing", replies: [.status(200)], substate: "empty", saying: "empty"),
            Case(
                object: "truncated", replies: [.json(#"{"data":{"name":"x","profile":{"legal_name":"x"#)],
                substate: "truncated", saying: "cut off after 46 bytes"),
            Case(
                object: "nul mapped", replies: profile(#""legal_name":"a\u0000b""#), substate: "unstorable_text",
                saying: "$.data.profile.legal_name"),
            Case(
                object: "nul unmapped", replies: profile(#""legal_name":"a""#, beside: #","junk":"a\u0000b""#),
                state: "done", substate: nil),
            Case(
                object: "surrogate mapped", replies: profile(#""legal_name":"a\ud800b""#), substate: "unstorable_text",
                saying: "surrogate"),
            Case(
                object: "number mapped", replies: profile(#""employees":1e400000"#), substate: "number_out_of_range",
                saying: "$.data.profile.employees"),
            Case(
                object: "number unmapped", replies: profile(#""employees":7"#, beside: #","junk":1e400000"#),
                state: "done", substate: nil),
            Case(
                object: "wrong type", replies: profile(#""employees":"many","legal_name":"a""#), state: "done",
                substate: "type_mismatch", saying: "a number is expected"),
            Case(
                object: "nul in the wrong type", replies: profile(#""employees":"a\u0000b","legal_name":"a""#),
                state: "done", substate: "type_mismatch", saying: #"the text 'a\u0000b' where a number is expected"#),
            Case(
                object: "flood announced", replies: [.flood(bytes: 300 << 20, isAnnounced: true)],
                substate: "body_too_large", saying: "at most 10485760 bytes"),
            Case(
                object: "flood", replies: [.flood(bytes: 300 << 20, isAnnounced: false)], substate: "body_too_large",
                saying: "at most 10485760 bytes"),
            Case(
                object: "redirect", replies: [.status(302, headers: [("location", "http://127.0.0.1:1/")])],
                substate: "http_302", saying: "redirects are not followed"),
            Case(object: "unknown", replies: [.status(404)], substate: "http_404", saying: "does not know this object"),
            Case(
                object: "forbidden", replies: [.answer(status: 403, body: Array("no\u{0} entry".utf8))],
                substate: "http_403", saying: "credentials"),
            Case(
                object: "busy",
                replies: [.status(429, headers: [("retry-after", "1")]), .json(StubAPI.answer("busy"))],
                state: "done", substate: nil, calls: 2),
            Case(
                object: "flaky", replies: [.status(503), .status(503), .json(StubAPI.answer("flaky"))], state: "done",
                substate: nil, calls: 3),
            Case(
                object: "broken", replies: [.status(500)], substate: "http_500", saying: "attempt 4 of 4 was the last",
                calls: 4),
            Case(
                object: "reset", replies: [.reset], substate: "network", saying: "attempt 4 of 4 was the last", calls: 4
            ),
        ]

        @Test func eachRunEndsWithItsReasonAndTheOthersSucceed() async throws {
            try await withPlatform { platform in
                for given in Self.cases { platform.api.script(given.object, given.replies) }
                let good = (0..<20).map { "good \($0)" }
                let id = try await platform.client.submit(Self.cases.map(\.object) + good)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                let failed = Self.cases.count { $0.state == "failed" }
                #expect(request["substate"] == "partial" && request["runs"]?["failed"]?.intValue == failed)
                #expect(request["runs"]?["done"]?.intValue == good.count + Self.cases.count - failed)

                let timeline = try await platform.client.timeline(of: id)
                let failures = try #require(request["failures"]?.arrayValue)
                for given in Self.cases {
                    let run = try await Run(of: given.object, platform)
                    #expect(run.state == given.state && run.substate == given.substate, "\(given.object): \(run)")
                    #expect((run.reason ?? "").contains(given.saying), "\(given.object): \(run)")
                    if given.object == "reset" {
                        // libcurl may try a connection that was kept open once more on a fresh one.
                        #expect(platform.api.calls[given.object, default: 0] >= given.calls)
                    } else {
                        #expect(platform.api.calls[given.object] == given.calls, "\(given.object)")
                    }
                    guard given.state == "failed", let reason = run.reason else { continue }
                    let shown = failures.filter { $0["reason"]?.stringValue == reason }
                    #expect(shown.contains { $0["substate"]?.stringValue == given.substate }, "\(given.object)")
                    #expect(timeline.contains { $0["reason"]?.stringValue == reason }, "\(given.object)")
                }
                func call(_ substate: String) -> JSONValue? {
                    failures.first { $0["substate"]?.stringValue == substate }?["call"]
                }
                #expect(
                    call("http_403") == [
                        "method": "GET", "url": .string("\(platform.api.url)/objects/forbidden"), "status": 403,
                        "answer": "no\u{FFFD} entry",
                    ])
                #expect(call("not_json")?["answer"] == "<html>down</html>" && call("not_json")?["status"] == 200)
                #expect(call("network")?["status"] == .null && call("network")?["answer"] == .null)
                // The API's own wait is honoured, not the source's 10 ms.
                #expect(
                    timeline.contains {
                        $0["reason"]?.stringValue?.contains("HTTP 429") == true && "\($0)".contains("again in 1.0 s")
                    })
                for name in good { #expect(platform.api.calls[name] == 1, "\(name)") }
                let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
                #expect(lines.count == good.count + Self.cases.count)
                #expect(lines.first { $0["object"] == "html" }?["error"]?["state"] == "failed")
                #expect(lines.filter { $0["error"] == nil }.count == good.count + Self.cases.count - failed)
            }
        }

        @Test func whatDoneRunsHaveToSayIsInTheStatusTheResultAndTheWebhook() async throws {
            try await withPlatform { platform in
                let texts = ["Abel": "many", "Bebel": "it's 3", "Cebel": "2"]
                for (name, text) in texts {
                    let profile = #"{"employees":\#(JSONValue.string(text)),"legal_name":"a"}"#
                    platform.api.script(name, [.json(#"{"data":{"name":"x","profile":\#(profile)}}"#)])
                }
                platform.api.script("Debel", [.json(#"{"data":{"name":"x"}}"#)])
                let id = try await platform.client.submit(["Abel", "Bebel", "Cebel", "Debel", "Ebel"])
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["failures"] == [] && request["runs"]?["done"] == 5)

                // Reasons that differ in their quoted texts only are one.
                let notes = try #require(request["notes"]?.arrayValue)
                #expect(notes.map { $0["substate"] } == ["type_mismatch", "no_data"])
                #expect(notes.map { $0["count"] } == [2, 1])
                #expect(notes.map { $0["objects"] } == [["Abel", "Bebel"], ["Debel"]])
                let misfit = "the text 'many' where a number is expected (at $.data.profile.employees)"
                #expect(notes[0]["reason"] == .string(misfit))
                #expect(notes[1]["reason"] == "the answer holds none of the mapped values")
                #expect(notes[1]["call"]?["answer"] == #"{"data":{"name":"x"}}"#)
                let said = try await platform.client.timeline(of: id).filter {
                    $0["subject"] == "runs" && $0["to"] == "done" && $0["reason"] != .null
                }
                #expect(said.map { $0["count"] }.contains(2))

                let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
                #expect(lines[0]["note"] == .string(misfit) && lines[0]["values"] == ["legal_name": "a"])
                #expect(lines[2]["note"] == nil && lines[2]["values"]?["employees"] == 2)
                #expect(lines[3]["note"] == "the answer holds none of the mapped values")
                let delivered = platform.webhooks.received.first?.body["data"]?["objects"]?.arrayValue
                #expect(delivered == lines)
            }
        }

        @Test func anOpenRunSaysWhyItWaits() async throws {
            try await withPlatform { platform in
                let busy = StubReply.answer(
                    status: 503, headers: [("retry-after", "3600")], body: Array("in the afternoon".utf8))
                for name in ["Abel", "Bebel"] { platform.api.script(name, [busy]) }
                let id = try await platform.client.submit(["Abel", "Bebel", "Cebel"])
                let waiting = try await eventually("two runs that wait") {
                    let waiting = try await platform.client.request(id)["waiting"]?.arrayValue ?? []
                    return waiting.first?["count"] == 2 ? waiting : nil
                }
                #expect(waiting.count == 1 && waiting[0]["substate"] == "http_503")
                #expect(waiting[0]["reason"] == "the API answered HTTP 503; attempt 1 of 4, again in 3600.0 s")
                #expect(waiting[0]["objects"] == ["Abel", "Bebel"])
                #expect(waiting[0]["call"]?["answer"] == "in the afternoon")
            }
        }

        @Test func silenceEndsWithTheTimeOut() async throws {
            try await withPlatform { platform in
                platform.api.script("silent", [.silence])
                let id = try await platform.client.submit(["silent"], activity: "hurry")
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["runs"]?["timedout"] == 1)
                let timeline = try await platform.client.timeline(of: id)
                #expect(
                    timeline.contains {
                        $0["subject"] == "runs" && $0["to"] == "timedout"
                            && $0["reason"]?.stringValue?.contains("no whole answer within 2.0 seconds") == true
                    })
                let run = try await Run(of: "silent", platform)
                #expect(run.state == "timedout" && run.substate == "timeout")
                #expect(run.reason?.contains("attempt 2 of 2 was the last") == true)
                #expect(platform.api.calls["silent"] == 2)
                #expect(request["failures"]?[0]?["reason"]?.stringValue == run.reason)
            }
        }

        @Test func silenceAboutOneObjectHoldsUpNoOther() async throws {
            try await withPlatform { platform in
                let names = (0..<20).map { "object \($0)" }
                platform.api.script("object 7", [.silence])
                // Patient as long as it takes: the others are done before anybody gives up.
                let id = try await platform.client.submit(names)
                try await eventually("all others done") {
                    try await platform.client.request(id)["runs"]?["done"]?.intValue == names.count - 1
                }
                let open = try await platform.client.request(id)["runs"]?["open"]
                #expect(open == 1 && platform.api.calls["object 7"] == 1)
            }
        }

        @Test func aPrivateAddressIsRefusedUnlessItIsAllowed() async throws {
            var options = Platform.Options()
            options.variables[.executor] = ["WEIR_OUTBOUND_ALLOW": ""]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                let request = try await platform.client.wait(for: id, toBe: "failed")
                #expect(request["failures"]?[0]?["substate"] == "address_refused")
                #expect(request["failures"]?[0]?["reason"]?.stringValue?.contains("127.0.0.1") == true)
                #expect(platform.api.calls.isEmpty)
                let hook = try await eventually("the webhook of the failure") { platform.webhooks.received.first }
                #expect(hook.body["data"]?["state"] == "failed")
            }
        }

        /// A run as the database has it.
        private struct Run: Sendable {
            let state: String
            let substate: String?
            let reason: String?

            init(of object: String, _ platform: Platform) async throws {
                let from = """
                    from public.run_queue as r join public.request_object as o
                      on o.activity_request_id = r.activity_request_id and o.position = r.position
                    where o.name = $1
                    """
                state = try await platform.database.value(String.self, "select r.state::text \(from)", object)
                substate = try await platform.database.value(String?.self, "select r.state_substate \(from)", object)
                reason = try await platform.database.value(String?.self, "select r.state_reason \(from)", object)
            }
        }
    }
}
