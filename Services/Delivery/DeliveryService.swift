import Assembly
import Contracts
import Logging
import Messaging
import Postgres
import Runtime
import ServiceLifecycle
import Store
import Synchronization

/// Delivers the outcomes of requests as signed webhooks, and keeps every attempt.
public struct DeliveryService: Service {
    /// The bounds of a delivery service.
    public struct Configuration: Sendable {
        /// Webhooks posted at once.
        public var postsMax = 64
        /// How often it looks for deliveries that are due.
        public var pollInterval: Duration = .seconds(1)

        /// The documented defaults.
        public init() {}
    }

    private let configuration: Configuration
    private let deliveries: DeliveryStore
    private let poster: WebhookPoster
    private let lease: WorkerLease
    private let bus: BusClient
    private let logger: Logger
    private let attempts: Batcher<DeliveryAttempt>
    private let bell = Bell()
    private let underWay = Posts()
    private let attempted: PrometheusCounter
    private let failed: PrometheusCounter

    /// How long a claim may still take effect after its connection broke: longer than a statement may run.
    private static let doubtLife: Duration = .seconds(60)

    /// The deliveries that were claimed and are not recorded yet.
    private final class Posts: Sendable {
        private let underWay = Mutex<Set<DeliveryID>>([])

        var all: [DeliveryID] { underWay.withLock { Array($0) } }
        var count: Int { underWay.withLock { $0.count } }

        func begin(_ deliveries: [ClaimedDelivery]) {
            underWay.withLock { $0.formUnion(deliveries.lazy.map(\.id)) }
        }

        func end(_ attempts: [DeliveryAttempt]) {
            underWay.withLock { $0.subtract(attempts.lazy.map(\.delivery.id)) }
        }
    }

    /// A delivery service on its parts.
    init(
        configuration: Configuration, deliveries: DeliveryStore, poster: WebhookPoster, lease: WorkerLease,
        bus: BusClient,
        context: RuntimeContext
    ) {
        self.configuration = configuration
        self.deliveries = deliveries
        self.poster = poster
        self.lease = lease
        self.bus = bus
        logger = context.logger
        attempts = Batcher(itemsMax: 100)
        attempted = context.metrics.counter("weir_delivery_attempts_total", "Webhooks posted.")
        failed = context.metrics.counter("weir_delivery_failures_total", "Webhooks that the endpoint did not take.")
    }

    /// Delivers until it is told to stop; then finishes the posts under way.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task { await lease.keep() }
            group.addTask { await cancelWhenGracefulShutdown { await listen() } }
            group.addTask { await cancelWhenGracefulShutdown { await bell.ring(every: configuration.pollInterval) } }
            group.addTask { await attempts.run(record) }
            group.addTask {
                await withDiscardingTaskGroup { posts in
                    let stopped = Stop()
                    await withGracefulShutdownHandler {
                        await dispatch(into: &posts, until: stopped)
                    } onGracefulShutdown: {
                        stopped.set()
                        bell.ring()
                    }
                }
                attempts.finish()
            }
            await group.waitForAll()
            keeper.cancel()
            await keeper.value
        }
    }

    private final class Stop: Sendable {
        private let isOver = Mutex(false)
        var isSet: Bool { isOver.withLock { $0 } }
        func set() { isOver.withLock { $0 = true } }
    }

    private func listen() async {
        for await batch in bus.consume(topics: [Topic.requestCompleted], credit: 64) {
            bell.ring()
            for message in batch { message.finish() }
        }
    }

    private func dispatch(into posts: inout DiscardingTaskGroup, until stop: Stop) async {
        var doubtEnds: ContinuousClock.Instant?
        while await bell.wait(), !stop.isSet {
            do {
                if let end = doubtEnds {
                    try await giveBackUnknown()
                    if end < .now { doubtEnds = nil }
                }
                while !stop.isSet, underWay.count < configuration.postsMax {
                    let claimed = try await deliveries.claim(
                        worker: lease.worker, limit: configuration.postsMax - underWay.count)
                    if claimed.isEmpty { break }
                    underWay.begin(claimed)
                    for delivery in claimed {
                        posts.addTask { attempts.submit(await poster.post(delivery)) }
                    }
                }
            } catch {
                if (error as? PostgresError)?.isKnownNotApplied != true { doubtEnds = .now + Self.doubtLife }
                logger.error("Could not claim deliveries.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// The answer to a claim was lost: the database may have given deliveries to this worker, which does not know of them. No claim
    /// is under way meanwhile.
    private func giveBackUnknown() async throws {
        let count = try await deliveries.giveBackUnknown(worker: lease.worker, known: underWay.all)
        if count > 0 {
            logger.notice("Gave back deliveries whose claim was not answered.", metadata: ["deliveries": "\(count)"])
        }
    }

    private func record(_ batch: [DeliveryAttempt]) async {
        attempted.increment(by: Int64(batch.count))
        for attempt in batch where attempt.outcome != .delivered {
            failed.increment()
            (attempt.delivery.reference.map(logger.about) ?? logger.about(attempt.delivery.trace)).info(
                "A webhook was not taken.",
                metadata: [
                    "delivery": "\(attempt.delivery.id)", "attempt": "\(attempt.delivery.attempt)",
                    "error": "\(attempt.error ?? "-")",
                ])
        }
        // What the endpoint took must be known, or it gets it again.
        await insist(on: "record \(Quantity(batch.count, "attempt"))", logger: logger) {
            try await deliveries.record(batch, worker: lease.worker)
        }
        underWay.end(batch)
        bell.ring()
    }
}
