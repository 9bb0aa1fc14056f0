import Contracts
import Postgres

/// A request whose runs are all closed and whose result this worker collects.
public struct CollectableRequest: Sendable {
    /// The request.
    public let id: ActivityRequestID
    /// The tenant.
    public let org: OrgID
    /// Who collects it.
    let worker: WorkerID
    /// Which claim of the request this is; the next one voids it.
    let attempt: Int
    /// The key of its activity.
    public let activity: String
    /// How many objects it names.
    public let objectCount: Int
    /// Its runs by outcome.
    public let counts: RunCounts
    /// How many runs it comes to: more than it has when it was ended before all of them were made.
    public let runsWanted: Int
    /// The keys of the datapoints that its sources yield.
    public let datapointKeys: [DatapointID: String]
    /// Where its result is delivered to.
    public let endpoints: [EndpointID]
    /// Why it was ended before all of its runs were; nil when it was not.
    public let stop: (cause: StopCause, reason: String)?
    /// The trace of whoever asked; nil when they gave none.
    public internal(set) var trace: TraceContext?

    /// The request as hints and logs speak of it.
    public var reference: RequestReference { RequestReference(id: id, org: org, trace: trace) }
}

/// Why a chunk was not stored: the request was taken up again, or another worker has it.
public struct CollectionLost: Error {}

/// What a run contributes to a result.
public struct ResultRow: Sendable {
    /// The object's place in the request.
    public let position: Int
    /// The object's name as the client wrote it.
    public let name: String
    /// The state of the run.
    public let state: String
    /// Why the run ended as it did, when there is something to say.
    public let reason: String?
    /// The values that it found, as JSON.
    public let values: [(datapoint: DatapointID, json: JSONB)]
}

/// A part of a result: NDJSON of consecutive objects.
public struct ResultChunk: Sendable {
    /// The objects' places in the request.
    public let positions: Range<Int>
    /// The lines.
    public let body: [UInt8]

    /// A chunk.
    public init(positions: Range<Int>, body: [UInt8]) {
        self.positions = positions
        self.body = body
    }
}

