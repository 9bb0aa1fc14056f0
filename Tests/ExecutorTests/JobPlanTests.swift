import Contracts
import JSON
import Mapping
import Sources
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("What is done about a job")
struct JobPlanTests {
    private static let all = Set(SourceStep.allCases)
    private let claimedAt = ContinuousClock.now

    private func job(
        _ phase: DueJob.Phase, externalID: String? = "job-1", exchange: String = "waiting",
        age: Duration = .seconds(10), stillness: Duration = .zero, tries: Int = 0
    ) -> DueJob {
        DueJob(
            org: OrgID(UUID()), claim: .first(of: RunRequestID(UUID())), source: SourceID(UUID()), sourceVersion: 1,
            phase: phase, externalID: externalID, exchangeState: exchange, age: age, stillness: stillness,
            measuredAt: claimedAt, progress: nil, polls: 0, tries: tries, isHeldBack: false)
    }

    private func setup(_ policy: AsynchronousJob.UnknownSubmission = .submitAgain) -> SourceSetup {
        SourceSetup(
            job: AsynchronousJob(
                externalID: ["id"], status: ["status"], done: ["completed"], deadlineMilliseconds: 60_000,
                noProgressMilliseconds: 20_000, unknownSubmission: policy))
    }

    private func plan(
        _ job: DueJob, _ policy: AsynchronousJob.UnknownSubmission = .submitAgain, steps: Set<SourceStep> = all
    ) -> JobPlan {
        JobPlan(for: job, setup: setup(policy), steps: steps)
    }

    @Test func aJobWithAnIDIsPolledUntilItTakesTooLong() {
        #expect(plan(job(.polling)) == .poll)
        #expect(substate(plan(job(.polling, age: .seconds(60)))) == "job_deadline")
        #expect(substate(plan(job(.polling, stillness: .seconds(20)))) == "job_stalled")
    }

    @Test func theTimeThatAStepHasWaitedForItsTurnCounts() {
        let waiting = job(.polling, age: .seconds(10), stillness: .seconds(10))
        #expect(plan(waiting.aged(claimedAt + .seconds(9))) == .poll)
        #expect(substate(plan(waiting.aged(claimedAt + .seconds(10)))) == "job_stalled")
        #expect(substate(plan(waiting.aged(claimedAt + .seconds(50)))) == "job_deadline")
    }

    @Test func anUnknownSubmissionFollowsThePolicyOfItsSource() {
        let unknown = job(.unknown, externalID: nil)
        #expect(plan(unknown, .submitAgain) == .submit)
        #expect(plan(unknown, .lookUp) == .lookUp)
        #expect(plan(unknown, .lookUp, steps: [.run, .status]) == .submit)
        #expect(substate(plan(unknown, .fail)) == "submission_unknown")
        #expect(substate(plan(job(.unknown, externalID: nil, age: .seconds(60)))) == "job_deadline")
    }

    @Test func whatNobodyWantsIsAbortedAndCleanedUp() {
        #expect(plan(job(.polling, exchange: "failed")) == .abort)
        #expect(plan(job(.polling, exchange: "timedout"), steps: [.run, .status, .cleanup]) == .cleanUp)
        #expect(plan(job(.polling, exchange: "failed"), steps: [.run, .status]) == .end)
        #expect(plan(job(.unknown, externalID: nil, exchange: "failed")) == .end)
        let tries = JobPlan.farewellTriesMax
        #expect(plan(job(.aborting, exchange: "failed", tries: tries)) == .cleanUp)
        #expect(plan(job(.aborting, exchange: "failed", tries: tries), steps: [.run, .status, .abort]) == .end)
        #expect(plan(job(.cleaning, exchange: "failed", tries: tries)) == .end)
    }

    @Test func pollsThatFailedAreNoTriesOfEndingIt() {
        #expect(plan(job(.polling, exchange: "failed", tries: 9)) == .abort)
        #expect(plan(job(.polling, exchange: "done", tries: 9)) == .cleanUp)
    }

    @Test func whatIsDoneIsOnlyCleanedUp() {
        #expect(plan(job(.polling, exchange: "done")) == .cleanUp)
        #expect(plan(job(.cleaning, exchange: "failed")) == .cleanUp)
    }

    @Test func aSourceThatHasNoJobsAnyMoreLosesThem() {
        let plain = SourceSetup()
        #expect(substate(JobPlan(for: job(.polling), setup: plain, steps: [.run])) == "job_lost")
        #expect(JobPlan(for: job(.polling, exchange: "done"), setup: plain, steps: [.run]) == .end)
    }

    private func substate(_ plan: JobPlan) -> String? {
        if case .giveUp(let substate, _, _) = plan { substate } else { nil }
    }
}
