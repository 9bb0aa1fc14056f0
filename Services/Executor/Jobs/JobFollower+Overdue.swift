import Contracts
import Logging
import Sources
import Store

// What time does to jobs whose steps cannot be taken: their source is paused, its rate is used up, or it cannot be used at all.
extension JobFollower {
    /// Ends jobs whose time is over, also those of which no step may be taken for now.
    func giveUpOverdue(_ worker: WorkerID) async throws {
        giveUpWaiting(worker)
        let overdue = try await claim { try await jobs.claimOverdue(worker: worker, limit: Self.stepsMax) }
        for (id, due) in Dictionary(grouping: overdue, by: \.source) {
            do {
                let source = try await source(id, of: due)
                // Some have more time by now than when they were claimed, or it has become clear that nobody wants them.
                await settleWithoutCall(due, worker: worker) { job in
                    runner.outcomeWithoutCall(
                        job, exchange: ClaimedExchange(job: job, of: source), source: source)
                }
            } catch let unusable as UnusableSource {
                await settleWithoutCall(due, worker: worker) { runner.outcome(of: $0, after: unusable, isLate: true) }
            } catch {
                logger.warning("Could not end jobs.", metadata: ["source": "\(id)", "error": "\(error)"])
                await giveBack(due.map(\.claim), worker: worker, after: .zero)
            }
        }
    }

    /// Ends those that wait here for their turn.
    private func giveUpWaiting(_ worker: WorkerID) {
        let now = ContinuousClock.now
        let late = dispatcher.withdraw { [runner] call in
            guard let job = call.job, call.worker == worker else { return false }
            if case .giveUp = runner.plan(for: job.aged(now), call.source) { return true }
            return false
        }
        for call in late {
            guard let job = call.job,
                let outcome = runner.outcomeWithoutCall(
                    job.aged(now), exchange: call.exchange, source: call.source)
            else { continue }
            submit(outcome, of: job.claim)
        }
    }

    /// Jobs whose source cannot be used wait, with a reason, for somebody to mend it, but not longer than a job may take.
    func holdBack(_ due: [DueJob], because unusable: UnusableSource, worker: WorkerID) async {
        logger.warning(
            "Jobs cannot be followed.",
            metadata: ["source": "\(due[0].source)", "jobs": "\(due.count)", "error": "\(unusable)"])
        await settleWithoutCall(due, worker: worker, because: unusable.reason, after: UnusableSource.holdBack) {
            runner.outcome(of: $0, after: unusable, isLate: false)
        }
    }

    /// Has recorded what jobs come to without a call; those that come to nothing are given back.
    private func settleWithoutCall(
        _ due: [DueJob], worker: WorkerID, because reason: String? = nil, after: Duration = .zero,
        _ outcome: (DueJob) -> JobOutcome?
    ) async {
        var others: [JobClaim] = []
        for job in due {
            if let outcome = outcome(job) {
                dispatcher.addOutcome()
                submit(outcome, of: job.claim)
            } else {
                others.append(job.claim)
            }
        }
        if !others.isEmpty { await giveBack(others, worker: worker, after: after, because: reason) }
    }
}
