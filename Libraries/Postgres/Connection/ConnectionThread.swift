internal import Logging
internal import Synchronization

/// One connection with the thread that it lives on: connects, does the flights that are posted, connects again when the session is lost.
///
/// libpq is called on this thread only. The thread sleeps in `poll` on the socket and an eventfd; a post wakes it only if it sleeps.
final class ConnectionThread: Sendable {
    private struct Inbox {
        var flights: [Flight] = []
        var isSleeping = false
        var isClosing = false
    }

    let slot: Int
    private let environment: ConnectionEnvironment
    private let delegate: any ConnectionDelegate
    private let inbox = Mutex(Inbox())
    private let wake: WakeDescriptor

    init(
        slot: Int, environment: ConnectionEnvironment, delegate: any ConnectionDelegate
    ) throws(PostgresError) {
        self.slot = slot
        self.environment = environment
        self.delegate = delegate
        wake = try WakeDescriptor()
    }

    /// Starts the thread, which keeps itself and the delegate alive until ``close()``.
    func start() throws(PostgresError) {
        try DetachedThread.start(named: "postgres-\(slot)") { self.run() }
    }

    /// Queues a flight. Flights are done in order.
    func post(_ flight: Flight) {
        signal { $0.flights.append(flight) }
    }

    /// Ends the thread after what is queued. `connectionClosed` tells when.
    func close() {
        signal { $0.isClosing = true }
    }

    private func signal(_ change: (inout Inbox) -> Void) {
        let mustWake = inbox.withLock { inbox in
            change(&inbox)
            defer { inbox.isSleeping = false }
            return inbox.isSleeping
        }
        if mustWake { wake.signal() }
    }

    // MARK: On the thread

    private func run() {
        var backoff = ReconnectBackoff(minimum: environment.backoffMin, maximum: environment.backoffMax)
        var epoch = 0
        while !isClosing {
            do throws(PostgresError) {
                let driver = try connect()
                let start = ContinuousClock.now
                epoch += 1
                serve(driver, epoch: epoch)
                if start.duration(to: .now) > environment.backoffMax { backoff.reset() }
                // A server that takes connections and drops them must not be asked in a tight loop.
                pause(backoff.pause())
            } catch {
                guard !isClosing else { break }
                delegate.connectionFailed(slot, error)
                pause(backoff.pause())
            }
        }
        sendBack(PostgresError(.poolClosed, "the connection was closed"))
        delegate.connectionClosed(slot)
    }

    private var isClosing: Bool { inbox.withLock(\.isClosing) }

    private func connect() throws(PostgresError) -> ConnectionDriver {
        // Asleep as far as others are concerned: whatever is posted interrupts.
        inbox.withLock { $0.isSleeping = true }
        return try ConnectionDriver(
            environment, wake: wake,
            isClosing: {
                sendBack(Self.sessionLost)
                return inbox.withLock { inbox in
                    inbox.isSleeping = true
                    return inbox.isClosing
                }
            },
            notified: { [delegate] in delegate.connectionNotified(channel: $0, payload: $1) })
    }

    private func pause(_ duration: Duration) {
        let deadline = ContinuousClock.now + duration
        while !isClosing {
            sendBack(Self.sessionLost)
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return }
            _ = sleepUntilPosted(socket: -1, timeout: left)
        }
    }

    /// Does flights until the session is lost or the thread is to close.
    private func serve(_ driver: ConnectionDriver, epoch: Int) {
        let session = SessionFacts(
            epoch: epoch, serverVersion: driver.handle.serverVersion,
            cancelRequest: driver.handle.makeCancelRequest())
        var next = delegate.connectionReady(slot, session)
        while driver.breakage == nil {
            if let flight = next ?? takePosted() {
                next = fly(flight, driver, epoch: epoch)
            } else if isClosing {
                return
            } else {
                let ready = sleepUntilPosted(socket: driver.handle.socket)
                guard ready.readable, !driver.readUnasked(), let breakage = driver.breakage else { continue }
                delegate.connectionLost(slot, breakage)
            }
        }
        if let next { handBack(next, Self.sessionLost) }
    }

    /// Does one flight and gives the next one if the connection is free then.
    private func fly(_ flight: Flight, _ driver: ConnectionDriver, epoch: Int) -> Flight? {
        var outcome = Flight.Outcome.failure(PostgresError(.cancelled, "the task was cancelled before its turn"))
        if let wanted = flight.epoch, wanted != epoch {
            outcome = .failure(Self.sessionLost)
        } else if flight.begin() {
            outcome = driver.perform(flight.work)
            if case .failure(let error) = outcome, error.code == .server { environment.onRefusedStatement?(error) }
        }
        if flight.endsLease { driver.tidyUp() }
        // A lost session is reported before the connection is given free, so that nobody gets it.
        if let breakage = driver.breakage { delegate.connectionLost(slot, breakage) }
        let next = flight.endsLease ? delegate.connectionFinished(slot) : nil
        flight.land(outcome)
        return next
    }

    private func takePosted() -> Flight? {
        inbox.withLock { $0.flights.isEmpty ? nil : $0.flights.removeFirst() }
    }

    /// Sleeps until something is posted, the socket is readable, or the time is over.
    private func sleepUntilPosted(socket: Int32, timeout: Duration? = nil) -> PollSet.Readiness {
        let isNeeded = inbox.withLock { inbox in
            inbox.isSleeping = inbox.flights.isEmpty && !inbox.isClosing
            return inbox.isSleeping
        }
        guard isNeeded else { return PollSet.Readiness() }
        let ready = PollSet.wait(socket: socket, wake: wake.descriptor, timeout: timeout)
        inbox.withLock { $0.isSleeping = false }
        if ready.woken { wake.reset() }
        return ready
    }

    // MARK: Flights that came too late

    /// Gives back what was posted for a session that is gone.
    private func sendBack(_ error: PostgresError) {
        while let flight = takePosted() { handBack(flight, error) }
    }

    private func handBack(_ flight: Flight, _ error: PostgresError) {
        guard flight.endsLease else { return flight.land(.failure(error)) }
        if flight.epoch == nil {
            delegate.connectionReturned(slot, flight)
        } else {
            _ = delegate.connectionFinished(slot)
            flight.land(.failure(error))
        }
    }

    /// Lost before this flight, so that nothing of it was sent.
    private static let sessionLost = PostgresError(
        .connection, "the session was lost before this call; its transaction is undone")
}
