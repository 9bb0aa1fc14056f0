import Synchronization

/// What an exchange comes to.
typealias Outcome = Result<OutboundResponse, OutboundError>

/// Where the caller of an exchange waits. Resumed exactly once, by the loop's thread (or by the mailbox once that has
/// ended).
typealias OutcomeContinuation = UnsafeContinuation<Outcome, Never>

/// One request on its way through the client.
///
/// Unchecked because of `stage` and `continuation`: they belong to the loop's thread, which alone reads and writes
/// them. All else is constant or atomic.
final class Exchange: @unchecked Sendable {
    /// How far an exchange has come. Each stage leads only to those below it.
    enum Stage {
        /// In the mailbox or in the admission queue.
        case waiting
        /// Handed to libcurl.
        case running(Transfer)
        /// Answered.
        case finished
    }

    let request: OutboundRequest
    let target: RequestTarget
    let startedAt: MonotonicInstant
    let deadline: MonotonicInstant

    /// Set before the cancel command is posted, so that an exchange which is cancelled before it reached the loop
    /// never starts.
    let isCancelled = Atomic<Bool>(false)

    var stage = Stage.waiting
    var continuation: OutcomeContinuation?
    var hostRecord: AdmissionQueue<Exchange>.Host?

    init(request: OutboundRequest, target: RequestTarget) {
        self.request = request
        self.target = target
        startedAt = .now
        deadline = startedAt + request.timeout
    }

    var isFinished: Bool {
        if case .finished = stage { true } else { false }
    }
}
