import Contracts
import Exchanges
import JSON
import Runtime
import Sources
import Store
import Templates

/// Takes one step of a job at an API: submits, polls, fetches, ends it. It decides nothing about other jobs.
struct JobRunner: Sendable {
    let runner: ExchangeRunner
    /// Where APIs say that something has happened to a job; nil when nothing was set.
    let callbacks: CallbackLinks?
    let clock: WallClock

    // MARK: Submitting

    /// Submits a job for an exchange of which was noted that it is about to be.
    func submit(_ exchange: ClaimedExchange, source: PreparedSource, kind: AsynchronousJob) async -> JobOutcome {
        // Not aborted when nobody wants it any more: only who knows its id can end it at the API.
        switch await perform(.run, of: exchange, externalID: nil, source) {
        case .answer(let answer):
            return submitted(exchange, answer, kind, externalID: kind.externalID(in: answer.body), source)
        case .failure(let failure) where failure.isSubmissionUnknown:
            return .unknown(unknown(exchange, failure, tries: 0, source))
        case .failure(let failure):
            return .over(.failure(recorded(failure, of: exchange, source)), calls: [], then: nil)
        }
    }

    private func submitted(
        _ exchange: ClaimedExchange, _ answer: ExchangeAnswer, _ kind: AsynchronousJob, externalID: String?,
        _ source: PreparedSource
    ) -> JobOutcome {
        if answer.noData != nil {
            return .over(.answer(RecordedAnswer(exchange: exchange.id, answer)), calls: [], then: nil)
        }
        guard let externalID else {
            let failure = ExchangeFailure(
                kind: .fail, substate: "no_external_id",
                reason: "the API took the job, but its answer has no id for it where external_id says",
                status: answer.status, responseBytes: answer.body.count, calls: answer.calls)
            return .over(.failure(recorded(failure, of: exchange, source)), calls: [], then: nil)
        }
        return .submitted(
            SubmittedJob(
                exchange: exchange.id, externalID: externalID, pollAfter: kind.pollDelay(afterPolls: 0, age: .zero),
                calls: answer.calls.map(ExchangeLog.init)))
    }

    private func unknown(
        _ exchange: ClaimedExchange, _ failure: ExchangeFailure, tries: Int, _ source: PreparedSource,
        preceded calls: [ExchangeLog] = []
    ) -> UnknownSubmission {
        let after: Duration?
        switch failure.kind {
        case .retry(let wait): after = wait
        case .retryLater(let wait), .pauseSource(let wait): after = wait
        case .timedOut, .fail, .ownFault: after = nil
        }
        return UnknownSubmission(
            exchange: exchange.id, reason: "nobody knows whether the API has taken the job: \(failure.reason)",
            after: source.setup.retry.delay(
                afterAttempt: min(tries + 1, source.setup.retry.attempts - 1), retryAfter: after,
                random: runner.random())
                ?? .seconds(1),
            calls: calls + failure.calls.map(ExchangeLog.init))
    }

    // MARK: Following

    /// Takes the step of a job that is due.
    func step(_ job: DueJob, exchange: ClaimedExchange, source: PreparedSource) async -> JobOutcome {
        let steps = Set(SourceStep.allCases.filter { source.client.variables(of: $0) != nil })
        let plan = JobPlan(for: job, setup: source.setup, steps: steps)
        switch plan {
        case .submit, .lookUp, .poll:
            guard let kind = source.setup.job else { return .end(job.exchange) }
            switch plan {
            case .submit: return await submitAgain(job, exchange, kind, source)
            case .lookUp: return await lookUp(job, exchange, kind, source)
            default: return await poll(job, exchange, kind, source)
            }
        case .giveUp(let substate, let reason, let isTimeout):
            return giveUp(
                job, exchange, source, isTimeout ? .timedOut : .fail, substate: substate, reason: reason, calls: [])
        case .abort: return await farewell(.abort, job, exchange, source, then: .cleaning)
        case .cleanUp: return await farewell(.cleanup, job, exchange, source, then: nil)
        case .end: return .end(job.exchange)
        }
    }

