import Synchronization

/// A signal that coalesces: however often it is rung while nobody waits, the next one who waits goes at once.
///
/// It says that there may be work, never how much; whoever hears it takes all there is.
public final class Bell: Sendable {
    private struct State {
        var isRung = false
        var nextWaiter = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    /// A bell that has not been rung.
    public init() {}

    /// Wakes the one who has waited longest, or the next one to come.
    public func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiters.isEmpty {
                state.isRung = true
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        waiter?.resume(returning: true)
    }

    /// Waits until the bell is rung.
    ///
    /// - Returns: false when the task was cancelled instead.
    public func wait() async -> Bool {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    // Cancellation that came before is seen here; one that comes later finds the waiter in the list.
                    if Task.isCancelled { return false }
                    if state.isRung {
                        state.isRung = false
                        return true
                    }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let place = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: place).continuation
            }
            waiter?.resume(returning: false)
        }
    }

    /// Waits until the bell is rung, or a moment has come.
    ///
    /// - Returns: false when the task was cancelled instead.
    public func wait(until moment: ContinuousClock.Instant?) async -> Bool {
        guard let moment else { return await wait() }
        let timer = Task {
            // The moment itself is what is waited for; cancelled once the bell was rung before it.
            try await Task.sleep(until: moment, clock: .continuous)
            ring()
        }
        defer { timer.cancel() }
        return await wait()
    }

    /// Rings every `interval` until the task is cancelled: the fallback of everything that lives on hints.
    public func ring(every interval: Duration) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: interval)
            } catch {
                return
            }
            ring()
        }
    }
}
