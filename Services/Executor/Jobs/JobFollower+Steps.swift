import Contracts
import Runtime
import Sources
import Store
import Synchronization

// Taking steps.
extension JobFollower {
    /// An exchange that is about to be submitted, and whoever waits for the note of it to be on disk.
    struct Mark: Sendable {
        let exchange: RunRequestID
        let answer: CheckedContinuation<Bool, Never>
    }

    /// Makes an exchange of a source with jobs, or the step of a job that is due.
    ///
    /// - Returns: what is to be recorded at once as any other exchange; nil when this follower records it, and how many bytes that has.
    func make(_ call: Call) async -> (outcome: RecordedOutcome?, bytes: Int) {
        if let job = call.job {
            // It may have waited for its turn.
            let outcome = await runner.step(job.aged(.now), exchange: call.exchange, source: call.source)
            return (nil, submit(outcome, of: job.claim))
        }
        guard let kind = call.source.setup.job, await mark(call.exchange.id) else {
            forget(call)
            dispatcher.recorded(1, bytes: 0)
            return (nil, 0)
        }
        let claim = JobClaim.first(of: call.exchange.id)
        let outcome = await runner.submit(call.exchange, source: call.source, kind: kind)
        guard case .over(let recorded, _, let phase) = outcome else { return (nil, submit(outcome, of: claim)) }
        state.withLock { $0.settlements[claim.exchange] = Settlement(claim: claim, phase: phase) }
        return (recorded, recorded.bytes)
    }

    /// Has recorded what the step of a job that waited came to.
    ///
    /// - Returns: how many bytes that has.
    @discardableResult
    func submit(_ outcome: JobOutcome, of claim: JobClaim) -> Int {
        switch outcome {
        case .submitted(let job): records.submit(.submitted(job))
        case .unknown(let submission): records.submit(.unknown(submission))
        case .progress(let progress): records.submit(.progress(progress))
        case .end(let claim): records.submit(.end(claim))
        case .over(let outcome, let calls, let phase):
            records.submit(.resume(Settlement(claim: claim, phase: phase), outcome, calls: calls))
            return outcome.bytes
        }
        return 0
    }

    /// Notes on disk that an exchange is about to be submitted.
    ///
    /// - Returns: false when it is somebody else's by now, and nothing may be sent.
    private func mark(_ exchange: RunRequestID) async -> Bool {
        state.withLock { _ = $0.held.insert(.first(of: exchange)) }
        return await withCheckedContinuation { marks.submit(Mark(exchange: exchange, answer: $0)) }
    }
}
