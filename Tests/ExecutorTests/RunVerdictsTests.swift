import Exchanges
import Sources
import Store
import Testing

@testable import Executor

@Suite("Verdicts on runs")
struct RunVerdictsTests {
    private let retry = RetryPolicy(attempts: 3, baseMilliseconds: 1_000, maxMilliseconds: 60_000)

    private func verdicts(
        _ kind: ExchangeFailure.Kind, attempts: [Int] = [1]
    ) -> [RecordedFailure.Verdict] {
        let failure = ExchangeFailure(kind: kind, substate: "http_503", reason: "the API answered HTTP 503")
        return RunVerdicts(attempts: attempts, retry: retry).of(failure, random: 1)
    }

    @Test func whatMayPassIsTriedAgain() {
        let verdicts = verdicts(.retry(after: nil))
        #expect(verdicts.map(\.outcome) == [.retry(after: .seconds(1))])
        #expect(verdicts[0].reason == "the API answered HTTP 503; attempt 1 of 3, again in 1.0 s")
    }

    @Test func theAPIsWaitIsHonoured() {
        #expect(verdicts(.retry(after: .seconds(7))).map(\.outcome) == [.retry(after: .seconds(7))])
    }

    @Test func whatWillNotPassIsFailedAtOnce() {
        #expect(verdicts(.fail).map(\.outcome) == [.failed])
        #expect(verdicts(.fail)[0].reason == "the API answered HTTP 503")
    }

    @Test func theLastAttemptFailsForGoodAndSaysSo() {
        let verdicts = verdicts(.retry(after: nil), attempts: [3])
        #expect(verdicts.map(\.outcome) == [.failed])
        #expect(verdicts[0].reason.hasSuffix("attempt 3 of 3 was the last"))
    }

    @Test func runsOfOneExchangeAreJudgedEachByItsOwnAttempt() {
        let verdicts = verdicts(.retry(after: nil), attempts: [1, 3, 2, 1])
        #expect(verdicts.map(\.attempt) == [1, 2, 3])
        #expect(verdicts.map(\.outcome) == [.retry(after: .seconds(1)), .retry(after: .seconds(2)), .failed])
    }

    @Test func aTimeOutEndsAsTimedout() {
        #expect(verdicts(.timedOut, attempts: [1, 3]).map(\.outcome) == [.retry(after: .seconds(1)), .timedout])
    }

    @Test func stoppingTheExecutorIsNoFaultOfTheRun() {
        #expect(verdicts(.ownFault, attempts: [3]).map(\.outcome) == [.retry(after: .milliseconds(100))])
    }

    @Test func aWaitThatTheSourceDeclaresUsesUpNoAttempt() {
        let later = verdicts(.retryLater(after: .seconds(90)), attempts: [3])
        #expect(later.map(\.outcome) == [.postponed(by: .seconds(90))])
        #expect(later[0].reason == "the API answered HTTP 503, again in 90.0 s")
        let pause = verdicts(.pauseSource(for: .seconds(90)), attempts: [3])
        #expect(pause.map(\.outcome) == [.postponed(by: .seconds(90))])
        #expect(pause[0].reason.hasPrefix("the source is paused: "))
    }
}
