import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Since when the database has answered without a break, as far as this process can tell. Workers could not send heartbeats either
/// while it did not.
final class DatabaseContact: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
        var lastByServer: Date?
    }

    /// A longer silence is an outage, also when what was asked is answered in the end.
    let silenceMax: Duration
    private let state = Mutex(State())

    init(silenceMax: Duration) {
        self.silenceMax = silenceMax
    }

    /// It answered, now, with its own time.
    func answered(with time: Date, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if state.last.map({ now - $0 > silenceMax }) ?? true { state.since = now }
            state.last = now
            state.lastByServer = time
        }
    }

    /// It did not answer.
    func lost() {
        state.withLock { $0 = State() }
    }

    /// The server's time of the last answer; nil unless it has answered for so long without a break.
    func lastAnswer(unbrokenFor duration: Duration, now: ContinuousClock.Instant = .now) -> Date? {
        state.withLock { state in
            guard let since = state.since, now - since >= duration else { return nil }
            return state.lastByServer
        }
    }
}
