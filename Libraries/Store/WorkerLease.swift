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
        try await store.register(worker, service: service, host: host, processID: processID, lease: duration)
    }

    /// Sends heartbeats until the task is cancelled, then gives the claims up.
    public func keep() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: duration / 3)
            } catch {
                break
            }
            await beat()
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

    private func beat() async {
        do {
            if try await store.heartbeat(worker) { return }
            let lost = worker
            // Known to the database before anything is claimed under it.
            let new = makeID()
            try await store.register(new, service: service, host: host, processID: processID, lease: duration)
            current.withLock { $0 = new }
            logger.warning(
                "Lost the lease and registered anew.", metadata: ["lost": "\(lost)", "worker": "\(worker)"])
        } catch {
            logger.warning("A heartbeat failed.", metadata: ["error": "\(error)"])
        }
    }
}
