import Assembly
import Contracts
import Logging
import Messaging
import Postgres
import Runtime
import ServiceLifecycle
import Store
import Synchronization

/// Delivers events as signed webhooks, and keeps every attempt.
public struct DeliveryService: Service {
    /// The bounds of a delivery service.
    struct Configuration: Sendable {
        /// What is posted at once.
        var limits = DeliverySchedule.Limits()
        /// How often it looks for deliveries that are due.
        var pollInterval: Duration = .seconds(1)
        /// How long one post may take for the whole exchange.
        var timeout: Duration = .seconds(15)
        /// An endpoint that nothing has got through to for so long is disabled.
        var disableAfter: Duration = .seconds(5 * 86_400)
    }

    private let configuration: Configuration
    private let deliveries: DeliveryStore
    private let poster: WebhookPoster
    private let lease: WorkerLease
    private let bus: BusClient
    private let logger: Logger
    private let attempts: Batcher<DeliveryAttempt>
    private let ended = EndedEndpoints()
    private let bell = Bell()
    private let posts: PostsUnderWay
    private let metrics: DeliveryMetrics

    /// How long a claim may still take effect after its connection broke: longer than a statement may run.
    private static let doubtLife: Duration = .seconds(60)
    /// Endpoints looked at in one statement, and deliveries given up in one.
    private static let endpointsMax = 10_000
    private static let giveUpMax = 1_000

    /// A delivery service on its parts.
    init(
        configuration: Configuration, deliveries: DeliveryStore, poster: WebhookPoster, lease: WorkerLease,
        bus: BusClient, context: RuntimeContext
    ) {
        self.configuration = configuration
        self.deliveries = deliveries
        self.poster = poster
        self.lease = lease
        self.bus = bus
        logger = context.logger
        attempts = Batcher(itemsMax: 100)
        let posts = PostsUnderWay(limits: configuration.limits)
        self.posts = posts
        metrics = DeliveryMetrics(context.metrics, postsMax: configuration.limits.postsMax) { posts.count }
    }

