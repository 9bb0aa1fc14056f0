import Assembly
import Contracts
import Logging
import Messaging
import Outbound
import Postgres
import Runtime
import ServiceLifecycle
import Sources
import Store

/// Executes runs: claims them into exchanges, calls the APIs, records what came back, in batches.
///
/// It lives on hints and looks for work by itself as well, so that neither a lost hint nor a dead bus stops it.
public struct ExecutorService: Service {
    /// The bounds of an executor.
    public struct Configuration: Sendable {
        /// Calls under way at once, over all sources.
        public var exchangesMax = 256
        /// Exchanges claimed by one statement, and how many may wait for their call.
        public var claimMax = 200
        /// Answers recorded by one statement.
        public var recordMax = 400
        /// Bytes of answers recorded by one statement, but for the last answer of a batch.
        public var recordBytesMax = 8 << 20
        /// Outcomes that wait to be recorded: nothing new begins above it, so that a database that is away costs no more calls.
        public var backlogMax = 1_024
        /// The bytes of these.
        public var backlogBytesMax = 256 << 20
        /// Recording statements under way at once.
        public var recordFlights = 2
        /// Under load, how long answers are gathered before they are recorded.
        public var gathering: Duration = .milliseconds(10)
        /// How often it looks whether what it holds is still wanted.
        public var lookAfterHeld: Duration = .seconds(3)
        /// How long it calls under its permits without news from Postgres, which might have given it up: within its lease.
        public var permitValid: Duration = .milliseconds(7_500)
        /// How often it looks for work that no hint announced.
        public var pollInterval: Duration = .seconds(2)

        /// The documented defaults.
        public init() {}
    }

    let configuration: Configuration
    let runs: RunStore
    let sources: SourceCache
    let lease: WorkerLease
    let bus: BusClient
    let hints: HintPublisher
    let claimer: RunClaimer
    let runner: ExchangeRunner
    let underWay = CallsUnderWay()
    let dispatcher: Dispatcher
    let permits: PermitAsker
    let jobs: JobFollower
    let answers: Batcher<RecordedAnswer>
    let failures: Batcher<RecordedFailure>
    let doubtful = DoubtfulClaims()
    let metrics: ExecutorMetrics
    let logger: Logger

    /// What an executor reads and writes.
    public struct Stores: Sendable {
        let runs: RunStore
        let permits: CallPermitStore
        let jobs: JobStore
        let sources: SourceStore

        /// The stores on a pool.
        public init(pool: PostgresPool) {
            runs = RunStore(pool: pool)
            permits = CallPermitStore(pool: pool)
            jobs = JobStore(pool: pool)
            sources = SourceStore(pool: pool)
        }
    }

    /// An executor on its parts.
    ///
    /// - Parameter callbacks: where APIs say that something has happened to a job; nil when nothing was set.
    public init(
        configuration: Configuration, stores: Stores, callbacks: CallbackLinks?, lease: WorkerLease, bus: BusClient,
        hints: HintPublisher, outbound: OutboundClient, context: RuntimeContext
    ) {
        self.configuration = configuration
        runs = stores.runs
        let calls = CallMetrics(context.metrics)
        let sources = SourceCache(store: stores.sources, lease: lease) { record in
            try PreparedSource(
                record, outbound: outbound, secrets: context.secrets, clock: context.clock,
                tokens: stores.sources.tokens(of: record), metrics: calls)
        }
        self.sources = sources
        self.lease = lease
        self.bus = bus
        self.hints = hints
        claimer = RunClaimer(
            runs: stores.runs, sources: sources, lease: lease, ids: context.ids, doubtful: doubtful)
        logger = context.logger
        dispatcher = Dispatcher(
            limits: .init(
                callsMax: configuration.exchangesMax,
                claimMax: min(configuration.claimMax, configuration.exchangesMax),
                unrecordedMax: configuration.backlogMax, unrecordedBytesMax: configuration.backlogBytesMax,
                permitValid: configuration.permitValid))
        runner = ExchangeRunner(
            random: { Double.random(in: 0...1) }, underWay: underWay, dispatcher: dispatcher)
        permits = PermitAsker(
            permits: stores.permits, lease: lease, dispatcher: dispatcher, hints: hints, logger: logger)
        jobs = JobFollower(
            jobs: stores.jobs, runs: stores.runs,
            runner: JobRunner(runner: runner, callbacks: callbacks, clock: context.clock),
            sources: sources, lease: lease, dispatcher: dispatcher, pollInterval: configuration.pollInterval,
            logger: logger)
        answers = Batcher(
            itemsMax: configuration.recordMax, weightMax: configuration.recordBytesMax,
            flights: configuration.recordFlights, gathering: configuration.gathering, weight: { $0.body.count })
        failures = Batcher(itemsMax: configuration.recordMax)
        metrics = ExecutorMetrics(
            context.metrics, dispatcher: dispatcher, exchangesMax: configuration.exchangesMax)
    }

