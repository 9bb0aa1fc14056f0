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

    /// Takes the step of a job that is due.
    func step(_ job: DueJob, exchange: ClaimedExchange, source: PreparedSource) async -> JobOutcome {
        let plan = plan(for: job, source)
        switch plan {
        case .submit, .lookUp, .poll:
            guard let kind = source.setup.job else { return .end(job.claim) }
            switch plan {
            case .submit: return await submitAgain(job, exchange, kind, source)
            case .lookUp: return await lookUp(job, exchange, kind, source)
            default: return await poll(job, exchange, kind, source)
            }
        case .giveUp(let substate, let reason, let isTimeout):
            return giveUp(
                job, exchange, isTimeout ? .timedOut : .fail, substate: substate, reason: reason, calls: [])
        case .abort: return await farewell(.abort, job, exchange, source, then: .cleaning)
        case .cleanUp: return await farewell(.cleanup, job, exchange, source, then: nil)
        case .end: return .end(job.claim)
        }
    }

    func plan(for job: DueJob, _ source: PreparedSource) -> JobPlan {
        let steps = Set(SourceStep.allCases.filter { source.client.variables(of: $0) != nil })
        return JobPlan(for: job, setup: source.setup, steps: steps)
    }

    /// - Parameter end: how long further calls of the step wait for their start.
    func perform(
        _ step: SourceStep, of exchange: ClaimedExchange, externalID: String?, _ source: PreparedSource,
        until end: ContinuousClock.Instant
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
        return await runner.perform(step, of: exchange, source: source, isJobStep: true, until: end) { name in
            switch name {
            case "run_external_id": externalID.map { TemplateVariable(.string($0)) }
            case "submission_key": TemplateVariable(.string(exchange.id.description))
            case "callback_url": callback.map { TemplateVariable(.string($0)) }
            default: nil
            }
        }
    }

    func recorded(
        _ failure: ExchangeFailure, of exchange: ClaimedExchange, _ source: PreparedSource
    ) -> RecordedFailure {
        let verdicts = RunVerdicts(attempts: exchange.runs.map(\.attempt), retry: source.setup.retry)
        return RecordedFailure(exchange: exchange.id, failure, verdicts.of(failure, random: runner.random()))
    }

    /// The lines of an exchange that waited for its job are written before it is taken up: none stays in what is recorded then.
    func over(_ outcome: RecordedOutcome, calls: [CallLog], then phase: DueJob.Phase?) -> JobOutcome {
        switch outcome {
        case .answer(let answer): .over(.answer(answer.withoutCalls), calls: calls + answer.calls, then: phase)
        case .failure(let failure): .over(.failure(failure.withoutCalls), calls: calls + failure.calls, then: phase)
        }
    }
}
