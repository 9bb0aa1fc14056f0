import Assembly
import Contracts
import Logging
import Runtime
import Sources
import Store
import Synchronization

/// Follows jobs at APIs: takes the steps that are due, whoever took the one before, and records what came of them.
final class JobFollower: Sendable {
    /// What is recorded of a step.
    private enum Record: Sendable {
        case submitted(SubmittedJob)
        case unknown(UnknownSubmission)
        case progress(JobProgress)
        case end(RunRequestID)
        /// An exchange that waited for its job is taken up, to be recorded like any other.
        case resume(RunRequestID, RecordedOutcome, calls: [ExchangeLog], then: DueJob.Phase?)
    }

    /// An exchange that is about to be submitted, and whoever waits for the note of it to be on disk.
    private struct Mark: Sendable {
        let exchange: RunRequestID
        let answer: CheckedContinuation<Bool, Never>
    }

    /// Steps claimed by one statement.
    private static let stepsMax = 200
    /// Those of one source; no more are claimed while half as many wait for their turn.
    private static let stepsOfSourceMax = 50
    /// How long a source is left alone that this executor may not call.
    private static let bar: Duration = .seconds(1)
    /// How long a claim whose answer was lost may still take effect.
    private static let doubt: Duration = .seconds(60)

    private let jobs: JobStore
    private let runs: RunStore
    private let runner: JobRunner
    private let sources: SourceCache
    private let lease: WorkerLease
    private let dispatcher: Dispatcher
    private let pollInterval: Duration
    private let logger: Logger
    private let marks = Batcher<Mark>(itemsMax: 200)
    private let records = Batcher<Record>(itemsMax: 200)
    private let bell = Bell()

    private struct State {
        /// Jobs that this process knows it holds.
        var held: Set<RunRequestID> = []
        /// What becomes of a job once its exchange is recorded; nil in it: nothing is left.
        var settlements: [RunRequestID: DueJob.Phase?] = [:]
        var inDoubtUntil = ContinuousClock.now
        /// Sources that this executor may not call for now.
        var barred: [SourceID: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())

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

    // MARK: Finding steps

