import Logging
import Runtime
import ServiceLifecycle
import Store
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Looks at the state of all work again and again, and shows it as metrics.
///
/// The numbers are the database's: of several schedulers each shows the same, so that a query takes the largest, not the sum. After a
/// look that failed nothing is shown, rather than what was true before.
final class StateMonitor: Service {
    /// The bounds of a monitor.
    struct Configuration: Sendable {
        /// How often it looks.
        var interval: Duration = .seconds(15)
        /// How much a look reads.
        var limits = MonitoringStore.Limits()
        /// Transitions are counted when they are that old. History carries the time of the change and is seen after its commit: what takes
        /// longer to commit is not counted.
        var settling: Duration = .seconds(10)
        /// After a longer pause only the transitions of that time are counted.
        var windowMax: Duration = .seconds(600)
        /// Durations looked at in one look.
        var durationsMax = 10_000

        /// The documented defaults.
        init() {}
    }

    private let configuration: Configuration
    private let store: MonitoringStore
    private let metrics: StateMetrics
    private let logger: Logger
    /// Until when transitions are counted; nil before the first look.
    private let countedUntil = Mutex<Date?>(nil)

    init(configuration: Configuration, store: MonitoringStore, metrics: PrometheusRegistry, logger: Logger) {
        self.configuration = configuration
        self.store = store
        self.metrics = StateMetrics(metrics)
        self.logger = logger
    }

    /// Looks until it is told to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                // How old the figures may be. Cut short by a stop, which the loop's condition sees.
                try? await Task.sleep(for: self.configuration.interval)
            }
        }
    }

    /// Looks once.
    func look() async {
        let start = ContinuousClock.now
        do {
            metrics.show(try await store.look(configuration.limits))
            try await countTransitions()
            metrics.looked(for: start.duration(to: .now))
        } catch {
            metrics.failed()
            if Task.isCancelled { return }
            logger.warning("The state of work could not be looked at.", metadata: ["error": "\(error)"])
        }
    }

    private func countTransitions() async throws {
        let end = try await store.time(ago: configuration.settling)
        guard let last = countedUntil.withLock({ $0 }) else {
            // A counter begins with its process.
            return countedUntil.withLock { $0 = end }
        }
        let start = max(last, end - Double(configuration.windowMax.components.seconds))
        guard start < end else { return }
        let counts = try await store.transitions(from: start, to: end)
        let total = counts.reduce(0) { $0 + $1.count }
        let durations =
            total == 0
            ? []
            : try await store.durations(
                from: start, to: end, every: (total + configuration.durationsMax - 1) / configuration.durationsMax,
                bounds: StateMetrics.buckets.bounds)
        // Both are known now, so that a failure in between counts nothing twice.
        countedUntil.withLock { $0 = end }
        metrics.count(counts, durations)
    }
}
