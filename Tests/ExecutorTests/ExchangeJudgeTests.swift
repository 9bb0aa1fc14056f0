import Contracts
import JSON
import Outbound
import Postgres
import Runtime
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Judging an exchange")
struct ExchangeJudgeTests {
    private func makeJudge(attempt: Int) throws -> ExchangeJudge {
        let (org, source) = (OrgID(UUID()), SourceID(UUID()))
        let record = SourceRecord(
            org: org, id: source, key: "api", version: 1,
            runRequestTemplate: JSONB(#"{"url":"https://api.example.com/<<$object>>"}"#), runsPerExchange: 1,
            setup: JSONB(#"{"retry":{"attempts":3,"base_seconds":1,"max_seconds":60}}"#), objectPath: nil,
            objectPathType: "key", datapoints: [])
        let run = ClaimedRun(
            id: RunID(UUID()), attempt: attempt, request: ActivityRequestID(UUID()), objectName: "x")
        let exchange = ClaimedExchange(
            id: RunRequestID(UUID()), org: org, source: source, sourceVersion: 1, runs: [run])
        return ExchangeJudge(
            exchange: exchange, source: try PreparedSource(record), clock: .system, random: { 1 })
    }

    private func judge(_ status: Int, headers: [(name: String, value: String)] = [], attempt: Int = 1) throws
        -> RecordedFailure?
    {
        let response = OutboundResponse(
            status: status, headers: headers, body: Array("{}".utf8), duration: .milliseconds(3), bytesReceived: 2,
            remoteAddress: nil)
        guard case .failure(let failure) = try makeJudge(attempt: attempt).judge(response, method: "GET", url: "u")
        else {
            return nil
        }
        return failure
    }

    @Test(arguments: [200, 201, 204, 299])
    func everySuccessIsAnAnswer(_ status: Int) throws {
        #expect(try judge(status) == nil)
    }

    @Test(arguments: [408, 425, 429, 500, 503, 599])
    func whatMayPassIsTriedAgain(_ status: Int) throws {
        let failure = try #require(try judge(status))
        #expect(failure.outcome == .retry(after: .seconds(1)))
        #expect(failure.substate == "http_\(status)")
        #expect(failure.reason.contains("attempt 1 of 3, again in 1.0 s"))
    }

    @Test(arguments: [301, 302, 400, 401, 404, 410, 422])
    func whatWillNotPassIsFailedAtOnce(_ status: Int) throws {
        #expect(try judge(status)?.outcome == .failed)
    }

    @Test func theLastAttemptFailsForGoodAndSaysSo() throws {
        let failure = try #require(try judge(503, attempt: 3))
        #expect(failure.outcome == .failed)
        #expect(failure.reason.hasSuffix("attempt 3 of 3 was the last"))
    }

    @Test func theAPIsWaitIsHonoured() throws {
        #expect(try judge(429, headers: [("Retry-After", "7")])?.outcome == .retry(after: .seconds(7)))
    }

    @Test func aTimeOutEndsAsTimedout() throws {
        let error = OutboundError(code: .timeout, message: "no answer within 30 s", duration: .seconds(30))
        #expect(try makeJudge(attempt: 3).failure(error, method: "GET", url: "u").outcome == .timedout)
        #expect(try makeJudge(attempt: 1).failure(error, method: "GET", url: "u").outcome == .retry(after: .seconds(1)))
    }

    @Test func stoppingTheExecutorIsNoFaultOfTheRun() throws {
        let error = OutboundError(code: .cancelled, message: "cancelled")
        let outcome = try makeJudge(attempt: 3).failure(error, method: "GET", url: "u").outcome
        #expect(outcome == .retry(after: .milliseconds(100)))
    }
}
