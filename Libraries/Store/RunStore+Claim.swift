import Contracts
public import JSON
import Postgres

/// A run inside an exchange.
public struct ClaimedRun: Sendable {
    /// The run.
    public let id: RunID
    /// How often it has been claimed, this time included. 1 is the first.
    public let attempt: Int
    /// The request that it belongs to.
    public let request: ActivityRequestID
    /// The object's name as the client wrote it; nil when the run finds objects.
    public let objectName: String?
    /// Values for variables of the source's template, where it names any that come from the request or the object.
    public var variables: JSONObject = [:]
}

/// One HTTP exchange that this worker has to make.
public struct ClaimedExchange: Sendable {
    /// The exchange.
    public let id: RunRequestID
    /// The tenant.
    public let org: OrgID
    /// The source to call.
    public let source: SourceID
    /// The version of the source when the runs were claimed.
    public let sourceVersion: Int64
    /// The runs that its answer serves, in the order of their making.
    public var runs: [ClaimedRun]

    /// An exchange for runs.
    public init(id: RunRequestID, org: OrgID, source: SourceID, sourceVersion: Int64, runs: [ClaimedRun]) {
        self.id = id
        self.org = org
        self.source = source
        self.sourceVersion = sourceVersion
        self.runs = runs
    }
}

extension ClaimedExchange {
    /// Exchanges from a row for each run, in the order of the rows.
    static func gathered(_ rows: QueryResult, of ready: ReadySource) throws(PostgresError) -> [ClaimedExchange] {
        var exchanges: [ClaimedExchange] = []
        var places: [RunRequestID: Int] = [:]
        for row in rows {
            let (exchange, id, attempt, request, name, version) = try row.decode(
                (RunRequestID, RunID, Int32, ActivityRequestID, String?, Int64).self)
            let run = ClaimedRun(id: id, attempt: Int(attempt), request: request, objectName: name)
            if let place = places[exchange] {
                exchanges[place].runs.append(run)
            } else {
                places[exchange] = exchanges.count
                exchanges.append(
                    ClaimedExchange(
                        id: exchange, org: ready.org, source: ready.source, sourceVersion: version, runs: [run]))
            }
        }
        return exchanges
    }
}

/// A source with work, for one organization.
public struct ReadySource: Sendable, Hashable {
    /// The tenant that owns the source.
    public let org: OrgID
    /// The source.
    public let source: SourceID

    /// A source of an organization.
    public init(org: OrgID, source: SourceID) {
        self.org = org
        self.source = source
    }
}

extension RunStore {
    private static let claim = Statement(
        "run.claim",
        """
        with alive as materialized (
            -- Held until the commit, so that a worker is never released in the middle of a claim of its own.
            select from public.worker as w where w.id = $3 and w.ended_at is null for key share
        ), candidate as materialized (
            select r.id, r.activity_request_id, r.position
            from public.run_queue as r
            where r.source_id = $2 and r.state = 'ready' and r.org_id is not distinct from $1
              and exists (select from alive)
            order by r.id
            limit $4
            for no key update skip locked
        ), placed as materialized (
            select c.*, ($6::uuid[])[((row_number() over (order by c.id) - 1) / $5 + 1)::int] as exchange_id
            from candidate as c
            where not $7::boolean
            union all
            -- A template that speaks of the request serves the runs of one request at a time; what is beyond the last exchange stays ready.
            select g.id, g.activity_request_id, g.position, ($6::uuid[])[(dense_rank() over (order by g.activity_request_id, g.part))::int]
            from (select c.*, (row_number() over (partition by c.activity_request_id order by c.id) - 1) / $5 as part
                  from candidate as c
                  where $7) as g
        ), exchange as (
            insert into public.run_request (org_id, id, source_id, state, attempt, worker_id, run_ids)
            select $1, exchange_id, $2, 'in_progress', 1, $3, array_agg(id order by id)
            from placed
            where exchange_id is not null
            group by exchange_id
        )
        update public.run_queue as r
        set state = 'in_progress', state_substate = null, state_reason = null, due_at = null,
            attempt = r.attempt + 1, worker_id = $3, run_request_id = p.exchange_id
        from placed as p
        left join public.request_object as o
          on o.activity_request_id = p.activity_request_id and o.position = p.position
        where r.id = p.id and p.exchange_id is not null
        returning r.run_request_id, r.id, r.attempt, r.activity_request_id,
            case when r.object_id is not null then o.name end,
            (select s.version from public.source as s where s.id = $2)
        """)