    /// Works until it is told to stop; then finishes what is in flight.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task {
                await lease.keep {
                    // Others make these calls by now, within the limits that hold for all.
                    dispatcher.forgetPermits()
                    underWay.cancelAll()
                }
            }
            group.addTask { await cancelWhenGracefulShutdown { await listen() } }
            group.addTask { await cancelWhenGracefulShutdown { await poll() } }
            group.addTask { await cancelWhenGracefulShutdown { await dropUnwanted() } }
            group.addTask { await cancelWhenGracefulShutdown { await jobs.follow() } }
            group.addTask { await answers.run(record) }
            group.addTask { await failures.run(record) }
            group.addTask {
                async let following: Void = jobs.recordAll(submit)
                // Stopping ends the claiming; what is in flight is finished and recorded.
                await withDiscardingTaskGroup { calls in
                    await withGracefulShutdownHandler {
                        await dispatch(into: &calls)
                    } onGracefulShutdown: {
                        dispatcher.stop()
                    }
                    // At once, not when the slowest call in flight has ended.
                    await giveBack(dispatcher.removeWaiting(), because: .stopped)
                }
                jobs.finish()
                // What jobs came to is recorded like any other answer, so these come last.
                await following
                answers.finish()
                failures.finish()
            }
            await group.waitForAll()
            keeper.cancel()
            await keeper.value
        }
    }

    func listen() async {
        for await batch in bus.consume(topics: [Topic.runReady], credit: 64) {
            dispatcher.offer(batch.compactMap { ReadySource(hint: $0.key) })
            // A source whose API has called back.
            if batch.contains(where: { ReadySource(hint: $0.key).map { sources.hasJobs($0.source) } == true }) {
                jobs.ring()
            }
            for message in batch { message.finish() }
        }
    }

    func poll() async {
        while !Task.isCancelled {
            do {
                try await giveBackDoubtfulClaims()
                dispatcher.offer(try await claimer.look())
                try await Task.sleep(for: configuration.pollInterval)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Could not look for ready runs.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: configuration.pollInterval)
            }
        }
    }

    func dispatch(into calls: inout DiscardingTaskGroup) async {
        while let step = await dispatcher.next() {
            switch step {
            case .ask(let askings, let within):
                calls.addTask { await giveBack(permits.ask(askings, within: within), because: .noPermit) }
            case .call(let call): calls.addTask { await make(call) }
            case .claim(let turn):
                do {
                    try await claim(turn)
                } catch let unusable as UnusableSource {
                    logger.warning(
                        "Runs cannot be executed.",
                        metadata: ["source": "\(turn.source.source)", "error": "\(unusable)"])
                    dispatcher.holdBack(turn.source, for: UnusableSource.holdBack)
                } catch {
                    logger.error(
                        "Could not claim runs.", metadata: ["source": "\(turn.source.source)", "error": "\(error)"])
                    // Paces the attempts while the database is away, beside the calls that can begin meanwhile; a stop ends it.
                    calls.addTask {
                        try? await Task.sleep(for: .milliseconds(500))
                        dispatcher.offer([turn.source])
                    }
                }
            }
        }
    }
}
