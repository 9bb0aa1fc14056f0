import JSON
import Sources
import Testing

@Suite("Stored setups that cannot be read")
struct SourceSetupErrorTests {
    static let cases: [(String, String, String)] = [
        (#"[]"#, "$", "an object"),
        (#"{"concurrency": 0}"#, "$.concurrency", "out of bounds"),
        (#"{"concurrency": "8"}"#, "$.concurrency", "not a string"),
        (#"{"timeout_seconds": 1e300}"#, "$.timeout_seconds", "out of bounds"),
        (#"{"timeout_seconds": -1}"#, "$.timeout_seconds", "out of bounds"),
        (#"{"retry": {"attempts": 1.5}}"#, "$.retry.attempts", "whole number"),
        (#"{"rate": {"calls": 5}}"#, "$.rate.per_seconds", "missing"),
        (#"{"auth": {}}"#, "$.auth.type", "missing"),
        (#"{"auth": {"type": "oauth"}}"#, "$.auth.type", "oauth2"),
        (#"{"auth": {"type": "oauth2", "token_url": "x", "client_id": "y"}}"#, "$.auth.client_secret", "missing"),
        (#"{"auth": {"type": "api_key", "in": "body", "name": "k", "value": "v"}}"#, "$.auth.in", "header, query"),
        (#"{"pagination": {"type": "page"}}"#, "$.pagination.items", "missing"),
        (#"{"pagination": {"type": "offset", "items": []}}"#, "$.pagination.size", "missing"),
        (#"{"pagination": {"type": "cursor"}}"#, "$.pagination.next", "missing"),
        (#"{"pagination": {"type": "link", "total": [{}]}}"#, "$.pagination.total", "no path element"),
        (#"{"response_rules": {}}"#, "$.response_rules", "a list"),
        (#"{"response_rules": [{"action": "fail"}, {}]}"#, "$.response_rules[1].action", "missing"),
        (
            #"{"response_rules": [{"action": "fail", "when": {"status": "6xx"}}]}"#, "$.response_rules[0].when.status",
            "5xx"
        ),
        (
            #"{"response_rules": [{"action": "fail", "when": {"status": [200, 99]}}]}"#,
            "$.response_rules[0].when.status", "599"
        ),
        (
            #"{"response_rules": [{"action": "fail", "when": {"header": {"exists": true}}}]}"#,
            "$.response_rules[0].when.header.name", "missing"
        ),
        (
            #"{"response_rules": [{"action": "fail", "when": {"body": {"path": []}}}]}"#,
            "$.response_rules[0].when.body", "equals, in"
        ),
        (
            #"{"response_rules": [{"action": "fail", "when": {"body": {"path": [], "equals": 1, "contains": "x"}}}]}"#,
            "$.response_rules[0].when.body", "one of"
        ),
        (#"{"job": {"external_id": ["id"], "status": ["s"], "done": []}}"#, "$.job.done", "0 elements"),
        (
            #"{"job": {"external_id": ["id"], "status": ["s"], "done": [1], "poll": {"base_seconds": 0}}}"#,
            "$.job.poll.base_seconds", "out of bounds"
        ),
    ]

    @Test(arguments: cases)
    func sayWhereAndWhy(json: String, path: String, mentions: String) throws {
        let value = try JSONValue(parsing: Array(json.utf8))
        let error = try #require(throws: SourceSetupError.self) { try SourceSetup(value) }
        #expect(error.path == path)
        #expect(error.reason.contains(mentions), "\(error)")
    }

    @Test func neverRepeatACredential() throws {
        let value: JSONValue = ["auth": ["type": "bearer", "token": ["hunter2"]]]
        let error = try #require(throws: SourceSetupError.self) { try SourceSetup(value) }
        #expect(!error.description.contains("hunter2"))
    }
}
