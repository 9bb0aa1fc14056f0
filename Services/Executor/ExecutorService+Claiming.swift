import Assembly
import Contracts
import Logging
import Postgres
import Runtime
import Store

// Taking work on, and giving it back.
extension ExecutorService {
    func claim(_ turn: CallSchedule.Turn) async throws {
        let claim = try await claimer.claim(turn)
        if claim.isMore {
            // There may be more: the next turn is somebody else's, here or in another executor.
            dispatcher.offer([turn.source])
            hints.say(.runReady(turn.source))
        }
        metrics.claimed.increment(by: Int64(claim.calls.count))
        dispatcher.add(claim.calls, of: turn.source)
    }

    /// What was claimed ahead and will not be called here goes to other executors.
    func giveBack(_ calls: [Call], because reason: RunStore.GiveBackReason) async {
        await jobs.giveBack(calls.filter { $0.job != nil })
        for (worker, calls) in Dictionary(grouping: calls.filter { $0.job == nil }, by: \.worker) {
            do {
                let exchanges = calls.map(\.exchange.id)
                _ = try await shielded { try await runs.giveBack(exchanges, worker: worker, because: reason) }
                for source in Set(calls.map(\.ready)) { hints.say(.runReady(source)) }
            } catch {
                // The worker is alive, so that nobody else would take them back.
                doubtful.add(calls.map(\.exchange.id), worker: worker)
                logger.warning("Could not give back claimed runs.", metadata: ["error": "\(error)"])
            }
        }
    }

    func giveBackDoubtfulClaims() async throws {
        for claim in doubtful.current() {
            let asked = ContinuousClock.now
            let count = try await runs.giveBack(claim.exchanges, worker: claim.worker, because: .claimLost)
            doubtful.gaveBack(claim, asked: asked)
            if count > 0 {
                logger.notice("Gave back runs whose claim was not answered.", metadata: ["runs": "\(count)"])
            }
        }
    }

    /// Of a request that was cancelled or whose time is over, nothing more is called.
    func dropUnwanted() async {
        while !Task.isCancelled {
            // How soon what is cancelled ends. Cut short by a stop, which the loop's condition sees.
            try? await Task.sleep(for: configuration.lookAfterHeld)
            let held = dispatcher.waitingExchanges + underWay.exchanges
            if held.isEmpty || Task.isCancelled { continue }
            do {
                let unwanted = try await runs.unwanted(of: held)
                if unwanted.isEmpty { continue }
                let dropped = dispatcher.remove(unwanted) + underWay.cancel(unwanted)
                metrics.dropped.increment(by: Int64(dropped))
                logger.info("Dropped exchanges that nobody wants any more.", metadata: ["exchanges": "\(dropped)"])
            } catch {
                logger.warning("Could not look after the exchanges held.", metadata: ["error": "\(error)"])
            }
        }
    }
}
