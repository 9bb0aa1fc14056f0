import Contracts
import Exchanges
import Sources
import Store

// Submitting a job, once or until it is known that the API has it.
extension JobRunner {
    /// Submits a job for an exchange of which was noted that it is about to be.
    func submit(_ exchange: ClaimedExchange, source: PreparedSource, kind: AsynchronousJob) async -> JobOutcome {
        let claim = JobClaim.first(of: exchange.id)
        // Not aborted when nobody wants it any more: only who knows its id can end it at the API.
        let end = ContinuousClock.now + .milliseconds(kind.deadlineMilliseconds)
        switch await perform(.run, of: exchange, externalID: nil, source, until: end) {
        case .answer(let answer):
            return submitted(claim, answer, kind, externalID: kind.externalID(in: answer.body), exchange, source)
        case .failure(let failure) where failure.isSubmissionUnknown:
            return .unknown(unknown(claim, failure, tries: 0, source))
        case .failure(let failure):
            return .over(.failure(recorded(failure, of: exchange, source)), calls: [], then: nil)
        }
    }

    private func submitted(
        _ claim: JobClaim, _ answer: ExchangeAnswer, _ kind: AsynchronousJob, externalID: String?,
        _ exchange: ClaimedExchange, _ source: PreparedSource
    ) -> JobOutcome {
        if answer.noData != nil {
            return .over(.answer(RecordedAnswer(exchange: exchange.id, answer)), calls: [], then: nil)
        }
        guard let externalID else {
            let failure = ExchangeFailure(
                kind: .fail, substate: "no_external_id",
                reason: "the API took the job, but its answer has no id for it where external_id says",
                status: answer.status, calls: answer.calls)
            return .over(.failure(recorded(failure, of: exchange, source)), calls: [], then: nil)
        }
        return .submitted(
            SubmittedJob(
                claim: claim, externalID: externalID, pollAfter: kind.pollDelay(afterPolls: 0, age: .zero),
                calls: answer.calls))
    }

    private func unknown(
        _ claim: JobClaim, _ failure: ExchangeFailure, tries: Int, _ source: PreparedSource,
        preceded calls: [CallLog] = []
    ) -> UnknownSubmission {
        let after: Duration?
        switch failure.kind {
        case .retry(let wait): after = wait
        case .retryLater(let wait), .pauseSource(let wait): after = wait
        case .timedOut, .fail, .ownFault: after = nil
        }
        return UnknownSubmission(
            claim: claim, reason: "nobody knows whether the API has taken the job: \(failure.reason)",
            after: source.setup.retry.delay(
                afterAttempt: min(tries + 1, source.setup.retry.attempts - 1), retryAfter: after,
                random: runner.random())
                ?? .seconds(1),
            pause: failure.pause, calls: calls + failure.calls)
    }

    func submitAgain(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource,
        isKnownToBeMissing: Bool = false, calls: [CallLog] = []
    ) async -> JobOutcome {
        guard job.tries < source.setup.retry.attempts else {
            return giveUp(
                job, exchange, .fail, substate: "submission_unknown",
                reason: "nobody knows whether the API has taken the job; \(job.tries) tries to find out were in vain",
                calls: calls)
        }
        switch await perform(.run, of: exchange, externalID: nil, source, until: job.deadline(kind)) {
        case .answer(let answer):
            switch submitted(
                job.claim, answer, kind, externalID: kind.externalID(in: answer.body), exchange, source)
            {
            case .submitted(let submitted): return .submitted(submitted.preceded(by: calls))
            case .over(let outcome, _, let phase): return over(outcome, calls: calls, then: phase)
            case let other: return other
            }
        // What the API said to this one says nothing of the one before: with another key it might do the job twice.
        case .failure(let failure)
        where failure.isSubmissionUnknown || failure.kind != .fail && !isKnownToBeMissing:
            return .unknown(unknown(job.claim, failure, tries: job.tries, source, preceded: calls))
        case .failure(let failure):
            return over(.failure(recorded(failure, of: exchange, source)), calls: calls, then: nil)
        }
    }

    func lookUp(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource
    ) async -> JobOutcome {
        switch await perform(.lookup, of: exchange, externalID: nil, source, until: job.deadline(kind)) {
        case .answer(let answer):
            if answer.noData == nil, let id = kind.externalID(inLookup: answer.body) {
                return submitted(job.claim, answer, kind, externalID: id, exchange, source)
            }
            guard await runner.mayCallAgain(for: exchange, until: job.deadline(kind)) else {
                return .progress(JobProgress(claim: job.claim, after: .zero))
            }
            return await submitAgain(
                job, exchange, kind, source, isKnownToBeMissing: true, calls: answer.calls)
        case .failure(let failure):
            guard job.tries < source.setup.retry.attempts, failure.kind != .fail else {
                return giveUp(
                    job, exchange, .fail, substate: "submission_unknown",
                    reason:
                        "nobody knows whether the API has taken the job, and looking it up failed: \(failure.reason)",
                    calls: failure.calls)
            }
            return .unknown(unknown(job.claim, failure, tries: job.tries, source))
        }
    }
}

extension ExchangeFailure {
    /// Whether the API may have taken a job although no answer of its own says so: the connection broke, the time was over, or only a
    /// gateway in front of it answered.
    var isSubmissionUnknown: Bool {
        guard mayHaveBeenSent else { return false }
        return status == nil || status == 502 || status == 504
    }
}

extension SubmittedJob {
    fileprivate func preceded(by calls: [CallLog]) -> SubmittedJob {
        SubmittedJob(claim: claim, externalID: externalID, pollAfter: pollAfter, calls: calls + self.calls)
    }
}
