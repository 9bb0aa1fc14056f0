import Contracts
import JSON
import Postgres
import Testing

@testable import Processor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Results")
struct ResultTests {
    private let name = DatapointID(UUID())
    private let code = DatapointID(UUID())

    private func row(_ position: Int, _ object: String, _ datapoint: DatapointID?, _ value: String?) -> ResultRow {
        ResultRow(
            position: position, name: object, state: "done", reason: nil,
            values: datapoint.map { [($0, JSONB(value ?? "null"))] } ?? [])
    }

    @Test func everyObjectIsOneLineWithItsValuesInOrder() {
        let lines = ResultLines(datapointKeys: [name: "name", code: "code"])
        let failed = ResultRow(
            position: 2, name: "X\"X", state: "failed", reason: "the API answered HTTP 404", values: [])
        let bytes = lines.encode([
            row(0, "DE", name, #""Germany""#), row(0, "DE", code, "276"), row(1, "AQ", nil, nil), failed,
        ])
        #expect(
            String(decoding: bytes, as: UTF8.self) == #"""
                {"object":"DE","values":{"code":276,"name":"Germany"}}
                {"object":"AQ","values":{}}
                {"object":"X\"X","values":{},"error":{"state":"failed","reason":"the API answered HTTP 404"}}

                """#)
    }

    @Test func theNullOfOneSourceDoesNotHideTheValueOfAnother() {
        let rows = [
            row(0, "DE", name, "null"), row(0, "DE", name, #""Germany""#), row(0, "DE", name, #""Deutschland""#),
            row(0, "DE", code, "null"), row(0, "DE", code, "null"), row(1, "AQ", code, "10"),
            row(1, "AQ", code, "null"),
            row(1, "AQ", code, "11"),
        ]
        let bytes = ResultLines(datapointKeys: [name: "name", code: "code"]).encode(rows)
        #expect(
            String(decoding: bytes, as: UTF8.self) == #"""
                {"object":"DE","values":{"code":null,"name":"Germany"}}
                {"object":"AQ","values":{"code":10}}

                """#)
        #expect(ResultLines.value(of: name, in: rows[..<5]) == JSONB(#""Germany""#))
        #expect(ResultLines.value(of: code, in: rows[..<5]) == JSONB("null"))
        #expect(ResultLines.value(of: name, in: rows[5...]) == nil)
    }

    @Test func whatThereIsToSayAboutADoneRunStandsBesideItsValuesOnce() {
        func row(_ object: String, _ datapoint: DatapointID?, _ reason: String?) -> ResultRow {
            ResultRow(
                position: object == "DE" ? 0 : 1, name: object, state: "done", reason: reason,
                values: datapoint.map { [($0, JSONB("1"))] } ?? [])
        }
        let bytes = ResultLines(datapointKeys: [name: "name", code: "code"]).encode([
            row("DE", name, "the text 'x' where a number is expected (at $.size)"),
            row("DE", code, "the text 'x' where a number is expected (at $.size)"), row("DE", nil, "no data"),
            row("AQ", nil, "the answer names 1 object, but not this one"),
        ])
        #expect(
            String(decoding: bytes, as: UTF8.self) == #"""
                {"object":"DE","values":{"code":1,"name":1},"note":"the text 'x' where a number is expected (at $.size); no data"}
                {"object":"AQ","values":{},"note":"the answer names 1 object, but not this one"}

                """#)
    }

    private func payload(inline: String?, link: ResultLinks.Link? = nil) throws -> JSONValue {
        let request = CollectableRequest(
            id: ActivityRequestID(UUID()), org: OrgID(UUID()), worker: WorkerID(UUID()), attempt: 1, activity: "enrich",
            objectCount: 2,
            counts: RunCounts(total: 2, done: 2, failed: 0, invalid: 0, timedout: 0), runsWanted: 2, datapointKeys: [:],
            stop: nil)
        let payload = CompletionPayload(
            request: request, state: "done", substate: nil, resultBytes: 10,
            inlineResult: inline.map { Array($0.utf8) },
            timestamp: "2026-01-02T03:04:05Z", link: link)
        return try JSONValue(parsing: payload.encoded())
    }

    @Test func aSmallResultTravelsInThePayload() throws {
        let payload = try payload(inline: "{\"object\":\"a\"}\n{\"object\":\"b\"}\n")
        #expect(payload["type"] == "activity_request.completed")
        #expect(payload["data"]?["objects"] == [["object": "a"], ["object": "b"]])
        #expect(payload["data"]?["runs"]?["done"] == 2)
    }

    @Test func aLargeResultIsALink() throws {
        let keys = try #require(SigningKeys(current: "0123456789abcdef"))
        let links = ResultLinks(publicURL: "https://weir.example.com/", keys: keys)
        let link = links.link(to: ActivityRequestID(UUID()), now: 1000)
        let payload = try payload(inline: nil, link: link)
        #expect(payload["data"]?["objects"] == nil)
        #expect(
            payload["data"]?["result_url"]?.stringValue?.hasPrefix("https://weir.example.com/v1/activity-requests/")
                == true)
    }
}
