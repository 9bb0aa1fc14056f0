import Contracts
import Exchanges
import JSON
import Mapping
import Runtime
import Sources
import Synchronization
import Templates

/// Runs the templates of a source once. Nothing of it is stored.
final class SourceTrial: Sendable {
    private let source: TrialSource
    private let client: SourceClient
    private let values: TrialValues
    /// How long a job may take.
    private let wait: Duration
    /// Sees each step as soon as it is over.
    private let show: @Sendable (TrialStep) -> Void
    private let recorder = CallRecorder()

    init(
        _ source: TrialSource, client: SourceClient, values: TrialValues, wait: Duration,
        show: @escaping @Sendable (TrialStep) -> Void
    ) {
        self.source = source
        self.client = client
        self.values = values
        self.wait = wait
        self.show = show
    }

    /// The whole exchange: the answer that is mapped.
    func answer() async throws -> ExchangeAnswer {
        guard let job = source.setup.job else { return try await perform(.run) }
        return try await answer(ofJob: job)
    }

    /// One step alone.
    func perform(_ step: SourceStep, externalID: String? = nil) async throws -> ExchangeAnswer {
        let outcome = await call(step, externalID)
        note(step, outcome)
        return try Self.answer(of: outcome, step)
    }

    // MARK: Jobs

    private func answer(ofJob job: AsynchronousJob) async throws -> ExchangeAnswer {
        // To its end, whoever interrupts: a job whose number nobody knows could not be ended.
        let submitted = try await shielded { try await self.perform(.run) }
        if submitted.noData != nil { return submitted }
        guard let externalID = job.externalID(in: submitted.body) else {
            throw CommandError(
                "The API took the job, but its answer has no number for it at \(job.externalID.json)",
                remedy: "Correct job.external_id of \(source.key)")
        }
        let answer: ExchangeAnswer
        do {
            answer = try await follow(job, externalID)
        } catch let ended as JobEnded {
            await leave(externalID, isOver: true)
            throw CommandError(ended.reason, remedy: "The last answer above may say why")
        } catch {
            await leave(externalID, isOver: false)
            throw error
        }
        await leave(externalID, isOver: true)
        return answer
    }

    private func follow(_ job: AsynchronousJob, _ externalID: String) async throws -> ExchangeAnswer {
        let began = ContinuousClock.now
        var (polls, failures) = (0, 0)
        while true {
            let age = ContinuousClock.now - began
            guard age < wait else {
                throw CommandError(
                    "The job \(externalID) was not done within \(DurationText.of(wait))",
                    remedy: "Give it more time with --wait, or check job.done of \(source.key)")
            }
            // As seldom as the source says that its API may be polled.
            try await Task.sleep(for: min(job.pollDelay(afterPolls: polls, age: age), wait - age))
            let outcome = await call(.status, externalID)
            try Task.checkCancellation()
            polls += 1
            guard case .answer(let answer) = outcome else {
                note(.status, outcome)
                failures += 1
                if case .failure(let failure) = outcome,
                    failure.kind == .fail || failures >= source.setup.retry.attempts
                {
                    _ = try Self.answer(of: outcome, .status)
                }
                continue
            }
            failures = 0
            switch job.standing(in: answer.body) {
            case .running(let standing):
                note(.status, outcome, "the job is at it: \(standing)", isRepeated: polls > 1)
            case .failed(let status):
                note(.status, outcome, "the job ended as \(status)", isSuccess: false)
                throw JobEnded(reason: "The API's job ended as \(status)")
            case .unreadable(let reason):
                note(.status, outcome, reason, isSuccess: false)
                throw CommandError(
                    "The job's status cannot be read: \(reason)", remedy: "Correct job.status of \(source.key)")
            case .done:
                note(.status, outcome, "the job is done")
                return source.templates[.delivery] == nil
                    ? answer : try await perform(.delivery, externalID: externalID)
            }
        }
    }

    /// Leaves nothing at the API, also when the command is being interrupted.
    private func leave(_ externalID: String, isOver: Bool) async {
        let steps: [SourceStep] = isOver ? [.cleanup] : [.abort, .cleanup]
        try? await shielded {
            for step in steps where self.source.templates[step] != nil {
                self.note(step, await self.call(step, externalID))
            }
        }
    }

    // MARK: Calls

    private func call(_ step: SourceStep, _ externalID: String?) async -> ExchangeOutcome {
        await client.perform(
            step,
            variables: { name in
                if name == "run_external_id", let externalID { return TemplateVariable(.string(externalID)) }
                return values.variable(name)
            }, observer: recorder)
    }

    private func note(
        _ step: SourceStep, _ outcome: ExchangeOutcome, _ words: String? = nil, isSuccess: Bool = true,
        isRepeated: Bool = false
    ) {
        let (text, isAnswer) =
            switch outcome {
            case .answer(let answer):
                (
                    words ?? answer.noData ?? "an answer of \(Quantity(answer.body.count, "byte"))"
                        + (answer.pages.map { " on \(Quantity($0, "page"))" } ?? ""), isSuccess
                )
            case .failure(let failure): (failure.reason, false)
            }
        show(
            TrialStep(
                step: step, calls: recorder.take(), outcome: text, isSuccess: isAnswer, isRepeated: isRepeated))
    }

    private static func answer(of outcome: ExchangeOutcome, _ step: SourceStep) throws -> ExchangeAnswer {
        switch outcome {
        case .answer(let answer): return answer
        case .failure(let failure):
            if failure.substate == "cancelled" { throw CancellationError() }
            throw CommandError(
                "The step \(step.rawValue) brought nothing: \(failure.reason)", remedy: failure.trialRemedy)
        }
    }
}

/// A job has come to its end at the API without a result.
private struct JobEnded: Error {
    let reason: String
}

extension ExchangeFailure {
    /// What somebody who tries a source out can do about it.
    fileprivate var trialRemedy: String? {
        switch substate {
        case "template" where reason.contains("no value for"):
            "Give objects with --object NAME and everything else with --input NAME=VALUE"
        case "address_refused":
            "To call it all the same, list its network: WEIR_OUTBOUND_ALLOW=127.0.0.0/8 (docs/outbound.md)"
        case "secret_missing": "Secrets are read from this command's environment, as the services read theirs"
        default: nil
        }
    }
}