    /// Delivers until it is told to stop; then finishes the posts under way.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task { await lease.keep() }
            group.addTask { await cancelWhenGracefulShutdown { await listen() } }
            group.addTask { await cancelWhenGracefulShutdown { await poll() } }
            group.addTask { await cancelWhenGracefulShutdown { await ended.run(logger: logger, giveUp) } }
            group.addTask { await attempts.run(record) }
            group.addTask {
                await withDiscardingTaskGroup { tasks in
                    let stopped = Stop()
                    await withGracefulShutdownHandler {
                        await dispatch(into: &tasks, until: stopped)
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
            announceNews()
            for message in batch { message.finish() }
        }
    }

    private func poll() async {
        // For deliveries that no hint named. A stop cuts it short and ends it.
        while (try? await Task.sleep(for: configuration.pollInterval)) != nil { announceNews() }
    }

    /// There may be deliveries that nobody here knows of.
    private func announceNews() {
        posts.noteNews()
        bell.ring()
    }

    private func dispatch(into tasks: inout DiscardingTaskGroup, until stop: Stop) async {
        var doubtEnds: ContinuousClock.Instant?
        var last: EndpointID?
        while await bell.wait(until: posts.wake), !stop.isSet {
            do {
                if let end = doubtEnds {
                    try await giveBackUnknown()
                    if end < .now { doubtEnds = nil }
                }
                if posts.takeSurvey() { last = try await look(after: last) }
                while !stop.isSet, let turns = posts.takeTurns() {
                    try await post(turns, in: &tasks)
                }
            } catch {
                if (error as? PostgresError)?.isKnownNotApplied != true { doubtEnds = .now + Self.doubtLife }
                logger.error("Could not claim deliveries.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
                announceNews()
            }
        }
    }

    /// Looks which endpoints have work.
    ///
    /// - Returns: where to go on looking, when there were more than are looked at in one go.
    private func look(after last: EndpointID?) async throws -> EndpointID? {
        let start = ContinuousClock.now
        let work = try await deliveries.work(after: last, limit: Self.endpointsMax)
        posts.offer(work, lookedFrom: start)
        for one in work where one.isEnded { ended.submit(one) }
        guard work.count == Self.endpointsMax else {
            // What lies before it was not looked at.
            if last != nil { announceNews() }
            return nil
        }
        announceNews()
        return work.last?.endpoint
    }

    /// Gives up what waits for an endpoint that is disabled or deleted.
    private func giveUp(_ work: EndpointWork) async throws {
        var total = 0
        var count: Int
        repeat {
            let start = ContinuousClock.now
            count = try await deliveries.giveUp(org: work.org, endpoint: work.endpoint, limit: Self.giveUpMax)
            metrics.noteGivenUp(count)
            total += count
            // At the most half of the time: posting is more urgent.
            if count == Self.giveUpMax { try await Task.sleep(for: .now - start) }
        } while count == Self.giveUpMax
        if total > 0 {
            logger.notice(
                "Gave up deliveries: their endpoint is disabled.",
                metadata: ["endpoint": "\(work.endpoint)", "deliveries": "\(total)"])
        }
    }

    private func post(_ turns: [EndpointTurn], in tasks: inout DiscardingTaskGroup) async throws {
        let claimed: [ClaimedDelivery]
        do {
            claimed = try await deliveries.claim(
                turns, worker: lease.worker, probe: configuration.timeout + .seconds(60))
        } catch {
            posts.returned(turns)
            throw error
        }
        posts.begin(claimed, of: turns)
        for delivery in claimed {
            tasks.addTask {
                let attempt = await poster.post(delivery)
                posts.end(attempt)
                attempts.submit(attempt)
                bell.ring()
            }
        }
    }

    /// The answer to a claim was lost: the database may have given deliveries to this worker, which does not know of them. No claim
    /// is under way meanwhile.
    private func giveBackUnknown() async throws {
        let count = try await deliveries.giveBackUnknown(worker: lease.worker, known: posts.unrecorded)
        if count > 0 {
            logger.notice("Gave back deliveries whose claim was not answered.", metadata: ["deliveries": "\(count)"])
            posts.noteNews()
        }
    }

    private func record(_ batch: [DeliveryAttempt]) async {
        for attempt in batch {
            metrics.note(attempt)
            log(attempt)
        }
        // What the endpoint took must be known, or it gets it again.
        await insist(on: "record \(Quantity(batch.count, "attempt"))", logger: logger) {
            let events = try await deliveries.record(batch, disableAfter: configuration.disableAfter)
            for event in events { report(event) }
        }
        posts.recorded(batch)
        announceNews()
    }

    private func log(_ attempt: DeliveryAttempt) {
        if attempt.outcome == .delivered, logger.logLevel > .debug { return }
        let delivery = attempt.delivery
        var logger = logger.about(delivery.trace)
        if let request = delivery.request { logger = logger.about(request) }
        if attempt.outcome == .delivered {
            return logger.debug("A webhook was taken.", metadata: ["delivery": "\(delivery.id)"])
        }
        let metadata: Logger.Metadata = [
            "delivery": "\(delivery.id)", "event": "\(delivery.eventType)", "attempt": "\(delivery.attempt)",
            "error": "\(attempt.error ?? "-")",
        ]
        switch attempt.outcome {
        case .postponed, .held: logger.info("A webhook was put off.", metadata: metadata)
        case .delivered, .retry, .failed: logger.info("A webhook was not taken.", metadata: metadata)
        }
    }

    private func report(_ event: EndpointEvent) {
        metrics.note(event.change)
        let metadata: Logger.Metadata = ["endpoint": "\(event.endpoint)", "org": "\(event.org)"]
        switch event.change {
        case .opened:
            logger.notice("Most webhooks to an endpoint fail: nothing is posted to it for a while.", metadata: metadata)
        case .held:
            logger.warning(
                "An endpoint lacks a secret or a header: nothing is posted to it for a while.", metadata: metadata)
        case .stillOpen:
            logger.info("An endpoint still takes nothing.", metadata: metadata)
        case .closed:
            logger.notice("An endpoint takes webhooks again.", metadata: metadata)
        case .disabled:
            logger.warning("An endpoint was disabled; weir webhook enable enables it.", metadata: metadata)
        }
    }
}
