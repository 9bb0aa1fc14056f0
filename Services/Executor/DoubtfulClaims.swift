import Contracts
import Store
import Synchronization

/// Claims whose answer never came: the database may have given runs to this worker, which does not know of them. Since the worker
/// is alive, no sweeper would take them back; it must give them back itself.
final class DoubtfulClaims: Sendable {
    /// A claim that may have happened.
    struct Claim: Sendable {
        let exchanges: [RunRequestID]
        let worker: WorkerID
        fileprivate let since: ContinuousClock.Instant
    }

    /// How long a claim may still take effect after its connection broke: a server goes on with a statement until it notices, at
    /// the most until its time-out, which is half of this.
    static let life: Duration = .seconds(60)

    private let claims = Mutex<[Claim]>([])

    /// The answer to a claim was lost.
    func add(_ exchanges: [RunRequestID], worker: WorkerID) {
        claims.withLock { $0.append(Claim(exchanges: exchanges, worker: worker, since: .now)) }
    }

    /// The claims to give back now, again and again until their life is over.
    func current() -> [Claim] { claims.withLock { $0 } }

    /// A give-back that was sent at `asked` has succeeded; one that was sent after the claim's life was the last.
    func gaveBack(_ claim: Claim, asked: ContinuousClock.Instant) {
        claims.withLock { $0.removeAll { $0.exchanges == claim.exchanges && $0.since + Self.life < asked } }
    }
}
