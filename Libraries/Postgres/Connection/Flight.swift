internal import Synchronization

/// One unit of work on a connection: what to do, and who waits for the outcome.
///
/// A flight is posted once and lands once, whatever happens on the way.
final class Flight: Sendable {
    enum Work: Sendable {
        /// Statements in one round trip, with BEGIN before and COMMIT behind them if asked.
        case pipeline(Pipeline, begins: Bool = false, commits: Bool = false)
        case rollback
        /// Several statements of SQL text; leaves pipeline mode for as long as it takes.
        case script(String)
        /// COPY … FROM STDIN begins; data flights follow, then an end.
        case copyBegin(String)
        case copyData([UInt8])
        /// With a reason, the server forgets what was copied.
        case copyEnd(abortingBecause: String?)
        /// Nothing to do but to give the connection back.
        case release
        /// The session is of no use to its owner: make another one.
        case disconnect(PostgresError)
    }

    typealias Outcome = Result<[QueryResult], PostgresError>

    let work: Work
    /// The session that the flight belongs to; nil if any will do. A session that was lost takes its transaction and its settings along.
    let epoch: Int?
    /// Whether the connection is free for others when the flight has landed.
    let endsLease: Bool
    /// Its place in the pool's queue.
    let ticket: Int

    /// What became of a wish to cancel.
    enum CancelAnswer {
        /// It had not begun and will not.
        case prevented
        /// It is under way: only the server can stop it.
        case running
        case landed
    }

    private enum Phase {
        case waiting, cancelled, running, landed
    }

    private struct State {
        var phase = Phase.waiting
        var completion: (@Sendable (Outcome) -> Void)?
    }

    private let state = Mutex(State())

    /// A flight that any session of a pool can do.
    init(_ work: Work, ticket: Int) {
        (self.work, self.ticket) = (work, ticket)
        (epoch, endsLease) = (nil, true)
    }

    /// A flight that nobody waits for; `completion` is called on the connection's thread.
    convenience init(_ work: Work, completion: @escaping @Sendable (Outcome) -> Void) {
        self.init(work, ticket: 0)
        state.withLock { $0.completion = completion }
    }

    /// A flight for one session.
    init(_ work: Work, epoch: Int, endsLease: Bool) {
        (self.work, ticket) = (work, 0)
        (self.epoch, self.endsLease) = (epoch, endsLease)
    }

    /// Hands the flight to `post` and waits until it has landed.
    nonisolated(nonsending) func outcome(after post: (Flight) -> Void) async -> Outcome {
        await withCheckedContinuation { continuation in
            state.withLock { $0.completion = { continuation.resume(returning: $0) } }
            post(self)
        }
    }

    /// Begins; false if the flight was cancelled before.
    func begin() -> Bool {
        state.withLock { state in
            guard state.phase == .waiting else { return false }
            state.phase = .running
            return true
        }
    }

    /// Gives the outcome to the one who waits. Only the first call counts.
    func land(_ outcome: Outcome) {
        let completion = state.withLock { state in
            state.phase = .landed
            return state.completion.take()
        }
        completion?(outcome)
    }

    func cancel() -> CancelAnswer {
        state.withLock { state in
            switch state.phase {
            case .waiting:
                state.phase = .cancelled
                return .prevented
            case .cancelled: return .prevented
            case .running: return .running
            case .landed: return .landed
            }
        }
    }
}
