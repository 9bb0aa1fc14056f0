internal import Logging
internal import Synchronization

/// The pool behind ``PostgresPool``: holds the lock, the threads, and what the state machine wants done.
final class PoolCore: Sendable {
    enum Waiter: Sendable {
        case flight(Flight)
        case lease(LeaseRequest)
    }

    private struct State {
        var machine: PoolStateMachine<Waiter>
        var threads: [ConnectionThread?]
        var sessions: [SessionFacts?]
        /// Why the last attempt to connect failed; tells those who waited in vain.
        var connectError: PostgresError?
        var closers: [CheckedContinuation<Void, Never>] = []

        /// The connection in a slot, if it has a session.
        func lease(of slot: Int) -> Lease? {
            guard let thread = threads[slot], let session = sessions[slot] else { return nil }
            return Lease(thread: thread, session: session)
        }
    }

    private let configuration: PostgresPool.Configuration
    private let environment: Result<ConnectionEnvironment, PostgresError>
    private let state: Mutex<State>
    private let tickets = Atomic<Int>(0)
    let counters = PoolCounters()
    let logger: Logger

    init(_ configuration: PostgresPool.Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let connectionsMax = max(1, configuration.maxConnections)
        state = Mutex(
            State(
                machine: PoolStateMachine(
                    connectionsMax: connectionsMax, waitersMax: max(0, configuration.waitersMax),
                    acquireTimeout: configuration.acquireTimeout),
                threads: Array(repeating: nil, count: connectionsMax),
                sessions: Array(repeating: nil, count: connectionsMax)))
        let counters = counters
        environment = Result { () throws(PostgresError) in
            try ConnectionEnvironment(configuration, counters: counters, logger: logger)
        }
    }

    var statistics: PostgresPoolStatistics {
        var statistics = PostgresPoolStatistics()
        state.withLock { state in
            statistics.connections = state.machine.connectionCount
            statistics.idle = state.machine.idleCount
            statistics.waiters = state.machine.waiterCount
        }
        counters.fill(&statistics)
        return statistics
    }

    // MARK: Callers

    /// Does a pipeline on whichever connection is free, waiting for one if need be.
    nonisolated(nonsending) func run(_ pipeline: Pipeline) async throws(PostgresError) -> [QueryResult] {
        let pipeline = try pipeline.checked()
        guard !pipeline.isEmpty else { return [] }
        _ = try environment.get()
        guard !Task.isCancelled else { throw Self.cancelledBefore }
        let flight = Flight(.pipeline(pipeline), ticket: nextTicket())
        let outcome = await withTaskCancellationHandler {
            await flight.outcome { submit(.flight($0), ticket: $0.ticket) }
        } onCancel: {
            cancel(ticket: flight.ticket)
        }
        return try outcome.get()
    }

    /// Waits for a connection of one's own.
    nonisolated(nonsending) func lease() async throws(PostgresError) -> Lease {
        _ = try environment.get()
        guard !Task.isCancelled else { throw Self.cancelledBefore }
        let request = LeaseRequest(ticket: nextTicket())
        let answer = await withTaskCancellationHandler {
            await request.answer { submit(.lease($0), ticket: $0.ticket) }
        } onCancel: {
            cancel(ticket: request.ticket)
        }
        return try answer.get()
    }

    /// Gives back a lease that nothing was sent on, without a detour over the connection's thread.
    func release(unused lease: Lease) {
        if let flight = connectionFinished(lease.thread.slot) { lease.thread.post(flight) }
    }

    private func nextTicket() -> Int {
        tickets.add(1, ordering: .relaxed).newValue
    }

    private func submit(_ waiter: Waiter, ticket: Int) {
        // A task that was cancelled before it got here has no handler to call it back any more.
        guard !Task.isCancelled else { return refuse(waiter, Self.cancelledBefore) }
        perform(state.withLock { $0.machine.submit(waiter, ticket: ticket, now: .now) })
        // Cancelled in between: the handler may have looked for the waiter too early.
        if Task.isCancelled { cancel(ticket: ticket) }
    }

    private func cancel(ticket: Int) {
        if let waiter = state.withLock({ $0.machine.cancel(ticket: ticket) }) {
            refuse(waiter, Self.cancelledBefore)
        }
    }

    private static let cancelledBefore = PostgresError(.cancelled, "the task was cancelled before its turn")

    // MARK: Actions

    private func perform(_ action: PoolStateMachine<Waiter>.SubmitAction) {
        switch action {
        case .assign(let waiter, let slot): start(waiter, on: slot)
        case .refuse(let waiter, .closed): refuse(waiter, Self.closedError)
        case .refuse(let waiter, .tooManyWaiters(let count)):
            refuse(
                waiter,
                PostgresError(
                    .tooManyWaiters,
                    "\(count) calls wait already for one of \(configuration.maxConnections) connections"))
        case .wait(let slot, let deadline):
            if let slot { open(slot) }
            if let deadline { expireWaiters(at: deadline) }
        }
    }

    /// Starts work on a slot that was just leased for it.
    private func start(_ waiter: Waiter, on slot: Int) {
        guard let lease = state.withLock({ $0.lease(of: slot) }) else { return refuse(waiter, Self.closedError) }
        switch waiter {
        case .flight(let flight): lease.thread.post(flight)
        case .lease(let request): request.answer(.success(lease))
        }
    }

