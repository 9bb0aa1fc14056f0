import Exchanges
import Synchronization

/// Keeps the calls of a step until they are shown.
final class CallRecorder: ExchangeObserver {
    private let seen = Mutex<[ObservedCall]>([])

    func observe(_ call: ObservedCall) {
        seen.withLock { $0.append(call) }
    }

    /// The calls since the last time.
    func take() -> [ObservedCall] {
        seen.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }
}
