import Contracts
import Store
import Testing

@testable import Processor

/// What becomes of a request whose runs are closed (DESIGN section 4).
@Suite struct RequestOutcomeTests {
    private func outcome(
        done: Int = 0, failed: Int = 0, timedout: Int = 0, stop: (cause: StopCause, reason: String)? = nil
    ) -> RequestOutcome {
        RequestOutcome(
            RunCounts(
                total: done + failed + timedout, done: done, failed: failed, invalid: 0, timedout: timedout),
            stop: stop)
    }

    private func words(_ outcome: RequestOutcome) -> [String?] { [outcome.state, outcome.substate, outcome.reason] }

    @Test func itFailsOnlyWhenNothingSucceeded() {
        #expect(words(outcome(done: 3)) == ["done", nil, nil])
        #expect(words(outcome(done: 1, failed: 2)) == ["done", "partial", "2 of its 3 runs did not succeed"])
        #expect(words(outcome(failed: 2)) == ["failed", nil, "none of its 2 runs succeeded"])
        #expect(words(outcome(failed: 1)) == ["failed", nil, "its only run did not succeed"])
        #expect(words(outcome()) == ["done", "empty", "the request came to no runs"])
    }

    @Test func itTimesOutWhenAllOfItsRunsDid() {
        #expect(words(outcome(timedout: 2)) == ["timedout", nil, "all of its 2 runs timed out"])
        #expect(words(outcome(timedout: 1)) == ["timedout", nil, "its only run timed out"])
        #expect(words(outcome(failed: 1, timedout: 1)) == ["failed", nil, "none of its 2 runs succeeded"])
        #expect(words(outcome(done: 1, timedout: 1)) == ["done", "partial", "1 of its 2 runs did not succeed"])
    }

    @Test func whatWasEndedSaysWhy() {
        let cancelled = (cause: StopCause.cancelled, reason: "cancelled by key ci")
        #expect(words(outcome(failed: 3, stop: cancelled)) == ["failed", "cancelled", "cancelled by key ci"])
        #expect(words(outcome(stop: cancelled)) == ["failed", "cancelled", "cancelled by key ci"])
        #expect(
            words(outcome(done: 1, failed: 2, stop: cancelled)) == [
                "done", "partial", "cancelled by key ci; 2 of its 3 runs did not succeed",
            ])
        let late = (cause: StopCause.deadline, reason: "its deadline has passed")
        #expect(
            words(outcome(failed: 1, timedout: 2, stop: late)) == ["timedout", "deadline", "its deadline has passed"])
    }

    @Test func whatWasEndedBeforeAllOfItsRunsWereMadeIsMeasuredAgainstThose() {
        let counts = RunCounts(total: 250, done: 250, failed: 0, invalid: 0, timedout: 0)
        let late = (cause: StopCause.deadline, reason: "its deadline has passed")
        #expect(
            words(RequestOutcome(counts, wanted: 20_000, stop: late)) == [
                "done", "partial", "its deadline has passed; 19750 of its 20000 runs did not succeed",
            ])
        let none = RunCounts(total: 0, done: 0, failed: 0, invalid: 0, timedout: 0)
        #expect(
            words(RequestOutcome(none, wanted: 10, stop: late)) == ["timedout", "deadline", "its deadline has passed"])
    }

    @Test func whatWasDoneBeforeItCouldBeEndedIsDone() {
        #expect(words(outcome(done: 2, stop: (.cancelled, "cancelled"))) == ["done", nil, nil])
    }
}