    private func submitAgain(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource,
        isKnownToBeMissing: Bool = false, calls: [ExchangeLog] = []
    ) async -> JobOutcome {
        guard job.tries < source.setup.retry.attempts else {
            return giveUp(
                job, exchange, source, .fail, substate: "submission_unknown",
                reason: "nobody knows whether the API has taken the job; \(job.tries) tries to find out were in vain",
                calls: calls)
        }
        switch await perform(.run, of: exchange, externalID: nil, source) {
        case .answer(let answer):
            switch submitted(exchange, answer, kind, externalID: kind.externalID(in: answer.body), source) {
            case .submitted(let submitted): return .submitted(submitted.preceded(by: calls))
            case .over(let outcome, _, let phase): return over(outcome, calls: calls, then: phase)
            case let other: return other
            }
        // What the API said to this one says nothing of the one before: with another key it might do the job twice.
        case .failure(let failure)
        where failure.isSubmissionUnknown || failure.kind != .fail && !isKnownToBeMissing:
            return .unknown(unknown(exchange, failure, tries: job.tries, source, preceded: calls))
        case .failure(let failure):
            return over(.failure(recorded(failure, of: exchange, source)), calls: calls, then: nil)
        }
    }

    private func lookUp(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource
    ) async -> JobOutcome {
        switch await perform(.lookup, of: exchange, externalID: nil, source) {
        case .answer(let answer):
            if answer.noData == nil, let id = kind.externalID(inLookup: answer.body) {
                return submitted(exchange, answer, kind, externalID: id, source)
            }
            guard await runner.mayCallAgain(for: exchange) else {
                return .progress(JobProgress(exchange: job.exchange, after: .zero))
            }
            return await submitAgain(
                job, exchange, kind, source, isKnownToBeMissing: true, calls: answer.calls.map(ExchangeLog.init))
        case .failure(let failure):
            guard job.tries < source.setup.retry.attempts, failure.kind != .fail else {
                return giveUp(
                    job, exchange, source, .fail, substate: "submission_unknown",
                    reason:
                        "nobody knows whether the API has taken the job, and looking it up failed: \(failure.reason)",
                    calls: failure.calls.map(ExchangeLog.init))
            }
            return .unknown(unknown(exchange, failure, tries: job.tries, source))
        }
    }

