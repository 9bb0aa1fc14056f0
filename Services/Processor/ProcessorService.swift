import Assembly
import Contracts
import Logging
import Messaging
import Postgres
import Runtime
import ServiceLifecycle
import Store

/// Maps raw answers to values, closes runs, collects the results of requests, and takes workflows from phase to phase.
///
/// It lives on hints and looks for work by itself as well, so that neither a lost hint nor a dead bus stops it.
public struct ProcessorService: Service {
    /// The bounds of a processor.
    public struct Configuration: Sendable {
        /// Batches of answers mapped at once.
        public var concurrency = 2
        /// Runs mapped in one transaction.
        public var runsMax = 400
        /// Bytes of answers mapped in one transaction, but for the last answer.
        public var bytesMax = 16 << 20
        /// Results collected at once.
        public var collectors = 2
        /// Under load, how long answers are left to gather before the next batch is picked.
        public var gathering: Duration = .milliseconds(25)
        /// How often it looks for work that no hint announced.
        public var pollInterval: Duration = .seconds(2)

        /// The documented defaults.
        public init() {}
    }

    private let configuration: Configuration
    private let answers: AnswerProcessor
    private let collector: ResultCollector
    private let results: ResultStore
    private let workflows: WorkflowAdvancer
    private let requests: RequestStore
    private let lease: WorkerLease
    private let bus: BusClient
    private let hints: HintPublisher
    private let logger: Logger
    private let answersWait = Bell()
    private let batchesWait = Bell()
    private let toCollect = UniqueQueue<ActivityRequestID>()
    private let toAdvance = UniqueQueue<WorkflowRequestID>()
    /// Requests that one of the collectors has; all of them claim under the same worker.
    private let collecting: UnderWay<ActivityRequestID>
    private let metrics: ProcessorMetrics
    /// Of requests whose result could not be put together.
    private let delays = FailureDelays<ActivityRequestID>()
    /// Of workflows that could not be taken on.
    private let advanceDelays = FailureDelays<WorkflowRequestID>()

    /// A processor on its parts.
    init(
        configuration: Configuration, answers: AnswerProcessor, collector: ResultCollector, results: ResultStore,
        workflows: WorkflowAdvancer, requests: RequestStore,
        lease: WorkerLease, bus: BusClient, hints: HintPublisher,
        collecting: UnderWay<ActivityRequestID>, metrics: ProcessorMetrics, logger: Logger
    ) {
        self.configuration = configuration
        self.answers = answers
        self.collector = collector
        self.results = results
        self.workflows = workflows
        self.requests = requests
        self.lease = lease
        self.bus = bus
        self.hints = hints
        self.collecting = collecting
        self.metrics = metrics
        self.logger = logger
    }

    /// Works until it is told to stop; then finishes the batches under way.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task { await lease.keep() }
            for place in 0..<configuration.concurrency {
                // The first hears of answers; the others help while there are more than it can take.
                group.addTask { await stopping { await processAnswers(when: place == 0 ? answersWait : batchesWait) } }
            }
            for _ in 0..<configuration.collectors {
                group.addTask { await stopping { await collectResults() } }
            }
            group.addTask { await stopping { await advanceWorkflows() } }
            group.addTask { await stopping { await listen() } }
            group.addTask { await stopping { await poll() } }
            await group.waitForAll()
            keeper.cancel()
            await keeper.value
        }
    }

    /// Stopping cancels waiting, never a batch under way: those run in tasks of their own.
    private func stopping(_ body: @escaping @Sendable () async -> Void) async {
        await cancelWhenGracefulShutdown { await body() }
    }

    private func listen() async {
        for await batch in bus.consume(topics: [Topic.answerRecorded, Topic.runsClosed], credit: 64) {
            for message in batch {
                if message.topic == Topic.runsClosed {
                    if let request = ActivityRequestID(message.key) { toCollect.add([request]) }
                } else {
                    answersWait.ring()
                }
                message.finish()
            }
        }
    }

    private func poll() async {
        while !Task.isCancelled {
            answersWait.ring()
            do {
                toCollect.add(try await results.waitingForCollection(limit: 100).map(\.id))
            } catch {
                logger.warning("Could not look for finished requests.", metadata: ["error": "\(error)"])
            }
            do {
                toAdvance.add(try await workflows.waiting())
            } catch {
                logger.warning("Could not look for workflows that go on.", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: configuration.pollInterval)
        }
    }

    private func processAnswers(when bell: Bell) async {
        while await bell.wait() {
            var wait = Duration.milliseconds(100)
            var mayBeMore = true
            while mayBeMore, !Task.isCancelled {
                do {
                    let batch = try await shielded { try await answers.processBatch() }
                    // A full batch says that others wait: another task of this service may take them meanwhile.
                    if batch.picked == configuration.runsMax { batchesWait.ring() }
                    toCollect.add(batch.closedRequests)
                    mayBeMore = batch.picked > 0
                    // A statement costs about the same for ten rows as for a hundred; after a few nothing waits.
                    if (configuration.runsMax / 20..<configuration.runsMax / 2).contains(batch.picked) {
                        // Cut short by a stop, which the loop's condition sees.
                        try? await Task.sleep(for: configuration.gathering)
                    }
                    wait = .milliseconds(100)
                } catch {
                    logger.error("Could not process answers; trying again.", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: wait)
                    wait = min(wait * 2, .seconds(5))
                }
            }
        }
    }

    /// One at a time: whoever comes second to a workflow has nothing to do.
    private func advanceWorkflows() async {
        while let workflow = await toAdvance.next() {
            // What is not its turn, the poll names again.
            guard advanceDelays.allow(workflow, now: .now) else { continue }
            do {
                try await shielded { try await workflows.advance(workflow) }
                advanceDelays.succeed(workflow)
            } catch {
                let delay = advanceDelays.note(error, of: workflow)
                logger.error(
                    "Could not take a workflow on; a later poll finds it again.",
                    metadata: ["request": "\(workflow)", "error": "\(error)", "wait": "\(delay)"])
            }
        }
    }

    private func collectResults() async {
        while let request = await toCollect.next() {
            // What is not its turn, the poll or a hint names again.
            guard delays.allow(request, now: .now), collecting.begin(request) else { continue }
            defer { collecting.end(request) }
            var logger = logger.about(request)
            do {
                let worker = lease.worker
                guard let claimed = try await shielded({ try await results.claim(request, worker: worker) }) else {
                    continue
                }
                logger = logger.about(claimed.trace)
                if try await shielded({ try await collector.collect(claimed) }) {
                    logger.debug("The result of a request is put together.")
                    hints.say(.requestCompleted(claimed.reference))
                    if let step = claimed.step { toAdvance.add([step.workflow]) }
                }
                delays.succeed(request)
            } catch is CollectionLost {
                logger.info("The request was taken up again, or another worker collects it now.")
            } catch {
                metrics.noteFailedResult()
                let delay = delays.note(error, of: request)
                logger.error(
                    "Could not collect a result; a later poll finds it again.",
                    metadata: ["error": "\(error)", "wait": "\(delay)"])
                // The claim may have taken effect, and nobody takes it from a worker that is alive.
                await insist(on: "release a request", logger: logger) {
                    try await requests.release(request, worker: lease.worker)
                }
            }
        }
    }
}

extension FailureDelays {
    /// Notes a failure, but for that of a database that is away for a while: that is nobody's fault.
    fileprivate func note(_ error: any Error, of id: ID) -> Duration {
        (error as? PostgresError)?.isRetryable == true ? .zero : fail(id, now: .now)
    }
}
