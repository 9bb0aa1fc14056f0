import Contracts
import Logging
import Messaging
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
    private let room: Room
    private let attempted: PrometheusCounter
    private let failed: PrometheusCounter

    /// How many posts may still begin.
    private final class Room: Sendable {
        private let free: Mutex<Int>

        init(_ free: Int) {
            self.free = Mutex(free)
        }

        var count: Int { free.withLock { $0 } }

        func change(by amount: Int) {
            free.withLock { $0 += amount }
        }
    }

    /// A delivery service on its parts.
    init(
        configuration: Configuration, deliveries: DeliveryStore, poster: WebhookPoster, lease: WorkerLease, bus: BusClient,
        context: RuntimeContext
    ) {
        self.configuration = configuration
        self.deliveries = deliveries
        self.poster = poster
        self.lease = lease
        self.bus = bus
        logger = context.logger
        attempts = Batcher(itemsMax: 100)
        room = Room(configuration.postsMax)
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
        while await bell.wait(), !stop.isSet {
            do {
                while !stop.isSet, room.count > 0 {
                    let claimed = try await deliveries.claim(worker: lease.worker, limit: room.count)
                    if claimed.isEmpty { break }
                    room.change(by: -claimed.count)
                    for delivery in claimed {
                        posts.addTask { attempts.submit(await poster.post(delivery)) }
                    }
                }
            } catch {
                logger.error("Could not claim deliveries.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func record(_ batch: [DeliveryAttempt]) async {
        attempted.increment(by: Int64(batch.count))
        for attempt in batch where attempt.outcome != .delivered {
            failed.increment()
            logger.info(
                "A webhook was not taken.",
                metadata: [
                    "delivery": "\(attempt.delivery.id)", "attempt": "\(attempt.delivery.attempt)",
                    "error": "\(attempt.error ?? "-")",
                ])
        }
        var wait = Duration.milliseconds(100)
        while true {
            do {
                try await deliveries.record(batch, worker: lease.worker)
                break
            } catch {
                // What the endpoint took must be known, or it gets it again.
                logger.error("Could not record attempts; trying again.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: wait)
                if Task.isCancelled { break }
                wait = min(wait * 2, .seconds(5))
            }
        }
        room.change(by: batch.count)
        bell.ring()
    }
}
