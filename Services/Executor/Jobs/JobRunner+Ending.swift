import Contracts
import Exchanges
import Sources
import Store

// Giving a job up, ending it at the API, and removing what it left there.
extension JobRunner {
    /// What becomes of a job without a call: its time is over, or nobody wants it any more. Nil: there is a step to be taken.
    func outcomeWithoutCall(_ job: DueJob, exchange: ClaimedExchange, source: PreparedSource) -> JobOutcome? {
        switch plan(for: job, source) {
        case .giveUp(let substate, let reason, let isTimeout):
            giveUp(job, exchange, isTimeout ? .timedOut : .fail, substate: substate, reason: reason, calls: [])
        // Calls that are made when the source can be called.
        case .abort: .progress(JobProgress(claim: job.claim, after: .zero, phase: .aborting))
        case .cleanUp: .progress(JobProgress(claim: job.claim, after: .zero, phase: .cleaning))
        case .end: .end(job.claim)
        case .submit, .lookUp, .poll: nil
        }
    }

    /// What becomes of a job whose source cannot be used; nil: it waits for somebody to mend the source.
    ///
    /// - Parameter isLate: whether it had all the time that a job may take.
    func outcome(of job: DueJob, after unusable: UnusableSource, isLate: Bool) -> JobOutcome? {
        guard job.isWanted, job.phase != .aborting, job.phase != .cleaning else {
            guard unusable.isStored, job.externalID != nil, job.tries < JobPlan.farewellTriesMax else {
                return .end(job.claim)
            }
            let phase = job.phase == .cleaning ? job.phase : .aborting
            return .progress(JobProgress(claim: job.claim, after: .seconds(30), phase: phase, isFailure: true))
        }
        guard isLate || !unusable.isStored else { return nil }
        let exchange = ClaimedExchange(
            id: job.exchange, org: job.org, source: job.source, sourceVersion: job.sourceVersion, runs: job.runs)
        guard unusable.isStored else {
            return giveUp(job, exchange, .fail, substate: "job_lost", reason: unusable.reason, calls: [])
        }
        return giveUp(
            job, exchange, .timedOut, substate: "job_deadline",
            reason: "the API's job was not done within its time: \(unusable.reason)", calls: [])
    }

    func giveUp(
        _ job: DueJob, _ exchange: ClaimedExchange, _ kind: ExchangeFailure.Kind,
        substate: String, reason: String, calls: [CallLog], then phase: DueJob.Phase = .aborting
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
    ///
    /// - Parameter phase: what comes next; nil: nothing.
    func farewell(
        _ step: SourceStep, _ job: DueJob, _ exchange: ClaimedExchange, _ source: PreparedSource,
        then phase: DueJob.Phase?
    ) async -> JobOutcome {
        let outcome = await perform(
            step, of: exchange, externalID: job.externalID, source, until: .now + JobPlan.farewellPatience)
        // Refused for good, such as a job that has ended meanwhile: on to what comes next as well.
        guard case .failure(let failure) = outcome, failure.kind != .fail else {
            guard let phase else { return .end(job.claim) }
            return .progress(JobProgress(claim: job.claim, after: .zero, phase: phase, calls: outcome.calls))
        }
        let own: DueJob.Phase = step == .abort ? .aborting : .cleaning
        let tries = job.phase == own ? job.tries : 0
        let delay = source.setup.retry.delay(afterAttempt: 1, retryAfter: nil, random: runner.random()) ?? .seconds(1)
        return .progress(
            JobProgress(
                claim: job.claim, after: delay * (1 << tries), phase: own, isFailure: true, pause: failure.pause,
                calls: failure.calls))
    }
}
