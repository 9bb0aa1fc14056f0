import Sources
import Store

/// What is to be done about a job of which a step is due. Pure.
enum JobPlan: Equatable {
    /// Submit it again, with the same key.
    case submit
    /// Ask the API whether it knows the job, and submit it if not.
    case lookUp
    /// Ask how far it is, and fetch the result when it is there.
    case poll
    /// Give it up: its runs end like this, and it is ended at the API.
    case giveUp(substate: String, reason: String, isTimeout: Bool)
    /// End it at the API.
    case abort
    /// Remove what it has left at the API.
    case cleanUp
    /// Nothing is left to do.
    case end

    /// How often ending or removing a job is tried.
    static let farewellTriesMax = 5
    /// How long a try of that waits for a further call to begin, such as one with another token: the time of its job may be over long since.
    static let farewellPatience: Duration = .seconds(60)

    /// - Parameters:
    ///   - setup: of the source; without ``SourceSetup/job`` it has no jobs any more.
    ///   - steps: what the source has templates for.
    init(for job: DueJob, setup: SourceSetup, steps: Set<SourceStep>) {
        guard let kind = setup.job else {
            self =
                job.isWanted
                ? .giveUp(
                    substate: "job_lost", reason: "the source does not describe jobs any more", isTimeout: false)
                : .end
            return
        }
        guard job.isWanted, job.phase != .aborting, job.phase != .cleaning else {
            self = Self.farewell(to: job, steps)
            return
        }
        if job.age >= .milliseconds(kind.deadlineMilliseconds) {
            self = .giveUp(
                substate: "job_deadline",
                reason: "the API's job was not done within \(kind.deadlineMilliseconds / 1000) s (deadline)",
                isTimeout: true)
            return
        }
        switch job.phase {
        case .submitting, .unknown:
            switch kind.unknownSubmission {
            case .submitAgain: self = .submit
            case .lookUp: self = steps.contains(.lookup) ? .lookUp : .submit
            case .fail:
                self = .giveUp(
                    substate: "submission_unknown",
                    reason:
                        "nobody knows whether the API has taken the job, and the source says not to submit it again (unknown_submission)",
                    isTimeout: false)
            }
        case .polling, .aborting, .cleaning:
            if let limit = kind.noProgressMilliseconds, job.stillness >= .milliseconds(limit) {
                self = .giveUp(
                    substate: "job_stalled",
                    reason: "the API's job made no progress for \(limit / 1000) s (no_progress)",
                    isTimeout: true)
            } else {
                self = .poll
            }
        }
    }

    /// What is still to be done about a job whose result nobody waits for.
    private static func farewell(to job: DueJob, _ steps: Set<SourceStep>) -> JobPlan {
        guard job.externalID != nil else { return .end }
        // A result that is stored, or a job that failed by itself, needs no ending.
        let isOver = job.phase == .cleaning || job.exchangeState == "done"
        // What failed before, such as polls, does not count; and what cannot be ended is removed all the same.
        if !isOver, steps.contains(.abort), job.phase != .aborting || job.tries < farewellTriesMax { return .abort }
        return steps.contains(.cleanup) && (job.phase != .cleaning || job.tries < farewellTriesMax) ? .cleanUp : .end
    }
}

extension DueJob {
    /// Whether anybody waits for its result.
    var isWanted: Bool { exchangeState == "waiting" || exchangeState == "in_progress" }

    /// When its time is over.
    func deadline(_ kind: AsynchronousJob) -> ContinuousClock.Instant {
        moment(ofAge: .milliseconds(kind.deadlineMilliseconds))
    }
}
