import Contracts
import Runtime
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Steps of jobs")
struct JobRunnerTests {
    private let runner = JobRunner(
        runner: ExchangeRunner(
            random: { 0.5 }, underWay: CallsUnderWay(),
            dispatcher: Dispatcher(
                limits: .init(callsMax: 1, claimMax: 1, unrecordedMax: 1, unrecordedBytesMax: 1))),
        callbacks: nil, clock: .system)
    private let ready = ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))

    /// Given up again and again it would be claimed again at once, for ever.
    @Test(arguments: [("aborting", "failed"), ("cleaning", "done"), ("polling", "failed")])
    func aJobThatIsOverEndsAlsoWhereItsSourceHasNoJobsAnyMore(phase: String, state: String) async throws {
        let exchange = ClaimedExchange(
            id: RunRequestID(UUID()), org: ready.org, source: ready.source, sourceVersion: 2, runs: [])
        let job = DueJob(
            org: ready.org, claim: .first(of: exchange.id), source: ready.source, sourceVersion: 2,
            phase: try #require(DueJob.Phase(rawValue: phase)), externalID: "job-1", exchangeState: state,
            age: .seconds(1), stillness: .seconds(1), measuredAt: .now, progress: nil, polls: 1, tries: 0,
            isHeldBack: false)
        let outcome = await runner.step(job, exchange: exchange, source: try .fixture(ready))
        guard case .end(let ended) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(ended == job.claim)
    }
}
