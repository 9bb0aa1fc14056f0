internal import Synchronization

/// Events between the connection's thread and the task that iterates; bounded.
final class EventQueue: Sendable {
    typealias Event = PostgresListener.Event

    private struct State {
        var events: [Event] = []
        var waiters: [(id: Int, continuation: CheckedContinuation<Event?, Never>)] = []
        var lastWaiter = 0
        var isClosed = false
    }

    private let eventsMax: Int
    private let state = Mutex(State())

    init(eventsMax: Int) {
        self.eventsMax = max(1, eventsMax)
    }

    /// Adds an event, or hands it to the task that waits. If there are too many, all are replaced by the advice to look for oneself.
    func append(_ event: Event) {
        let waiter = state.withLock { state -> CheckedContinuation<Event?, Never>? in
            guard !state.isClosed else { return nil }
            guard state.waiters.isEmpty else { return state.waiters.removeFirst().continuation }
            // Looking at the tables covers everything that was said before.
            if event == .resynchronize || state.events.count >= eventsMax {
                state.events = [.resynchronize]
            } else {
                state.events.append(event)
            }
            return nil
        }
        waiter?.resume(returning: event)
    }

    /// Ends the sequence: what is queued is forgotten, whoever waits gets nil.
    func close() {
        let waiters = state.withLock { state in
            defer { state.waiters.removeAll() }
            state.isClosed = true
            state.events.removeAll()
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    /// The next event; nil after `close` or if the task is cancelled.
    nonisolated(nonsending) func next() async -> Event? {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isAnswered, event) = state.withLock { state -> (Bool, Event?) in
                    guard !state.isClosed, !Task.isCancelled else { return (true, nil) }
                    guard state.events.isEmpty else { return (true, state.events.removeFirst()) }
                    state.waiters.append((id, continuation))
                    return (false, nil)
                }
                if isAnswered { continuation.resume(returning: event) }
                if !isAnswered, Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
        }
        waiter?.resume(returning: nil)
    }
}
