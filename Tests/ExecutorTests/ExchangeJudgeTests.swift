import Contracts
import JSON
import Outbound
import Postgres
import Runtime
import Templates
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
    private static let call = MadeCall(method: "GET", url: "u", mask: SecretMask(["s3cret"]))

    private func makeJudge(attempts: [Int]) throws -> ExchangeJudge {
        let (org, source) = (OrgID(UUID()), SourceID(UUID()))
        let record = SourceRecord(
            org: org, id: source, key: "api", version: 1,
            runRequestTemplate: JSONB(#"{"url":"https://api.example.com/<<$object>>"}"#), runsPerExchange: 1,
            setup: JSONB(#"{"retry":{"attempts":3,"base_seconds":1,"max_seconds":60}}"#), objectPath: nil,
            objectPathType: "key", datapoints: [])
        let runs = attempts.map { attempt in
            ClaimedRun(id: RunID(UUID()), attempt: attempt, request: ActivityRequestID(UUID()), objectName: "x")
        }
        let exchange = ClaimedExchange(
            id: RunRequestID(UUID()), org: org, source: source, sourceVersion: 1, runs: runs)
        return ExchangeJudge(
            exchange: exchange, source: try PreparedSource(record), clock: .system, random: { 1 })
    }

    private func judge(
        _ status: Int, headers: [(name: String, value: String)] = [], body: String = "{}", attempts: [Int] = [1]
    ) throws -> RecordedFailure? {
        let response = OutboundResponse(
            status: status, headers: headers, body: Array(body.utf8), duration: .milliseconds(3), bytesReceived: 2,
            remoteAddress: nil)
        guard case .failure(let failure) = try makeJudge(attempts: attempts).judge(response, to: Self.call) else {
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
        #expect(failure.verdicts.map(\.outcome) == [.retry(after: .seconds(1))])
        #expect(failure.substate == "http_\(status)")
        #expect(failure.verdicts[0].reason.contains("attempt 1 of 3, again in 1.0 s"))
    }

    @Test(arguments: [301, 302, 400, 401, 404, 410, 422])
    func whatWillNotPassIsFailedAtOnce(_ status: Int) throws {
        #expect(try judge(status)?.verdicts.map(\.outcome) == [.failed])
    }

    @Test func theLastAttemptFailsForGoodAndSaysSo() throws {
        let failure = try #require(try judge(503, attempts: [3]))
        #expect(failure.verdicts.map(\.outcome) == [.failed])
        #expect(failure.verdicts[0].reason.hasSuffix("attempt 3 of 3 was the last"))
    }

    @Test func runsOfOneExchangeAreJudgedEachByItsOwnAttempt() throws {
        let failure = try #require(try judge(503, attempts: [1, 3, 2, 1]))
        #expect(failure.verdicts.map(\.attempt) == [1, 2, 3])
        #expect(
            failure.verdicts.map(\.outcome) == [.retry(after: .seconds(1)), .retry(after: .seconds(2)), .failed])
        #expect(
            failure.verdicts.map { $0.reason.dropFirst("the API answered HTTP 503; ".count) } == [
                "attempt 1 of 3, again in 1.0 s", "attempt 2 of 3, again in 2.0 s", "attempt 3 of 3 was the last",
            ])
        #expect(failure.reason == "the API answered HTTP 503")
    }

    @Test func theAPIsWaitIsHonoured() throws {
        let failure = try #require(try judge(429, headers: [("Retry-After", "7")]))
        #expect(failure.verdicts.map(\.outcome) == [.retry(after: .seconds(7))])
    }

    @Test func aTimeOutEndsAsTimedout() throws {
        let error = OutboundError(code: .timeout, message: "no answer within 30 s", duration: .seconds(30))
        let failure = try makeJudge(attempts: [1, 3]).failure(error, of: Self.call)
        #expect(failure.isTimeout)
        #expect(failure.verdicts.map(\.outcome) == [.retry(after: .seconds(1)), .timedout])
    }

    @Test func stoppingTheExecutorIsNoFaultOfTheRun() throws {
        let error = OutboundError(code: .cancelled, message: "cancelled")
        let failure = try makeJudge(attempts: [3]).failure(error, of: Self.call)
        #expect(failure.verdicts.map(\.outcome) == [.retry(after: .milliseconds(100))])
    }

    @Test func theBeginningOfAnAnswerWithoutSuccessIsKeptWithoutSecrets() throws {
        let failure = try #require(try judge(401, body: "the key s3cret is not known"))
        #expect(failure.answer == "the key *** is not known")
        #expect(try judge(404, body: "")?.answer == nil)
    }
}

@Suite("The beginning of an answer")
struct AnswerBeginningTests {
    private let mask = SecretMask(["s3cret"])

    @Test func noMoreThanTheBoundIsKept() {
        let text = AnswerBeginning.text(of: Array(String(repeating: "x", count: 2_000).utf8), mask: mask)
        #expect(text?.count == AnswerBeginning.bytesMax)
    }

    @Test func aSecretAcrossTheBoundIsMaskedAsAWhole() {
        let text = AnswerBeginning.text(of: Array((String(repeating: "x", count: 497) + "s3cret").utf8), mask: mask)
        #expect(text == String(repeating: "x", count: 497) + "***")
    }

    @Test func bytesThatAreNoTextAreReplaced() {
        #expect(AnswerBeginning.text(of: [0x61, 0, 0x1B, 0xFF, 0x0A], mask: mask) == "a\u{FFFD}\u{FFFD}\u{FFFD}\n")
    }

    @Test func aCharacterThatTheBoundCutsIsLeftOut() {
        let text = AnswerBeginning.text(of: Array((String(repeating: "x", count: 499) + "éé").utf8), mask: mask)
        #expect(text == String(repeating: "x", count: 499))
    }
}
