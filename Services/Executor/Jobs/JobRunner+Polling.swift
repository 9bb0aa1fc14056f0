import Contracts
import Exchanges
import Sources
import Store

// Asking how far a job is, and fetching its result.
extension JobRunner {
    func poll(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource
    ) async -> JobOutcome {
        let answer: ExchangeAnswer
        switch await perform(.status, of: exchange, externalID: job.externalID, source, until: job.deadline(kind)) {
        case .answer(let found): answer = found
        case .failure(let failure): return failed(failure, job, exchange, kind, source)
        }
        let calls = answer.calls
        switch kind.standing(in: answer.body) {
        case .running(let progress):
            return .progress(
                JobProgress(
                    claim: job.claim, after: kind.pollDelay(afterPolls: job.polls + 1, age: job.age),
                    progress: progress, calls: progress == job.progress ? [] : calls))
        case .failed(let status):
            return giveUp(
                job, exchange, .fail, substate: "job_failed", reason: "the API's job ended as \(status)",
                calls: calls,
                then: .cleaning)
        case .unreadable(let reason):
            let failure = ExchangeFailure(
                kind: .retry(after: nil), substate: "job_status", reason: reason, status: answer.status,
                calls: answer.calls)
            return failed(failure, job, exchange, kind, source)
        case .done:
            guard source.client.variables(of: .delivery) != nil else {
                return over(.answer(RecordedAnswer(exchange: exchange.id, answer)), calls: [], then: .cleaning)
            }
            guard await runner.mayCallAgain(for: exchange, until: job.deadline(kind)) else {
                return .progress(JobProgress(claim: job.claim, after: .zero, calls: calls))
            }
            switch await perform(.delivery, of: exchange, externalID: job.externalID, source, until: job.deadline(kind))
            {
            case .answer(let result):
                return over(.answer(RecordedAnswer(exchange: exchange.id, result)), calls: calls, then: .cleaning)
            case .failure(let failure): return failed(failure, job, exchange, kind, source)
            }
        }
    }

    /// A poll or the fetching of a result that brought nothing: again, until it has failed too often in a row.
    private func failed(
        _ failure: ExchangeFailure, _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob,
        _ source: PreparedSource
    ) -> JobOutcome {
        let calls = failure.calls
        let wait: Duration?
        var counts = true
        switch failure.kind {
        case .fail: wait = nil
        case .ownFault: (wait, counts) = (.milliseconds(100), false)
        case .retryLater(let after), .pauseSource(let after): (wait, counts) = (after, false)
        case .retry(let after):
            wait = patience(for: job, kind, source, retryAfter: after, hasAnswered: failure.substate == "job_status")
        case .timedOut: wait = patience(for: job, kind, source, retryAfter: nil, hasAnswered: false)
        }
        guard let wait else {
            return giveUp(
                job, exchange, failure.kind == .timedOut ? .timedOut : .fail, substate: failure.substate,
                reason: "the API could not be asked about its job: \(failure.reason)", calls: calls)
        }
        let rest = Duration.milliseconds(kind.deadlineMilliseconds) - job.age
        return .progress(
            JobProgress(
                claim: job.claim, after: max(.zero, min(wait, rest)), isFailure: counts, pause: failure.pause,
                calls: calls))
    }

    /// How long to wait after a poll that brought nothing. An API that is in trouble for a while may go on with the job: it has until its
    /// deadline. One that answers and does not say how far the job is has as many tries as any other call.
    private func patience(
        for job: DueJob, _ kind: AsynchronousJob, _ source: PreparedSource, retryAfter: Duration?, hasAnswered: Bool
    ) -> Duration? {
        let retry = source.setup.retry
        let attempt = hasAnswered ? job.tries + 1 : min(job.tries + 1, retry.attempts - 1)
        let backoff = retry.delay(afterAttempt: attempt, retryAfter: retryAfter, random: runner.random())
        if hasAnswered { return backoff }
        return max(backoff ?? .zero, kind.pollDelay(afterPolls: job.polls + job.tries, age: job.age))
    }
}
