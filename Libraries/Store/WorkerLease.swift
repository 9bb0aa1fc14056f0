import Contracts
import Logging
import Postgres
import Synchronization

/// This process's standing as a worker: registered, kept alive by one heartbeat for all its claims, renewed when lost.
public final class WorkerLease: Sendable {
    private let store: WorkerStore
    private let service: String
    private let host: String
    private let processID: Int32
    private let duration: Duration
    private let makeID: @Sendable () -> WorkerID
    private let logger: Logger
    private let current: Mutex<WorkerID>
    /// Until when nobody can have given the worker up.
    private let expiry = Mutex(ContinuousClock.now)

    /// A lease that ``register()`` takes out.
    ///
    /// - Parameters:
    ///   - duration: how long the worker may be silent before its claims are void.
    ///   - makeID: makes the id of each registration; a worker that was given up comes back as another.
    public init(
        store: WorkerStore, service: String, host: String, processID: Int32, duration: Duration,
        makeID: @escaping @Sendable () -> WorkerID, logger: Logger
    ) {
        self.store = store
        self.service = service
        self.host = host
        self.processID = processID
        self.duration = duration
        self.makeID = makeID
        self.logger = logger
        current = Mutex(makeID())
    }

    /// The id under which to claim. Read it anew for every claim.
    public var worker: WorkerID { current.withLock { $0 } }

    /// Makes the worker known; nothing can be claimed before.
    public func register() async throws(PostgresError) {
        try await register(worker)
    }

    private func register(_ worker: WorkerID) async throws(PostgresError) {
        let asked = ContinuousClock.now
        try await store.register(worker, service: service, host: host, processID: processID, lease: duration)
        expiry.withLock { $0 = asked + duration }
    }

    /// Sends heartbeats until the task is cancelled, then gives the claims up.
    ///
    /// - Parameter onLoss: called when the worker has been given up, or may have been because no heartbeat got through for one lease: what
    ///   it does by then somebody else may be doing, too.
    public func keep(onLoss: @escaping @Sendable () -> Void = {}) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watch(onLoss) }
            while !Task.isCancelled {
                do {
                    // Three heartbeats in a lease: one of them may be lost.
                    try await Task.sleep(for: duration / 3)
                } catch {
                    break
                }
                await beat(onLoss)
            }
            group.cancelAll()
        }
        // In a task of its own, because this one is cancelled and the statement shall still be sent.
        await Task {
            do {
                try await store.end(worker, reason: "stopped")
            } catch {
                logger.warning("Could not sign off; the scheduler will notice.", metadata: ["error": "\(error)"])
            }
        }.value
    }

    /// Notices that the lease is over, beside a heartbeat that gets no answer.
    private func watch(_ onLoss: @Sendable () -> Void) async {
        var isOver = false
        while !Task.isCancelled {
            let end = expiry.withLock { $0 }
            let isOverNow = end <= .now
            if isOverNow, !isOver {
                logger.warning("No heartbeat has got through for one lease.", metadata: ["worker": "\(worker)"])
                onLoss()
            }
            isOver = isOverNow
            // Cut short when the worker stops, which the loop's condition sees.
            try? await Task.sleep(until: isOver ? .now + duration / 10 : end, clock: .continuous)
        }
    }

    private func beat(_ onLoss: @Sendable () -> Void) async {
        do {
            let asked = ContinuousClock.now
            if try await store.heartbeat(worker) {
                expiry.withLock { $0 = asked + duration }
                return
            }
            let lost = worker
            onLoss()
            // Known to the database before anything is claimed under it.
            let new = makeID()
            try await register(new)
            current.withLock { $0 = new }
            // What began under the old one meanwhile, too.
            onLoss()
            logger.warning(
                "Lost the lease and registered anew.", metadata: ["lost": "\(lost)", "worker": "\(worker)"])
        } catch {
            logger.warning("A heartbeat failed.", metadata: ["error": "\(error)"])
        }
    }
}
