internal import Synchronization

/// One request to cancel one flight of an exclusive lease, sent from a thread of its own because libpq blocks in it.
final class FlightCancellation: Sendable {
    private enum State {
        /// Nobody wants to cancel. Exits: `sending`, `settled`.
        case idle
        /// The request is under way; `waiter` goes on after it. Exits: `settled`.
        case sending(waiter: CheckedContinuation<Void, Never>?)
        /// The server has it, or it came to nothing. No exits.
        case settled(wasAsked: Bool)
    }

    private let flight: Flight
    /// nil if the server must not be asked, or cannot be.
    private let request: CancelRequest?
    private let state = Mutex(State.idle)

    init(_ flight: Flight, _ request: CancelRequest?) {
        self.flight = flight
        self.request = request
    }

    /// Called once, when the task is cancelled.
    func begin() {
        guard flight.cancel() == .running, let request else { return }
        let mustSend = state.withLock { state in
            guard case .idle = state else { return false }
            state = .sending(waiter: nil)
            return true
        }
        guard mustSend else { return }
        do throws(PostgresError) {
            // A request that the server does not get leaves the statement running; its time-out ends it.
            try DetachedThread.start(named: "postgres-cancel") { self.settle(wasAsked: request.send() == nil) }
        } catch {
            settle(wasAsked: false)
        }
    }

    /// Waits for a request that is under way. Tells whether the server was asked to cancel.
    nonisolated(nonsending) func settled() async -> Bool {
        if let wasAsked = state.withLock({ Self.settleIfIdle(&$0) }) { return wasAsked }
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                guard case .sending = state else { return true }
                state = .sending(waiter: continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
        return state.withLock { Self.settleIfIdle(&$0) } ?? false
    }

    /// nil while a request is under way.
    private static func settleIfIdle(_ state: inout State) -> Bool? {
        switch state {
        case .idle:
            state = .settled(wasAsked: false)
            return false
        case .sending: return nil
        case .settled(let wasAsked): return wasAsked
        }
    }

    private func settle(wasAsked: Bool) {
        let waiter = state.withLock { state in
            defer { state = .settled(wasAsked: wasAsked) }
            if case .sending(let waiter) = state { return waiter }
            return nil
        }
        waiter?.resume()
    }
}
