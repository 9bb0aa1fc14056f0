import Contracts
import Logging
import Messaging
import Outbound
import Postgres
import Runtime
import ServiceLifecycle
import Store

/// Executes runs: claims them into exchanges, calls the APIs, records what came back, in batches.
///
/// It lives on hints and looks for work by itself as well, so that neither a lost hint nor a dead bus stops it.
public struct ExecutorService: Service {
    /// The bounds of an executor.
    public struct Configuration: Sendable {
        /// Exchanges in flight at once, over all sources.
        public var exchangesMax = 256
        /// Exchanges claimed by one statement.
        public var claimMax = 100
        /// Answers recorded by one statement.
        public var recordMax = 200
        /// Bytes of answers recorded by one statement, but for the last answer of a batch.
        public var recordBytesMax = 8 << 20
        /// Recording statements under way at once.
        public var recordFlights = 2
        /// Under load, how long answers are gathered before they are recorded.
        public var gathering: Duration = .milliseconds(5)
        /// How often it looks for work that no hint announced.
        public var pollInterval: Duration = .seconds(2)

        /// The documented defaults.
        public init() {}
    }

    private let configuration: Configuration
    private let runs: RunStore
    private let sources: SourceCache
    private let lease: WorkerLease
    private let bus: BusClient
    private let ids: IDGenerator
    private let runner: ExchangeRunner
    private let dispatcher: Dispatcher
    private let answers: Batcher<Finished<RecordedAnswer>>
    private let failures: Batcher<Finished<RecordedFailure>>
    private let doubtful = DoubtfulClaims()
    private let metrics: ExecutorMetrics
    private let logger: Logger

    private struct Finished<Record: Sendable>: Sendable {
        let record: Record
        let source: ReadySource
    }

    /// An executor on its parts.
    public init(
        configuration: Configuration, runs: RunStore, sources: SourceStore, lease: WorkerLease, bus: BusClient,
        outbound: OutboundClient, context: RuntimeContext
    ) {
        self.configuration = configuration
        self.runs = runs
        self.sources = SourceCache(store: sources)
        self.lease = lease
        self.bus = bus
        ids = context.ids
        logger = context.logger
        runner = ExchangeRunner(
            client: outbound, secrets: context.secrets, clock: context.clock, random: { Double.random(in: 0...1) })
        dispatcher = Dispatcher(exchangesMax: configuration.exchangesMax, claimMax: configuration.claimMax)
        answers = Batcher(
            itemsMax: configuration.recordMax, weightMax: configuration.recordBytesMax,
            flights: configuration.recordFlights, gathering: configuration.gathering, weight: { $0.record.body.count })
        failures = Batcher(itemsMax: configuration.recordMax)
        metrics = ExecutorMetrics(context.metrics, dispatcher: dispatcher)
    }