/// Collecting the results of requests.
public struct ResultStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let claim = Statement(
        "result.claim",
        """
        with alive as materialized (
            select from public.worker as w where w.id = $2 and w.ended_at is null for key share
        ), claimed as (
        update public.activity_request as r
        set worker_id = $2, attempt = r.attempt + 1, state_substate = 'collecting'
        from public.request_progress as p, public.activity as a
        where r.id = $1 and r.state = 'in_progress' and r.worker_id is null
          and p.activity_request_id = r.id and (p.expanded or r.stopping is not null)
          and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout
          and a.org_id = r.org_id and a.id = r.activity_id
          and exists (select from alive)
        returning r.id, r.org_id, a.key, p.objects_total, p.runs_total, p.runs_done, p.runs_failed, p.runs_invalid, p.runs_timedout,
            array(select e.webhook_endpoint_id from public.activity_endpoint as e
                  where e.org_id = r.org_id and e.activity_id = r.activity_id order by 1) as endpoints,
            r.traceparent, r.stopping, r.stopping_reason, r.attempt, case when p.expanded then p.runs_total else p.runs_planned end as runs_wanted
        ), forgotten as (
            -- A collector that died may have left some of it.
            delete from public.request_result as c using claimed as k where c.activity_request_id = k.id
        )
        select org_id, key, objects_total, runs_total, runs_done, runs_failed, runs_invalid, runs_timedout, endpoints,
            traceparent, stopping, stopping_reason, attempt, runs_wanted
        from claimed
        """)

    private static let datapoints = Statement(
        "result.datapoints",
        """
        select d.id, d.key
        from public.activity_request as r
        join public.activity_source as l on l.org_id = r.org_id and l.activity_id = r.activity_id
        join public.datapoint_source as m on m.org_id = l.org_id and m.source_id = l.source_id
        join public.datapoint as d on d.org_id = m.org_id and d.id = m.datapoint_id
        where r.id = $1
        """)

    private static let read = Statement(
        "result.read",
        """
        select f.position, o.name, f.state, f.state_reason, v.datapoints, v.vals, f.next_position
        from (
            -- Sizes first: values that do not fit are not even read.
            select r.activity_request_id, r.position, r.state::text as state, r.state_reason, r.id,
                   lead(r.position) over in_order as next_position,
                   sum(r.value_bytes) over in_order - r.value_bytes as bytes_before
            from public.run_queue as r
            where r.activity_request_id = $1 and r.position >= $2 and r.position < $3
            window in_order as (order by r.position, r.id rows unbounded preceding)
        ) as f
        join public.request_object as o
          on o.activity_request_id = f.activity_request_id and o.position = f.position
        -- A row for each run, not for each value: what a row costs on its way is much of the whole.
        cross join lateral (
            select array_agg(v.datapoint_id) as datapoints, array_agg(v.value) as vals
            from public.value as v
            where v.run_id = f.id
        ) as v
        where f.bytes_before < $4
        order by f.position, f.id
        """)

    private static let store = Statement(
        "result.store",
        """
        with held as materialized (
            -- Until the commit: whoever takes the claim away waits for this, and deletes it.
            select r.id from public.activity_request as r
            where r.id = $2 and r.worker_id is not distinct from $3 and r.attempt = $4 and r.state = 'in_progress'
            for share
        )
        insert into public.request_result (org_id, activity_request_id, first_position, objects, body)
        select $1, h.id, c.first_position, c.objects, c.body
        from held as h
        cross join unnest($5::int[], $6::int[], $7::bytea[]) as c(first_position, objects, body)
        """)

    private static let finish = Statement(
        "result.finish",
        """
        update public.activity_request
        set state = $3::public.activity_request_state, state_substate = $4, state_reason = $5, worker_id = null
        where id = $1 and worker_id is not distinct from $2 and state = 'in_progress' and attempt = $6
        returning true
        """)

    private static let makeDeliveries = Statement(
        "result.make_deliveries",
        """
        insert into public.delivery (org_id, id, activity_request_id, webhook_endpoint_id, payload, round)
        select $1, i.id, $2, i.endpoint, i.payload, (select r.round from public.activity_request as r where r.id = $2)
        from unnest($3::uuid[], $4::uuid[], $5::bytea[]) as i(id, endpoint, payload)
        on conflict do nothing
        """)

    private static let waiting = Statement(
        "result.waiting",
        """
        with open as materialized (
            select r.id, r.org_id, r.traceparent, r.stopping
            from public.activity_request as r
            where r.state in ('new', 'valid', 'ready', 'in_progress') and r.state = 'in_progress' and r.worker_id is null
        )
        select r.id, r.org_id, r.traceparent
        from open as r
        join public.request_progress as p on p.activity_request_id = r.id
        where (p.expanded or r.stopping is not null)
          and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout
        limit $1
        """)

    /// Claims a request whose runs are all closed; nil when they are not, or when somebody else has it.
    public func claim(_ id: ActivityRequestID, worker: WorkerID) async throws(PostgresError) -> CollectableRequest? {
        var pipeline = Pipeline()
        pipeline.add(Self.claim, id, worker)
        pipeline.add(Self.datapoints, id)
        let results = try await pool.run(pipeline)
        guard let row = results[0].first else { return nil }
        let (
            org, activity, objects, total, done, failed, invalid, timedout, endpoints, traceparent, cause, reason,
            attempt,
            wanted
        ) = try row.decode(
            (
                OrgID, String, Int32, Int32, Int32, Int32, Int32, Int32, [EndpointID], String?, String?, String?, Int32,
                Int32
            ).self)
        var keys: [DatapointID: String] = [:]
        for row in results[1] {
            let (id, key) = try row.decode((DatapointID, String).self)
            keys[id] = key
        }
        return CollectableRequest(
            id: id, org: org, worker: worker, attempt: Int(attempt), activity: activity, objectCount: Int(objects),
            counts: RunCounts(
                total: Int(total), done: Int(done), failed: Int(failed), invalid: Int(invalid),
                timedout: Int(timedout)),
            runsWanted: Int(wanted), datapointKeys: keys, endpoints: endpoints,
            stop: cause.flatMap { StopCause(rawValue: $0) }.map { (cause: $0, reason: reason ?? $0.rawValue) },
            trace: traceparent.flatMap { TraceContext(parsing: $0) })
    }

    /// The rows of objects of the request, in its order: of as many as fit into `bytesMax` bytes of values, but at least of one.
    ///
    /// - Parameter positions: the objects' places in the request.
    /// - Returns: the rows, and the place of the first object that they do not cover.
    public func rows(
        of id: ActivityRequestID, positions: Range<Int>, bytesMax: Int
    ) async throws(PostgresError) -> (rows: [ResultRow], end: Int) {
        let result = try await pool.execute(
            Self.read, id, Int32(positions.lowerBound), Int32(positions.upperBound), Int64(bytesMax))
        var rows: [ResultRow] = []
        rows.reserveCapacity(result.count)
        var next: Int32?
        for row in result {
            let (position, name, state, reason, datapoints, values, following) = try row.decode(
                (Int32, String, String, String?, [DatapointID]?, [JSONB]?, Int32?).self)
            rows.append(
                ResultRow(
                    position: Int(position), name: name, state: state, reason: reason,
                    values: zip(datapoints ?? [], values ?? []).map { (datapoint: $0, json: $1) }))
            next = following
        }
        guard let next, let last = rows.last else { return (rows, positions.upperBound) }
        if Int(next) > last.position { return (rows, Int(next)) }
        // Cut in the middle of an object.
        if last.position == positions.lowerBound {
            return try await self.rows(
                of: id, positions: positions.lowerBound..<positions.lowerBound + 1, bytesMax: .max)
        }
        rows.removeAll { $0.position == last.position }
        return (rows, last.position)
    }

    /// Stores chunks of the result, in one statement.
    ///
    /// - Throws: ``CollectionLost`` when the claim is void.
    public func store(_ chunks: [ResultChunk], of request: CollectableRequest) async throws {
        let stored = try await pool.execute(
            Self.store, request.org, request.id, request.worker, Int32(request.attempt),
            chunks.map { Int32($0.positions.lowerBound) }, chunks.map { Int32($0.positions.count) },
            chunks.map { Bytea($0.body) })
        if stored.affectedRows < chunks.count { throw CollectionLost() }
    }

    /// Closes the request and makes its deliveries, in one transaction.
    ///
    /// - Returns: false when the claim is void; nothing was changed then.
    public func finish(
        _ request: CollectableRequest, state: String, substate: String?, reason: String?,
        deliveries: [(id: DeliveryID, endpoint: EndpointID, payload: Bytea)]
    ) async throws -> Bool {
        try await pool.transaction { transaction in
            let closed = try await transaction.execute(
                Self.finish, request.id, request.worker, state, substate, reason, Int32(request.attempt))
            if closed.isEmpty { return false }
            var pipeline = Pipeline()
            if !deliveries.isEmpty {
                pipeline.add(
                    Self.makeDeliveries, request.org, request.id, deliveries.map(\.id), deliveries.map(\.endpoint),
                    deliveries.map(\.payload))
            }
            _ = try await transaction.commit(pipeline)
            return true
        }
    }

    /// Requests whose result waits to be collected.
    public func waitingForCollection(limit: Int) async throws(PostgresError) -> [RequestReference] {
        try await pool.execute(Self.waiting, limit).requestReferences()
    }
}
