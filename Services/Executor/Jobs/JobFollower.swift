import Assembly
import Contracts
import Logging
import Runtime
import Sources
import Store
import Synchronization

/// Follows jobs at APIs: takes the steps that are due, whoever took the one before, and records what came of them.
final class JobFollower: Sendable {
    /// Steps claimed by one statement.
    static let stepsMax = 200
    /// Those of one source; no more are claimed while half as many wait for their turn.
    private static let stepsOfSourceMax = 50
    /// How long a source is left alone that this executor may not call.
    private static let bar: Duration = .seconds(1)
    /// How long a claim whose answer was lost may still take effect.
    private static let doubt: Duration = .seconds(60)

    let jobs: JobStore
    private let runs: RunStore
    let runner: JobRunner
    let sources: SourceCache
    let lease: WorkerLease
    let dispatcher: Dispatcher
    private let pollInterval: Duration
    let logger: Logger
    let marks = Batcher<Mark>(itemsMax: 200)
    let records = Batcher<Record>(itemsMax: 200)
    private let bell = Bell()

    struct State {
        /// Claims that this process knows it holds. Not just jobs: one that was given back may be claimed anew before that is known.
        var held: Set<JobClaim> = []
        /// Those of them whose runs were told that they cannot be followed.
        var heldBack: Set<JobClaim> = []
        /// What becomes of a job once its exchange is recorded.
        var settlements: [RunRequestID: Settlement] = [:]
        var inDoubtUntil = ContinuousClock.now
        /// Sources that this executor may not call for now.
        var barred: [SourceID: ContinuousClock.Instant] = [:]

        mutating func leave(_ claims: some Sequence<JobClaim>) {
            held.subtract(claims)
            heldBack.subtract(claims)
        }
    }

    let state = Mutex(State())

    init(
        jobs: JobStore, runs: RunStore, runner: JobRunner, sources: SourceCache, lease: WorkerLease,
        dispatcher: Dispatcher,
        pollInterval: Duration, logger: Logger
    ) {
        self.jobs = jobs
        self.runs = runs
        self.runner = runner
        self.sources = sources
        self.lease = lease
        self.dispatcher = dispatcher
        self.pollInterval = pollInterval
        self.logger = logger
    }

    /// Steps may be due.
    func ring() { bell.ring() }

    /// Claims steps when they are due, until the task is cancelled.
    func follow() async {
        var looksForOverdueAt = ContinuousClock.now
        while !Task.isCancelled {
            var wait = pollInterval
            do {
                try await releaseUnknown()
                let worker = lease.worker
                if looksForOverdueAt <= .now {
                    looksForOverdueAt = .now + pollInterval
                    try await giveUpOverdue(worker)
                }
                let (barred, barEnd) = self.barred()
                // Not those of which enough wait here: they would only be kept from other executors.
                let except = barred + dispatcher.sources(withSteps: Self.stepsOfSourceMax / 2)
                let due = try await claim {
                    try await jobs.claim(
                        worker: worker, limit: Self.stepsMax, limitOfSource: Self.stepsOfSourceMax, except: except)
                }
                for (source, jobs) in Dictionary(grouping: due, by: \.source) {
                    await hand(over: jobs, of: source, worker: worker)
                }
                if let next = try await jobs.nextDue(except: except) { wait = min(wait, next) }
                if let barEnd { wait = min(wait, barEnd - .now) }
                // Steps of others may be due and held; not in a loop without pause.
                wait = max(.milliseconds(20), wait)
            } catch {
                logger.warning("Could not look for jobs at APIs.", metadata: ["error": "\(error)"])
            }
            if !(await bell.wait(until: .now + wait)) { return }
        }
    }

    /// The sources that this executor may not call for now, and when that ends for one of them.
    private func barred() -> (sources: [SourceID], end: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.barred = state.barred.filter { $0.value > now }
            return (Array(state.barred.keys), state.barred.values.min())
        }
    }

    /// Holds what a statement claims.
    func claim(_ statement: () async throws -> [DueJob]) async throws -> [DueJob] {
        do {
            let due = try await statement()
            state.withLock { state in
                state.held.formUnion(due.map(\.claim))
                state.heldBack.formUnion(due.lazy.filter(\.isHeldBack).map(\.claim))
            }
            return due
        } catch {
            state.withLock { $0.inDoubtUntil = .now + Self.doubt }
            throw error
        }
    }

    /// Has the steps of a source's jobs taken in their turn.
    private func hand(over due: [DueJob], of id: SourceID, worker: WorkerID) async {
        do {
            let source = try await source(id, of: due)
            var exchanges = due.map { ClaimedExchange(job: $0, of: source) }
            try await runs.fillVariables(source.runVariables, of: &exchanges)
            let ready = ReadySource(org: due[0].org, source: id)
            dispatcher.add(
                zip(exchanges, due).map { exchange, job in
                    Call(exchange: exchange, worker: worker, source: source, ready: ready, job: job)
                }, of: ready)
        } catch let unusable as UnusableSource {
            await holdBack(due, because: unusable, worker: worker)
        } catch {
            logger.warning(
                "Could not take steps of jobs.", metadata: ["source": "\(id)", "error": "\(error)"])
            await giveBack(due.map(\.claim), worker: worker, after: Self.bar)
        }
    }

    /// The source of jobs.
    ///
    /// - Throws: ``UnusableSource`` when there is none that could be used.
    func source(_ id: SourceID, of due: [DueJob]) async throws -> PreparedSource {
        let version = due.map(\.sourceVersion).max() ?? 0
        guard let source = try await sources.source(id, version: version) else { throw UnusableSource.gone }
        return source
    }

    // MARK: Giving back

    /// Gives back what this worker may hold without knowing; nobody else would, since it is alive.
    private func releaseUnknown() async throws {
        let known = state.withLock { $0.inDoubtUntil > .now ? Array($0.held) : nil }
        if let known { try await jobs.release(allBut: known, worker: lease.worker) }
    }

    /// Steps that were claimed and are not taken here go to other executors.
    func giveBack(_ calls: [Call]) async {
        if calls.isEmpty { return }
        let end = ContinuousClock.now + Self.bar
        state.withLock { state in
            for call in calls { state.barred[call.source.id] = end }
        }
        for (worker, calls) in Dictionary(grouping: calls, by: \.worker) {
            await giveBack(calls.compactMap { $0.job?.claim }, worker: worker, after: Self.bar)
        }
    }

    /// - Parameter reason: what the runs of the jobs are told; nil: they wait as before.
    func giveBack(
        _ claims: [JobClaim], worker: WorkerID, after: Duration, because reason: String? = nil
    ) async {
        do {
            try await shielded { [jobs] in
                try await jobs.giveBack(claims, worker: worker, after: after, because: reason)
            }
        } catch {
            state.withLock { $0.inDoubtUntil = .now + Self.doubt }
            logger.warning("Could not give back steps of jobs.", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.leave(claims) }
    }

    /// A step was not taken because its lease is lost: whoever has the job by now takes it.
    func forget(_ call: Call) {
        state.withLock { $0.leave([call.job?.claim ?? .first(of: call.exchange.id)]) }
    }
}

extension ClaimedExchange {
    /// The exchange that a job is for.
    init(job: DueJob, of source: PreparedSource) {
        self.init(
            id: job.exchange, org: job.org, source: source.id, sourceVersion: source.version, runs: job.runs)
    }
}
