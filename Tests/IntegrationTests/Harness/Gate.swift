import Foundation
import Synchronization

/// Holds threads back until it is opened, so that a test can do something in the middle of the work.
final class Gate: Sendable {
    private struct State {
        var passesLeft = Int.max
        var waiting = 0
    }

    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)

    /// Lets so many more pass, then holds.
    func close(after passes: Int) {
        state.withLock { $0.passesLeft = passes }
    }

    /// Lets everybody pass.
    func open() {
        let waiting = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for _ in 0..<waiting { opened.signal() }
    }

    /// How many are held back now.
    var heldBack: Int { state.withLock { $0.waiting } }

    /// Passes, or blocks until the gate is opened.
    func pass() {
        let isOpen = state.withLock { state in
            if state.passesLeft > 0 {
                if state.passesLeft < .max { state.passesLeft -= 1 }
                return true
            }
            state.waiting += 1
            return false
        }
        if !isOpen { opened.wait() }
    }
}