    /// Claims steps when they are due, until the task is cancelled.
    func follow() async {
        while !Task.isCancelled {
            var wait = pollInterval
            do {
                try await releaseUnknown()
                let worker = lease.worker
                let (barred, barEnd) = self.barred()
                // Not those of which enough wait here: they would only be kept from other executors.
                let except = barred + dispatcher.sources(withSteps: Self.stepsOfSourceMax / 2)
                let due = try await claim(worker, except: except)
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

    private func claim(_ worker: WorkerID, except: [SourceID]) async throws -> [DueJob] {
        do {
            let due = try await jobs.claim(
                worker: worker, limit: Self.stepsMax, limitOfSource: Self.stepsOfSourceMax, except: except)
            state.withLock { $0.held.formUnion(due.map(\.exchange)) }
            return due
        } catch {
            state.withLock { $0.inDoubtUntil = .now + Self.doubt }
            throw error
        }
    }

    /// Has the steps of a source's jobs taken in their turn.
    private func hand(over due: [DueJob], of id: SourceID, worker: WorkerID) async {
        do {
            let version = due.map(\.sourceVersion).max() ?? 0
            guard let source = try await sources.source(id, version: version) else { throw UnknownSource(source: id) }
            var exchanges = due.map { job in
                ClaimedExchange(
                    id: job.exchange, org: job.org, source: id, sourceVersion: source.version, runs: job.runs)
            }
            try await runs.fillVariables(source.runVariables, of: &exchanges)
            let ready = ReadySource(org: due[0].org, source: id)
            dispatcher.add(
                zip(exchanges, due).map { exchange, job in
                    Call(exchange: exchange, worker: worker, source: source, ready: ready, job: job)
                }, of: ready)
        } catch {
            logger.warning(
                "Could not take steps of jobs.", metadata: ["source": "\(id)", "error": "\(error)"])
            await giveBack(due.map(\.exchange), worker: worker)
        }
    }

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
            await giveBack(calls.map(\.exchange.id), worker: worker)
        }
    }

    private func giveBack(_ exchanges: [RunRequestID], worker: WorkerID) async {
        do {
            try await shielded { [jobs] in
                try await jobs.giveBack(exchanges, worker: worker, after: Self.bar)
            }
        } catch {
            state.withLock { $0.inDoubtUntil = .now + Self.doubt }
            logger.warning("Could not give back steps of jobs.", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.held.subtract(exchanges) }
    }

    /// A step was not taken because its lease is lost: whoever has the job by now takes it.
    func forget(_ call: Call) {
        state.withLock { _ = $0.held.remove(call.exchange.id) }
    }

    // MARK: Taking steps

    /// Makes an exchange of a source with jobs, or the step of a job that is due.
    ///
    /// - Returns: what is to be recorded at once as any other exchange; nil when this follower records it, and how many bytes that has.
    func make(_ call: Call) async -> (outcome: RecordedOutcome?, bytes: Int) {
        let exchange = call.exchange.id
        let outcome: JobOutcome
        if let job = call.job {
            outcome = await runner.step(job, exchange: call.exchange, source: call.source)
        } else if let kind = call.source.setup.job, await mark(exchange) {
            outcome = await runner.submit(call.exchange, source: call.source, kind: kind)
        } else {
            outcome = .lost
        }
        switch outcome {
        case .submitted(let job): records.submit(.submitted(job))
        case .unknown(let submission): records.submit(.unknown(submission))
        case .progress(let progress): records.submit(.progress(progress))
        case .end(let exchange): records.submit(.end(exchange))
        case .lost:
            state.withLock { _ = $0.held.remove(exchange) }
            dispatcher.recorded(1, bytes: 0)
        case .over(let outcome, let calls, let phase):
            guard call.job != nil else {
                state.withLock { $0.settlements[exchange] = .some(phase) }
                return (outcome, outcome.bytes)
            }
            records.submit(.resume(exchange, outcome, calls: calls, then: phase))
            return (nil, outcome.bytes)
        }
        return (nil, 0)
    }

    /// Notes on disk that an exchange is about to be submitted.
    ///
    /// - Returns: false when it is somebody else's by now, and nothing may be sent.
    private func mark(_ exchange: RunRequestID) async -> Bool {
        state.withLock { _ = $0.held.insert(exchange) }
        return await withCheckedContinuation { marks.submit(Mark(exchange: exchange, answer: $0)) }
    }

    // MARK: Recording

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
        var (submitted, unknown, progress, ended):
            ([SubmittedJob], [UnknownSubmission], [JobProgress], [RunRequestID]) =
                ([], [], [], [])
        var resumed: [(RunRequestID, calls: [ExchangeLog])] = []
        var outcomes: [RecordedOutcome] = []
        for item in batch {
            switch item {
            case .submitted(let job): submitted.append(job)
            case .unknown(let submission): unknown.append(submission)
            case .progress(let step): progress.append(step)
            case .end(let exchange): ended.append(exchange)
            case .resume(let exchange, let outcome, let calls, let phase):
                resumed.append((exchange, calls))
                outcomes.append(outcome)
                state.withLock { $0.settlements[exchange] = .some(phase) }
            }
        }
        await insist(on: "record \(Quantity(batch.count, "step")) of jobs", logger: logger) {
            let worker = lease.worker
            if !submitted.isEmpty { try await jobs.record(submitted, worker: worker) }
            if !unknown.isEmpty { try await jobs.record(unknown, worker: worker) }
            if !progress.isEmpty { try await jobs.record(progress, worker: worker) }
            if !ended.isEmpty { try await jobs.end(ended, worker: worker) }
            if !resumed.isEmpty { try await jobs.resume(resumed, worker: worker) }
        }
        let free = submitted.map(\.exchange) + unknown.map(\.exchange) + progress.map(\.exchange) + ended
        state.withLock { $0.held.subtract(free) }
        for outcome in outcomes { record(outcome) }
        dispatcher.recorded(free.count, bytes: 0)
        if !free.isEmpty { ring() }
    }

    /// Exchanges are recorded: what is left to do about their jobs.
    func settle(_ exchanges: [RunRequestID]) async {
        let settlements = state.withLock { state -> [RunRequestID: DueJob.Phase?] in
            guard !state.settlements.isEmpty else { return [:] }
            var found: [RunRequestID: DueJob.Phase?] = [:]
            for exchange in exchanges {
                if let phase = state.settlements.removeValue(forKey: exchange) { found[exchange] = phase }
            }
            return found
        }
        guard !settlements.isEmpty else { return }
        let ended = settlements.filter { $0.value == nil }.map(\.key)
        let left = settlements.compactMap { exchange, phase in
            phase.map { JobProgress(exchange: exchange, after: .zero, phase: $0) }
        }
        await insist(on: "settle \(Quantity(settlements.count, "job"))", logger: logger) {
            if !ended.isEmpty { try await jobs.end(ended, worker: lease.worker) }
            if !left.isEmpty { try await jobs.record(left, worker: lease.worker) }
        }
        state.withLock { $0.held.subtract(settlements.keys) }
        ring()
    }
}

/// A job is of a source that there is not.
private struct UnknownSource: Error, CustomStringConvertible {
    let source: SourceID

    var description: String { "there is no source \(source)" }
}
