import Contracts
import Postgres

/// What an executor asks for one source: how many calls it could make at once, and starts of its rate.
public struct PermitAsking: Sendable, Equatable {
    /// The source, of an organization.
    public let source: ReadySource
    /// Calls that it has work for; 0 gives back what is free.
    public let wanted: Int
    /// Calls that it may be making already, under the permit that it has.
    public let keep: Int
    /// Whether it has work for all of these calls and more, so that none is to be left for executors that have nothing to do.
    public let isBusy: Bool
    /// Calls that it could begin at once, if the source limits how many begin in a stretch of time.
    public let starts: Int

    /// What is asked for a source.
    public init(source: ReadySource, wanted: Int, keep: Int, isBusy: Bool = false, starts: Int) {
        self.source = source
        self.wanted = wanted
        self.keep = keep
        self.isBusy = isBusy
        self.starts = starts
    }
}

/// What an executor may do for one source from now on.
public struct CallPermit: Sendable, Equatable {
    /// The source, of an organization.
    public let source: ReadySource
    /// The calls that count as its own, over all executors.
    public let slots: Int
    /// How many of them it is to use: fewer when others are to get their share.
    public let target: Int
    /// The calls that may begin now; nil when the source does not limit that.
    public let starts: Int?
    /// How long after they were asked for they may be used.
    public let startsWithin: Duration
    /// How long it is of no use to ask again: the rate is used up, or the source is paused.
    public let wait: Duration
    /// Whether other executors have less than they have work for.
    public let othersWant: Bool

    /// A permit for a source.
    public init(
        source: ReadySource, slots: Int, target: Int, starts: Int? = nil, startsWithin: Duration,
        wait: Duration = .zero, othersWant: Bool = false
    ) {
        self.source = source
        self.slots = slots
        self.target = target
        self.starts = starts
        self.startsWithin = startsWithin
        self.wait = wait
        self.othersWant = othersWant
    }
}

/// The limits of sources over all executors (docs/decisions/0013).
public struct CallPermitStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let hold = Statement(
        "call_permit.hold",
        """
        select source_id, slots, target, starts, starts_seconds, wait_seconds, others_want
        from etl_api.hold_call_permits($1, $2, $3, $4, $5, $6, $7)
        """)

    /// Asks for permits, gives up what is not wanted any more, and asks for starts: one statement for all sources.
    ///
    /// - Parameter within: how long starts may take from the asking to their call's beginning; later they are void.
    /// - Returns: the permits, in no order; of sources that there are not, and of a worker that was given up, none.
    public func hold(
        _ askings: [PermitAsking], worker: WorkerID, within: Duration
    ) async throws(PostgresError) -> [CallPermit] {
        let sources = Dictionary(askings.map { ($0.source.source, $0.source) }, uniquingKeysWith: { first, _ in first })
        let rows = try await pool.execute(
            Self.hold, worker, askings.map(\.source.source), askings.map { Int32(clamping: $0.wanted) },
            askings.map { Int32(clamping: $0.keep) }, askings.map { Int32(clamping: $0.starts) },
            askings.map(\.isBusy), within.inSeconds)
        var permits: [CallPermit] = []
        for row in rows {
            let (id, slots, target, starts, startsWithin, wait, othersWant) = try row.decode(
                (SourceID, Int32, Int32, Int32?, Double, Double, Bool).self)
            guard let source = sources[id] else { continue }
            permits.append(
                CallPermit(
                    source: source, slots: Int(slots), target: Int(target), starts: starts.map(Int.init),
                    startsWithin: .seconds(startsWithin), wait: .seconds(wait), othersWant: othersWant))
        }
        return permits
    }
}
