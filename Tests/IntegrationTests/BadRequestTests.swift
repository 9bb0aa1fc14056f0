import JSON
import Testing

extension IntegrationTests {
    /// What a client may send wrong, and what it is told.
    @Suite("Bad requests")
    struct BadRequestTests {
        private struct Case: Sendable {
            let what: String
            let body: [UInt8]
            let status: Int
            let code: String
            let paths: [String]
            let hint: String

            init(
                _ what: String, _ body: String, status: Int = 422, code: String = "invalid_request",
                at paths: String..., saying hint: String
            ) {
                self.init(what, bytes: Array(body.utf8), status: status, code: code, at: paths, saying: hint)
            }

            init(
                _ what: String, bytes: [UInt8], status: Int, code: String, at paths: [String], saying hint: String
            ) {
                self.what = what
                self.body = bytes
                self.status = status
                self.code = code
                self.paths = paths
                self.hint = hint
            }
        }

        private static let cases = [
            Case(
                "an unknown activity", #"{"activity":"enrihc","objects":["a"]}"#, code: "unknown_activity",
                at: "$.activity", saying: "enrich"),
            Case(
                "an unknown field", #"{"activity":"enrich","objects":["a"],"prio rity":1}"#, at: "$['prio rity']",
                saying: "no such field"),
            Case(
                "wrong types", #"{"activity":7,"objects":"a"}"#, at: "$.activity", "$.objects", saying: "not a number"),
            Case(
                "names of wrong types", #"{"activity":"enrich","objects":["a",1,null]}"#, at: "$.objects[1]",
                "$.objects[2]", saying: "not null"),
            Case("nothing", #"{}"#, at: "$.activity", saying: "missing"),
            Case("an enrichment without objects", #"{"activity":"enrich"}"#, at: "$.objects", saying: "missing"),
            Case(
                "an extract with objects", #"{"activity":"find","objects":["a"],"input":{"query":"x"}}"#,
                at: "$.objects",
                saying: "left out"),
            Case(
                "input of wrong kinds", #"{"activity":"find","input":{"qurey":"x","size_min":"10"}}"#,
                at: "$.input.qurey", "$.input.query", "$.input.size_min", saying: "did you mean \\\"query\\\"?"),
            Case(
                "input that is not taken", #"{"activity":"enrich","objects":["a"],"input":{"query":"x"}}"#,
                at: "$.input.query", saying: "takes no input"),
            Case("a list", #"["enrich"]"#, at: "$", saying: "an object"),
            Case("no objects", #"{"activity":"enrich","objects":[]}"#, at: "$.objects", saying: "empty"),
            Case(
                "duplicates", #"{"activity":"enrich","objects":["a","b","a"]}"#, at: "$.objects[2]",
                saying: "$.objects[0]"),
            Case(
                "one object too many", #"{"activity":"enrich","objects":["a","b","c","d"]}"#, at: "$.objects",
                saying: "the maximum of 3"),
            Case(
                "NUL in a name", #"{"activity":"enrich","objects":["a\u0000b"]}"#, at: "$.objects[0]",
                saying: "U+0000"),
            Case("a blank name", #"{"activity":"enrich","objects":[" "]}"#, at: "$.objects[0]", saying: "empty"),
            Case(
                "a name too long", #"{"activity":"enrich","objects":["\#(String(repeating: "x", count: 1_001))"]}"#,
                at: "$.objects[0]", saying: "1001 bytes"),
            Case(
                "invalid JSON", #"{"activity":"enrich","objects":["a",]}"#, status: 400, code: "invalid_json",
                at: "$.objects[1]", saying: "byte"),
            Case("no body", "", status: 400, code: "invalid_json", at: "$", saying: "empty"),
            Case(
                "invalid UTF-8",
                bytes: Array(#"{"activity":"enrich","objects":[""#.utf8) + [0xFF] + Array(#""]}"#.utf8),
                status: 400, code: "invalid_json", at: ["$.objects[0]"], saying: "UTF-8"),
            Case(
                "a lone surrogate", #"{"activity":"enrich","objects":["\ud800"]}"#, status: 400, code: "invalid_json",
                at: "$.objects[0]", saying: "surrogate"),
            Case(
                "50 MB",
                bytes: Array(#"{"activity":"enrich","objects":[""#.utf8) + Array(repeating: 0x78, count: 50 << 20),
                status: 413, code: "body_too_large", at: [], saying: "8388608"),
        ]

        @Test func eachIsToldWhatIsWrongAndWhere() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            options.variables[.intake] = ["WEIR_OBJECTS_MAX": "3"]
            try await withPlatform(options) { platform in
                for given in Self.cases {
                    let answer = try await platform.client.post(given.body)
                    #expect(answer.status == given.status, "\(given.what): \(answer.json)")
                    #expect(answer.code == given.code, "\(given.what): \(answer.json)")
                    #expect(answer.paths == given.paths, "\(given.what): \(answer.json)")
                    #expect("\(answer.json)".contains(given.hint), "\(given.what): \(answer.json)")
                    #expect(answer.header("content-type") == "application/problem+json", "\(given.what)")
                }
                let rows = try await platform.database.value(Int.self, "select count(*) from public.activity_request")
                #expect(rows == 0, "something was accepted")
                // The service has taken no harm.
                let right = try await platform.client.post(#"{"activity":"enrich","objects":["a","b","c"]}"#)
                #expect(right.status == 202 && right.json["plan"]?["runs"] == 3)
            }
        }

        @Test func oneObjectMoreThanTheDefaultMaximumIsRefused() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                let names = (0...100_000).map { JSONValue.string("object \($0)") }
                let body: JSONValue = ["activity": "enrich", "objects": .array(names)]
                let answer = try await platform.client.post(body.encoded())
                #expect(answer.status == 422 && answer.paths == ["$.objects"], "\(answer.status)")
                #expect("\(answer.json)".contains("more than the maximum of 100000"), "\(answer.json)")
            }
        }

        @Test func wrongPathsAndMethodsAreProblemsToo() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                let nowhere = try await platform.client.get("/v1/nowhere")
                #expect(nowhere.status == 404 && nowhere.code == "not_found")
                let noID = try await platform.client.get("/v1/activity-requests/17")
                #expect(noID.status == 404 && noID.code == "not_found")
                let unknown = "/v1/activity-requests/018f0000-0000-7000-8000-000000000000"
                for path in [unknown, unknown + "/timeline", unknown + "/result"] {
                    let answer = try await platform.client.get(path)
                    #expect(answer.status == 404 && answer.code == "not_found", "\(path)")
                }
                let id = try await platform.client.submit(["Abel"])
                let early = try await platform.client.get("/v1/activity-requests/\(id)/result")
                #expect(early.status == 409 && early.code == "result_not_ready")
            }
        }
    }
}