    private func poll(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: AsynchronousJob, _ source: PreparedSource
    ) async -> JobOutcome {
        let answer: ExchangeAnswer
        switch await perform(.status, of: exchange, externalID: job.externalID, source) {
        case .answer(let found): answer = found
        case .failure(let failure): return failed(failure, job, exchange, kind, source)
        }
        let calls = answer.calls.map(ExchangeLog.init)
        switch kind.standing(in: answer.body) {
        case .running(let progress):
            return .progress(
                JobProgress(
                    exchange: job.exchange, after: kind.pollDelay(afterPolls: job.polls + 1, age: job.age),
                    progress: progress, calls: progress == job.progress ? [] : calls))
        case .failed(let status):
            return giveUp(
                job, exchange, source, .fail, substate: "job_failed", reason: "the API's job ended as \(status)",
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
            guard await runner.mayCallAgain(for: exchange) else {
                return .progress(JobProgress(exchange: job.exchange, after: .zero, calls: calls))
            }
            switch await perform(.delivery, of: exchange, externalID: job.externalID, source) {
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
        let calls = failure.calls.map(ExchangeLog.init)
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
                job, exchange, source, failure.kind == .timedOut ? .timedOut : .fail, substate: failure.substate,
                reason: "the API could not be asked about its job: \(failure.reason)", calls: calls)
        }
        let rest = Duration.milliseconds(kind.deadlineMilliseconds) - job.age
        return .progress(
            JobProgress(
                exchange: job.exchange, after: max(.zero, min(wait, rest)), isFailure: counts, calls: calls))
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

    private func giveUp(
        _ job: DueJob, _ exchange: ClaimedExchange, _ source: PreparedSource, _ kind: ExchangeFailure.Kind,
        substate: String, reason: String, calls: [ExchangeLog], then phase: DueJob.Phase = .aborting
    ) -> JobOutcome {
        let isTimeout = kind == .timedOut
        let verdicts = Set(exchange.runs.map(\.attempt)).sorted().map { attempt in
            RecordedFailure.Verdict(attempt: attempt, outcome: isTimeout ? .timedout : .failed, reason: reason)
        }
        return over(
            .failure(
                RecordedFailure(
                    exchange: exchange.id, isTimeout: isTimeout, substate: substate, reason: reason,
                    verdicts: verdicts, calls: [])),
            calls: calls, then: job.externalID == nil ? nil : phase)
    }

    /// Ends a job at the API or removes what it left; that this fails is no fault of its runs.
    private func farewell(
        _ step: SourceStep, _ job: DueJob, _ exchange: ClaimedExchange, _ source: PreparedSource,
        then phase: DueJob.Phase?
    ) async -> JobOutcome {
        switch await perform(step, of: exchange, externalID: job.externalID, source) {
        case .answer(let answer):
            guard let phase else { return .end(job.exchange) }
            return .progress(
                JobProgress(
                    exchange: job.exchange, after: .zero, phase: phase, calls: answer.calls.map(ExchangeLog.init)))
        case .failure(let failure):
            // Refused for good, such as a job that has ended meanwhile: on to what comes next.
            if failure.kind == .fail {
                guard let phase else { return .end(job.exchange) }
                return .progress(
                    JobProgress(
                        exchange: job.exchange, after: .zero, phase: phase, calls: failure.calls.map(ExchangeLog.init)))
            }
            let tries = job.phase == (step == .abort ? .aborting : .cleaning) ? job.tries : 0
            return .progress(
                JobProgress(
                    exchange: job.exchange,
                    after: source.setup.retry.delay(
                        afterAttempt: 1, retryAfter: nil, random: runner.random()
                    ).map { $0 * (1 << tries) }
                        ?? .seconds(1),
                    phase: step == .abort ? .aborting : .cleaning, isFailure: true,
                    calls: failure.calls.map(ExchangeLog.init)))
        }
    }

    // MARK: Calling

    private func perform(
        _ step: SourceStep, of exchange: ClaimedExchange, externalID: String?, _ source: PreparedSource
    ) async -> ExchangeOutcome {
        var callback: String?
        if source.client.variables(of: step)?.contains("callback_url") == true {
            guard let callbacks, let kind = source.setup.job else {
                return .failure(
                    ExchangeFailure(
                        kind: .fail, substate: "template",
                        reason:
                            "the request could not be made: <<$callback_url>> needs WEIR_PUBLIC_URL and WEIR_SIGNING_KEY"
                    ))
            }
            let expires = clock.millisecondsSinceEpoch() / 1000 + Int64(kind.deadlineMilliseconds / 1000) + 86_400
            callback = callbacks.link(to: exchange.id, expires: expires)
        }
        return await runner.perform(step, of: exchange, source: source, isJobStep: true) { name in
            switch name {
            case "run_external_id": externalID.map { TemplateVariable(.string($0)) }
            case "submission_key": TemplateVariable(.string(exchange.id.description))
            case "callback_url": callback.map { TemplateVariable(.string($0)) }
            default: nil
            }
        }
    }

    private func recorded(
        _ failure: ExchangeFailure, of exchange: ClaimedExchange, _ source: PreparedSource
    ) -> RecordedFailure {
        let verdicts = RunVerdicts(attempts: exchange.runs.map(\.attempt), retry: source.setup.retry)
        return RecordedFailure(exchange: exchange.id, failure, verdicts.of(failure, random: runner.random()))
    }

    /// The lines of an exchange that waited for its job are written before it is taken up: none stays in what is recorded then.
    private func over(_ outcome: RecordedOutcome, calls: [ExchangeLog], then phase: DueJob.Phase?) -> JobOutcome {
        switch outcome {
        case .answer(let answer): .over(.answer(answer.withoutCalls), calls: calls + answer.calls, then: phase)
        case .failure(let failure): .over(.failure(failure.withoutCalls), calls: calls + failure.calls, then: phase)
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
    fileprivate func preceded(by calls: [ExchangeLog]) -> SubmittedJob {
        SubmittedJob(exchange: exchange, externalID: externalID, pollAfter: pollAfter, calls: calls + self.calls)
    }
}
