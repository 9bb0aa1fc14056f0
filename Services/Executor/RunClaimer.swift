import Contracts
import Postgres
import Runtime
import Store
import Synchronization

/// Claims runs of a source for this executor: those of exchanges that were formed by SQL first, then such as it forms itself.
final class RunClaimer: Sendable {
    /// What a claim has come to.
    struct Claim: Sendable {
        var calls: [Call] = []
        /// Whether the source may have more.
        var isMore = false
    }

    private let runs: RunStore
    private let sources: SourceCache
    private let lease: WorkerLease
    private let ids: IDGenerator
    private let doubtful: DoubtfulClaims
    /// Sources that had exchanges formed by SQL when somebody looked last: for the others no look is wasted.
    private let prepared = Mutex<Set<SourceID>>([])

    init(runs: RunStore, sources: SourceCache, lease: WorkerLease, ids: IDGenerator, doubtful: DoubtfulClaims) {
        self.runs = runs
        self.sources = sources
        self.lease = lease
        self.ids = ids
        self.doubtful = doubtful
    }

    /// Looks for sources with work.
    func look() async throws -> [ReadySource] {
        let withPrepared = try await runs.preparedSources()
        prepared.withLock { $0 = Set(withPrepared.map(\.source)) }
        return withPrepared + (try await runs.readySources())
    }

    /// Claims as much as the turn has room for.
    func claim(_ turn: CallSchedule.Turn) async throws -> Claim {
        // What is known of the source is good enough to decide how much to claim; what is executed is its version at the claim.
        guard let known = try await sources.source(turn.source.source) else { return Claim() }
        let worker = lease.worker
        let taken = try await takePrepared(turn, worker: worker)
        let formed: [RunRequestID]
        var claimed = taken
        do {
            let room = turn.exchanges - taken.count
            formed = ids.next(room).map { RunRequestID($0) }
            if room > 0 { claimed += try await form(formed, of: turn.source, like: known, worker: worker) }
        } catch {
            giveBack(taken, worker)
            throw error
        }
        let source: PreparedSource
        do {
            let version = claimed.map(\.sourceVersion).max() ?? known.version
            source = try await sources.source(turn.source.source, version: version) ?? known
            try await runs.fillVariables(source.runVariables, of: &claimed)
        } catch let unusable as UnusableSource {
            await giveBack(claimed, worker, because: .sourceUnusable)
            throw unusable
        } catch {
            // Claimed for certain and not begun.
            giveBack(claimed, worker)
            throw error
        }
        // Those that were formed for another template.
        let misfits = claimed.filter { !source.fits($0) }
        giveBack(misfits, worker)
        return Claim(
            calls: claimed.filter(source.fits).map {
                Call(exchange: $0, worker: worker, source: source, ready: turn.source)
            },
            isMore: claimed.count == turn.exchanges || !misfits.isEmpty)
    }

    private func takePrepared(_ turn: CallSchedule.Turn, worker: WorkerID) async throws -> [ClaimedExchange] {
        guard prepared.withLock({ $0.contains(turn.source.source) }) else { return [] }
        // One that this worker may hold without knowing is on its way back.
        let found = try await runs.prepared(
            of: turn.source, limit: turn.exchanges, except: doubtful.current().flatMap(\.exchanges))
        if found.count < turn.exchanges { prepared.withLock { _ = $0.remove(turn.source.source) } }
        if found.isEmpty { return [] }
        do {
            return try await runs.takePrepared(found, of: turn.source, worker: worker)
        } catch {
            if !error.isKnownNotApplied { doubtful.add(found, worker: worker) }
            throw error
        }
    }

    private func form(
        _ exchanges: [RunRequestID], of source: ReadySource, like known: PreparedSource, worker: WorkerID
    ) async throws -> [ClaimedExchange] {
        do {
            return try await runs.claim(
                source, worker: worker, limit: exchanges.count * known.runsPerExchange,
                runsPerExchange: known.runsPerExchange, separatesRequests: !known.runVariables.isEmpty,
                exchangeIDs: exchanges)
        } catch {
            if !error.isKnownNotApplied { doubtful.add(exchanges, worker: worker) }
            throw error
        }
    }

    private func giveBack(
        _ exchanges: [ClaimedExchange], _ worker: WorkerID, because reason: RunStore.GiveBackReason
    ) async {
        do {
            _ = try await shielded { [runs] in
                try await runs.giveBack(exchanges.map(\.id), worker: worker, because: reason)
            }
        } catch {
            giveBack(exchanges, worker)
        }
    }

    private func giveBack(_ exchanges: [ClaimedExchange], _ worker: WorkerID) {
        if !exchanges.isEmpty { doubtful.add(exchanges.map(\.id), worker: worker) }
    }
}

extension PreparedSource {
    /// Whether its templates can ask for the runs of an exchange.
    func fits(_ exchange: ClaimedExchange) -> Bool {
        exchange.runs.count <= runsPerExchange
            && (runVariables.isEmpty || exchange.runs.allSatisfy { $0.request == exchange.runs[0].request })
    }
}
