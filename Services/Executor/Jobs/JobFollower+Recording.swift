import Assembly
import Contracts
import Logging
import Runtime
import Sources
import Store
import Synchronization

// Recording what steps came to.
extension JobFollower {
    /// What is recorded of a step.
    enum Record: Sendable {
        case submitted(SubmittedJob)
        case unknown(UnknownSubmission)
        case progress(JobProgress)
        case end(JobClaim)
        /// An exchange that waited for its job is taken up, to be recorded like any other.
        case resume(Settlement, RecordedOutcome, calls: [CallLog])
    }

    /// What becomes of a job once its exchange is recorded.
    struct Settlement: Sendable {
        let claim: JobClaim
        /// Nil: nothing is left to do.
        let phase: DueJob.Phase?
    }

    /// Records until ``finish()``; exchanges that are taken up go to `record`.
    func recordAll(_ record: @escaping @Sendable (RecordedOutcome) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.marks.run { await self.write($0) } }
            group.addTask { await self.records.run { await self.write($0, record) } }
        }
    }

    /// No further call is made.
    func finish() {
        marks.finish()
        records.finish()
    }

    private func write(_ marks: [Mark]) async {
        var own: Set<RunRequestID> = []
        // Harmless to repeat: what was noted already is answered again.
        await insist(on: "note \(Quantity(marks.count, "submission"))", logger: logger) {
            own = try await jobs.begin(marks.map(\.exchange), worker: lease.worker)
        }
        for mark in marks { mark.answer.resume(returning: own.contains(mark.exchange)) }
    }

    private func write(_ batch: [Record], _ record: @escaping @Sendable (RecordedOutcome) -> Void) async {
        var (submitted, unknown, progress, ended): ([SubmittedJob], [UnknownSubmission], [JobProgress], [JobClaim]) = (
            [], [], [], []
        )
        var resumed: [(JobClaim, calls: [CallLog])] = []
        var outcomes: [RecordedOutcome] = []
        for item in batch {
            switch item {
            case .submitted(let job): submitted.append(job)
            case .unknown(let submission): unknown.append(submission)
            case .progress(let step): progress.append(step)
            case .end(let claim): ended.append(claim)
            case .resume(let settlement, let outcome, let calls):
                resumed.append((settlement.claim, calls))
                outcomes.append(outcome)
                state.withLock { $0.settlements[settlement.claim.exchange] = settlement }
            }
        }
        let heldBack = state.withLock { $0.heldBack.intersection(progress.map(\.claim)) }
        // Harmless to repeat when an answer was lost: the claim that is recorded is over then, whoever has the next one.
        await insist(on: "record \(Quantity(batch.count, "step")) of jobs", logger: logger) {
            let worker = lease.worker
            if !submitted.isEmpty { try await jobs.record(submitted, worker: worker) }
            if !unknown.isEmpty { try await jobs.record(unknown, worker: worker) }
            if !progress.isEmpty { try await jobs.record(progress, heldBack: heldBack, worker: worker) }
            if !ended.isEmpty { try await jobs.end(ended, worker: worker) }
            if !resumed.isEmpty { try await jobs.resume(resumed, worker: worker) }
        }
        let free = submitted.map(\.claim) + unknown.map(\.claim) + progress.map(\.claim) + ended
        state.withLock { $0.leave(free) }
        for outcome in outcomes { record(outcome) }
        dispatcher.recorded(free.count, bytes: 0)
        if !free.isEmpty { ring() }
    }

    /// Exchanges are recorded: what is left to do about their jobs.
    func settle(_ exchanges: [RunRequestID]) async {
        let settlements = state.withLock { state -> [Settlement] in
            guard !state.settlements.isEmpty else { return [] }
            return exchanges.compactMap { state.settlements.removeValue(forKey: $0) }
        }
        guard !settlements.isEmpty else { return }
        let ended = settlements.filter { $0.phase == nil }.map(\.claim)
        let left = settlements.compactMap { settlement in
            settlement.phase.map { JobProgress(claim: settlement.claim, after: .zero, phase: $0) }
        }
        await insist(on: "settle \(Quantity(settlements.count, "job"))", logger: logger) {
            if !ended.isEmpty { try await jobs.end(ended, worker: lease.worker) }
            if !left.isEmpty { try await jobs.record(left, worker: lease.worker) }
        }
        state.withLock { $0.leave(settlements.map(\.claim)) }
        ring()
    }
}