    /// Works until it is told to stop; then finishes what is in flight.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task { await lease.keep() }
            group.addTask { await cancelWhenGracefulShutdown { await listen() } }
            group.addTask { await cancelWhenGracefulShutdown { await poll() } }
            group.addTask { await answers.run(record) }
            group.addTask { await failures.run(record) }
            group.addTask {
                // Stopping ends the claiming; what is in flight is finished and recorded.
                await withDiscardingTaskGroup { exchanges in
                    await withGracefulShutdownHandler {
                        await dispatch(into: &exchanges)
                    } onGracefulShutdown: {
                        dispatcher.stop()
                    }
                }
                answers.finish()
                failures.finish()
            }
            await group.waitForAll()
            keeper.cancel()
            await keeper.value
        }
    }

    private func listen() async {
        for await batch in bus.consume(topics: [Topic.runReady], credit: 64) {
            dispatcher.offer(batch.compactMap { ReadySource(hint: $0.key) })
            for message in batch { message.finish() }
        }
    }

    private func poll() async {
        while !Task.isCancelled {
            do {
                try await giveBackDoubtfulClaims()
                dispatcher.offer(try await runs.readySources())
                try await Task.sleep(for: configuration.pollInterval)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Could not look for ready runs.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: configuration.pollInterval)
            }
        }
    }

    private func giveBackDoubtfulClaims() async throws {
        for claim in doubtful.current() {
            let asked = ContinuousClock.now
            let count = try await runs.giveBack(claim.exchanges, worker: claim.worker)
            doubtful.gaveBack(claim, asked: asked)
            if count > 0 {
                logger.notice("Gave back runs whose claim was not answered.", metadata: ["runs": "\(count)"])
            }
        }
    }

    private func dispatch(into exchanges: inout DiscardingTaskGroup) async {
        while let turn = await dispatcher.next() {
            do {
                try await claim(turn, into: &exchanges)
            } catch {
                logger.error(
                    "Could not claim runs.", metadata: ["source": "\(turn.source.source)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
                dispatcher.offer([turn.source])
            }
        }
    }

    private func claim(_ turn: Dispatcher.Turn, into exchanges: inout DiscardingTaskGroup) async throws {
        // What is known of the source is good enough to decide how much to claim; what is executed is its version at the claim.
        guard let known = try await sources.source(turn.source.source) else { return }
        dispatcher.limit(turn.source, to: known.concurrency)
        let count = min(turn.exchanges, known.concurrency)
        let worker = lease.worker
        let exchangeIDs = ids.next(count).map { RunRequestID($0) }
        let claimed: [ClaimedExchange]
        let source: PreparedSource
        do {
            claimed = try await runs.claim(
                turn.source, worker: worker, limit: count * known.runsPerExchange,
                runsPerExchange: known.runsPerExchange, exchangeIDs: exchangeIDs)
        } catch {
            if !error.isKnownNotApplied { doubtful.add(exchangeIDs, worker: worker) }
            throw error
        }
        do {
            let version = claimed.first?.sourceVersion ?? known.version
            source = try await sources.source(turn.source.source, version: version) ?? known
        } catch {
            // Claimed for certain and not begun.
            if !claimed.isEmpty { doubtful.add(exchangeIDs, worker: worker) }
            throw error
        }
        if source.runsPerExchange != known.runsPerExchange, !claimed.isEmpty {
            // The exchanges were formed for another template.
            doubtful.add(exchangeIDs, worker: worker)
            dispatcher.offer([turn.source])
            return
        }
        if claimed.count == count {
            // There may be more: the next turn is somebody else's, here or in another executor.
            dispatcher.offer([turn.source])
            bus.publish(topic: Topic.runReady, key: turn.source.hint, body: [])
        }
        metrics.claimed.increment(by: Int64(claimed.count))
        dispatcher.begin(claimed.count, of: turn.source)
        for exchange in claimed {
            exchanges.addTask { await execute(exchange, source: source, ready: turn.source) }
        }
    }

    private func execute(_ exchange: ClaimedExchange, source: PreparedSource, ready: ReadySource) async {
        switch await runner.run(exchange, source: source) {
        case .answer(let answer):
            metrics.exchangeSeconds.record(Double(answer.log.milliseconds) / 1000)
            answers.submit(Finished(record: answer, source: ready))
        case .failure(let failure):
            metrics.exchangeSeconds.record(Double(failure.log.milliseconds) / 1000)
            metrics.failed.increment()
            failures.submit(Finished(record: failure, source: ready))
        }
    }

    private func record(_ batch: [Finished<RecordedAnswer>]) async {
        await untilRecorded(batch) {
            try await runs.record(batch.map(\.record), worker: lease.worker)
            bus.publish(topic: Topic.answerRecorded, key: "answers", body: [])
        }
    }

    private func record(_ batch: [Finished<RecordedFailure>]) async {
        await untilRecorded(batch) {
            for request in try await runs.record(batch.map(\.record), worker: lease.worker) {
                bus.publish(topic: Topic.runsClosed, key: request.description, body: [])
            }
        }
    }

    /// An answer that was paid for is not thrown away because the database is away for a moment: it is recorded once it is
    /// back, unless the lease was lost meanwhile, in which case the statement passes it over.
    private func untilRecorded<Record>(
        _ batch: [Finished<Record>], _ write: () async throws -> Void
    ) async {
        await insist(on: "record \(Quantity(batch.count, "exchange"))", logger: logger, write)
        var counts: [ReadySource: Int] = [:]
        for finished in batch { counts[finished.source, default: 0] += 1 }
        for (source, count) in counts { dispatcher.end(count, of: source) }
    }
}