    private func refuse(_ waiter: Waiter, _ error: PostgresError) {
        switch waiter {
        case .flight(let flight): flight.land(.failure(error))
        case .lease(let request): request.answer(.failure(error))
        }
    }

    private func open(_ slot: Int) {
        do throws(PostgresError) {
            let thread = try ConnectionThread(slot: slot, environment: try environment.get(), delegate: self)
            state.withLock { $0.threads[slot] = thread }
            try thread.start()
        } catch {
            state.withLock { state in
                state.threads[slot] = nil
                state.connectError = error
                state.machine.openFailed(slot)
            }
        }
    }

    /// One task for all who wait: deadlines grow along the queue, so that only its head matters.
    private func expireWaiters(at deadline: ContinuousClock.Instant) {
        Task {
            var next: ContinuousClock.Instant? = deadline
            while let deadline = next {
                do {
                    try await Task.sleep(until: deadline, clock: .continuous)
                } catch {
                    // Nobody holds the task, so nobody cancels it; if it happens the waiters are looked at early.
                }
                next = expireOnce()
            }
        }
    }

    private func expireOnce() -> ContinuousClock.Instant? {
        let (expired, next, error) = state.withLock { state in
            let (expired, next) = state.machine.expire(now: .now)
            return (expired, next, expired.isEmpty ? nil : acquireError(state))
        }
        for waiter in expired {
            refuse(waiter, error ?? Self.closedError)
        }
        return next
    }

    private func acquireError(_ state: State) -> PostgresError {
        var message = "no connection became free within \(configuration.acquireTimeout): pool of "
        message += "\(configuration.maxConnections), \(state.machine.connectionCount) open, "
        message += "\(state.machine.connectingCount) connecting, \(state.machine.waiterCount) more waiting"
        if state.machine.connectionCount == 0, let error = state.connectError {
            message += "; the last attempt to connect failed: \(error.message)"
        }
        return PostgresError(.acquireTimeout, message)
    }

    private static let closedError = PostgresError(.poolClosed, "the pool is closed")

    // MARK: Closing

    /// Refuses everybody and closes what is free; the rest closes when it is given back.
    func beginClosing() {
        let (refused, threads) = state.withLock { state in
            let (refused, slots) = state.machine.close()
            return (refused, slots.compactMap { state.threads[$0] })
        }
        for waiter in refused { refuse(waiter, Self.closedError) }
        for thread in threads { thread.close() }
    }

    /// Waits until every connection is closed.
    nonisolated(nonsending) func closed() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.machine.isClosed { state.closers.append(continuation) }
                return state.machine.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }
}

extension PoolCore: ConnectionDelegate {
    func connectionReady(_ slot: Int, _ session: SessionFacts) -> Flight? {
        if session.epoch > 1 {
            counters.reconnected()
            logger.notice("Connected to Postgres again.", metadata: ["connection": "\(slot)"])
        }
        let action = state.withLock { state in
            state.sessions[slot] = session
            state.connectError = nil
            return state.machine.ready(slot)
        }
        return flight(of: action, slot)
    }

    func connectionFinished(_ slot: Int) -> Flight? {
        flight(of: state.withLock { $0.machine.finished(slot) }, slot)
    }

    private func flight(of action: PoolStateMachine<Waiter>.FreeAction, _ slot: Int) -> Flight? {
        switch action {
        case .none: return nil
        case .assign(.flight(let flight)): return flight
        case .assign(let waiter):
            start(waiter, on: slot)
            return nil
        case .close:
            state.withLock { $0.threads[slot] }?.close()
            return nil
        }
    }

    func connectionLost(_ slot: Int, _ error: PostgresError) {
        state.withLock { state in
            state.connectError = error
            state.machine.lost(slot)
        }
        logger.warning(
            "Lost a connection to Postgres.",
            metadata: ["connection": "\(slot)", "error": .string(error.description)])
    }

    func connectionFailed(_ slot: Int, _ error: PostgresError) {
        let isFirst = state.withLock { state in
            defer { state.connectError = error }
            return state.connectError == nil
        }
        // Said once; the attempts that follow are many and alike.
        logger.log(
            level: isFirst ? .warning : .debug, "Cannot connect to Postgres.",
            metadata: ["connection": "\(slot)", "error": .string(error.description)])
    }

    func connectionReturned(_ slot: Int, _ flight: Flight) {
        let (action, thread) = state.withLock { state in
            let action = state.machine.returned(slot, .flight(flight), ticket: flight.ticket, now: .now)
            return (action, state.threads[slot])
        }
        // This was the slot's lease, and a pool that closes waits for it.
        if case .refuse(_, .closed) = action { thread?.close() }
        perform(action)
    }

    func connectionNotified(channel: String, payload: String) {
        logger.debug("Notification on a pooled connection.", metadata: ["channel": .string(channel)])
    }

    func connectionClosed(_ slot: Int) {
        let closers = state.withLock { state in
            state.machine.closed(slot)
            state.threads[slot] = nil
            state.sessions[slot] = nil
            guard state.machine.isClosed else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closers.removeAll() }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }
}