    // An attempt that was not begun does not count.
    private static let giveBack = Statement(
        "run.give_back",
        """
        with lost as (
            update public.run_request as q
            set state = 'failed', state_substate = $3, worker_id = null, state_reason = $4
            from unnest($2::uuid[]) as i(id)
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.id, q.run_ids
        )
        update public.run_queue as r
        set state = 'ready', state_substate = $3, worker_id = null, state_reason = $4, attempt = r.attempt - 1
        from lost as l
        cross join unnest(l.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from l.id and r.state = 'in_progress'
        """)

    private static let unwanted = Statement(
        "run.unwanted",
        """
        select i.id from unnest($1::uuid[]) as i(id)
        left join public.run_request as q on q.id = i.id
        where q.state is distinct from 'in_progress'
        """)

    // A loose index scan: one look-up for each source with ready runs, however many runs wait behind it.
    private static let readySources = Statement(
        "run.ready_sources",
        """
        with recursive waiting as (
            (select r.org_id, r.source_id from public.run_queue as r
             where r.state = 'ready' order by r.source_id limit 1)
            union all
            select next.org_id, next.source_id
            from waiting as w
            cross join lateral (
                select r.org_id, r.source_id from public.run_queue as r
                where r.state = 'ready' and r.source_id > w.source_id
                order by r.source_id limit 1
            ) as next
        )
        select org_id, source_id from waiting
        """)

    /// Claims up to `limit` runs of a source, oldest first, and forms exchanges of up to `runsPerExchange` of them.
    ///
    /// - Parameters:
    ///   - separatesRequests: whether an exchange serves the runs of one request only, because its template speaks of the request.
    ///   - exchangeIDs: new ids, at least as many as exchanges can be formed.
    /// - Returns: the exchanges, oldest first; empty when nothing is ready or others hold it.
    public func claim(
        _ ready: ReadySource, worker: WorkerID, limit: Int, runsPerExchange: Int, separatesRequests: Bool = false,
        exchangeIDs: [RunRequestID]
    ) async throws(PostgresError) -> [ClaimedExchange] {
        let rows = try await pool.execute(
            Self.claim, ready.org, ready.source, worker, limit, runsPerExchange, exchangeIDs, separatesRequests)
        return try ClaimedExchange.gathered(rows, of: ready)
    }

    /// Why a worker gives claims back that it has not begun.
    public enum GiveBackReason: String, Sendable {
        /// It may hold them without knowing.
        case claimLost = "claim_lost"
        /// It stops.
        case stopped
        /// It may not call the source, for now.
        case noPermit = "no_permit"
        /// It can do nothing for the source as it is stored.
        case sourceUnusable = "source_unusable"

        fileprivate var sentence: String {
            switch self {
            case .claimLost: "the answer to its claim was lost; it was not begun"
            case .stopped: "its executor stopped; it was not begun"
            case .noPermit: "its executor got no permit to call the source; it was not begun"
            case .sourceUnusable: "its source cannot be used as it is stored; it was not begun"
            }
        }
    }

    /// Undoes claims, as far as they took effect.
    ///
    /// - Parameter exchanges: the ids that were handed to ``claim(_:worker:limit:runsPerExchange:exchangeIDs:)``; nobody has begun them.
    /// - Returns: how many runs are ready again.
    public func giveBack(
        _ exchanges: [RunRequestID], worker: WorkerID, because reason: GiveBackReason
    ) async throws(PostgresError) -> Int {
        try await pool.execute(Self.giveBack, worker, exchanges, reason.rawValue, reason.sentence).affectedRows
    }

    /// Which of these exchanges are not in progress any more: their runs were cancelled or taken away.
    public func unwanted(of exchanges: [RunRequestID]) async throws(PostgresError) -> [RunRequestID] {
        try await pool.execute(Self.unwanted, exchanges).ids()
    }

    /// The sources that have runs to execute.
    public func readySources() async throws(PostgresError) -> [ReadySource] {
        var sources: [ReadySource] = []
        for row in try await pool.execute(Self.readySources) {
            let (org, source) = try row.decode((OrgID, SourceID).self)
            sources.append(ReadySource(org: org, source: source))
        }
        return sources
    }
}
