import Logging
import Postgres
import Runtime
import Store
import Synchronization

/// Remembers changes of state that the database refused until they are written into `etl_log`.
///
/// A refused transaction is rolled back whole, so that it cannot hold the line about itself. The line follows in a transaction of its
/// own. Whoever was refused neither waits for that nor fails by it: the queue is bounded, and what it has no room for is counted.
final class RefusalLog: Sendable {
    /// The most refusals that wait.
    static let queueMax = 100

    private let component: String
    private let logger: Logger
    private let waiting: AsyncStream<RefusedTransition>
    private let continuation: AsyncStream<RefusedTransition>.Continuation
    private let isFinished = Atomic<Bool>(false)
    private let refused: PrometheusCounter
    private let dropped: PrometheusCounter

    /// - Parameter component: the service, as the log names it.
    init(component: String, metrics: PrometheusRegistry, logger: Logger) {
        self.component = component
        self.logger = logger
        (waiting, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueMax))
        refused = metrics.counter("weir_refused_transitions_total", "Changes of state that the database refused.")
        dropped = metrics.counter(
            "weir_refused_transitions_unlogged_total", "Refused changes of state that did not get into etl_log.")
    }

    /// Takes an error of a statement; returns at once.
    func note(_ error: PostgresError) {
        guard let refusal = RefusedTransition(error) else { return }
        refused.increment()
        if case .enqueued = continuation.yield(refusal) { return }
        dropped.increment()
    }

    /// Writes what is noted until ``finish()``, and then what is left.
    func write(to store: LogStore) async {
        var isAway = false
        for await refusal in waiting {
            // A stop does not wait for a database that is away, once for each line.
            if isAway, isFinished.load(ordering: .relaxed) {
                dropped.increment()
                continue
            }
            do {
                try await store.write(refusal, component: component)
                isAway = false
            } catch {
                isAway = true
                dropped.increment()
                logger.error(
                    "A refused change of state could not be logged in the database.",
                    metadata: ["refusal": "\(refusal.message)", "error": "\(error)"])
            }
        }
    }

    /// Takes nothing more.
    func finish() {
        isFinished.store(true, ordering: .relaxed)
        continuation.finish()
    }
}
