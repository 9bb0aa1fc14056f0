import Contracts
import Postgres

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
        returning r.id, r.org_id, a.key, p.runs_total, p.runs_done, p.runs_failed, p.runs_invalid, p.runs_timedout,
            r.traceparent, r.stopping, r.stopping_reason, r.attempt, case when p.expanded then p.runs_total else p.runs_planned end as runs_wanted,
            a.factors, r.round
        ), forgotten as (
            -- A collector that died may have left some of it.
            delete from public.request_result as c using claimed as k where c.activity_request_id = k.id
        ), forgotten_verdicts as (
            delete from public.object_qualification as q using claimed as k
            where k.factors is not null and q.activity_request_id = k.id
        )
        select org_id, key, runs_total, runs_done, runs_failed, runs_invalid, runs_timedout,
            traceparent, stopping, stopping_reason, attempt, runs_wanted, factors, round
        from claimed
        """)

    // Runs that find objects are few, one for each source, and stand at the first place.
    private static let place = Statement(
        "result.place_found_objects",
        """
        select etl_api.place_found_objects(r.id)
        from public.activity_request as r
        where r.id = $1 and r.worker_id is not distinct from $2 and r.state = 'in_progress' and r.state_substate = 'collecting'
          and exists (select from public.run_queue as f
                      where f.activity_request_id = r.id and f.position = 0 and f.object_id is null)
        """)

    private static let objects = Statement(
        "result.objects",
        """
        select p.objects_total, f.finds, f.is_cut
        from public.request_progress as p
        cross join lateral (
            select coalesce(bool_or(f.object_id is null), false) as finds,
                   coalesce(bool_or(f.object_id is null and f.state_substate is not distinct from 'max_objects'), false) as is_cut
            from public.run_queue as f
            where f.activity_request_id = p.activity_request_id and f.position = 0
        ) as f
        where p.activity_request_id = $1
        """)

    private static let step = Statement(
        "result.step",
        """
        select r.workflow_request_id, r.workflow_phase > 1, p.objects_left_out, coalesce(r.objects_max, 100000)
        from public.activity_request as r
        join public.request_progress as p on p.activity_request_id = r.id
        where r.id = $1 and r.workflow_step is not null
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

    private static let factors = Statement(
        "result.factors",
        """
        select f.key, f.datapoint_id, t.name, d.name, f.type, f.factor_type::text, f.operator::text, f.value
        from public.activity_request as r
        join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id and a.factors is not null
        join public.factor as f on f.org_id = a.org_id
        join public.object_type as t on t.org_id = f.org_id and t.id = f.object_type_id
        join public.datapoint as d on d.org_id = f.org_id and d.id = f.datapoint_id
        where r.id = $1 and jsonb_path_exists(a.factors, '$.** ? (@ == $key)', jsonb_build_object('key', f.key))
        order by f.key
        """)

    // As below, by the objects that runs have found instead of the runs about them.
    private static let readFound = Statement(
        "result.read_found",
        """
        select f.position, f.name, 'done', f.note, v.datapoints, v.vals, f.next_position
        from (
            select o.position, o.name, o.object_id, f.run_id, f.note, lead(o.position) over in_order as next_position,
                   sum(f.value_bytes) over in_order - f.value_bytes as bytes_before
            from public.request_object as o
            join public.object_finding as f
              on f.activity_request_id = o.activity_request_id and f.object_id = o.object_id
            where o.activity_request_id = $1 and o.position >= $2 and o.position < $3
            window in_order as (order by o.position, f.run_id rows unbounded preceding)
        ) as f
        cross join lateral (
            select array_agg(v.datapoint_id) as datapoints, array_agg(v.value) as vals
            from public.value as v
            where v.run_id = f.run_id and v.object_id = f.object_id
        ) as v
        where f.bytes_before < $4
        order by f.position, f.run_id
        """)

    // What is known of the objects from other requests. A value that nobody would compare with anything is not read.
    private static let readKnown = Statement(
        "result.read_known_values",
        """
        with wanted as materialized (
            select o.position, o.object_id, d.id as datapoint_id
            from public.request_object as o
            cross join unnest($4::uuid[]) as d(id)
            where o.activity_request_id = $1 and o.position >= $2 and o.position < $3
        )
        select w.position, w.datapoint_id, v.value
        from wanted as w
        cross join lateral (
            select v.value from public.value as v
            where v.object_id = w.object_id and v.datapoint_id = w.datapoint_id
            order by v.created_at desc, v.run_id desc limit 1
        ) as v
        where pg_column_size(v.value) <= 65536
        """)

    private static let storeVerdicts = Statement(
        "result.store_verdicts",
        """
        with held as materialized (
            select r.id from public.activity_request as r
            where r.id = $2 and r.worker_id is not distinct from $3 and r.attempt = $4 and r.state = 'in_progress'
            for share
        ), verdict as materialized (
            select h.id, v.position, v.qualified, v.factors
            from held as h
            cross join unnest($5::int[], $6::boolean[], $7::jsonb[]) as v(position, qualified, factors)
        )
        insert into public.object_qualification (org_id, activity_request_id, position, object_id, qualified, factors)
        select $1, v.id, v.position, o.object_id, v.qualified, v.factors
        from verdict as v
        join public.request_object as o on o.activity_request_id = v.id and o.position = v.position
        """)

    private static let countVerdicts = Statement(
        "result.count_verdicts",
        """
        update public.request_progress set objects_qualified = $2, objects_unqualified = $3 where activity_request_id = $1
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
        update public.activity_request as r
        set state = $3::public.activity_request_state, state_substate = $4, state_reason = $5, worker_id = null
        where r.id = $1 and r.worker_id is not distinct from $2 and r.state = 'in_progress' and r.attempt = $6
        returning array(select etl_api.event_endpoints(r.org_id, 'activity_request.completed', r.activity_id))
        """)

    // The subject of a request about a single object is that object, so that what is said about one arrives in order; that of all
    // others is their activity.
    private static let makeDeliveries = Statement(
        "result.make_deliveries",
        """
        with completed as materialized (
            select r.org_id, r.id, r.round,
                   (select a.key from public.activity as a where a.org_id = r.org_id and a.id = r.activity_id) as activity,
                   (select o.name from public.request_progress as p
                    join public.request_object as o on o.activity_request_id = p.activity_request_id
                    where p.activity_request_id = r.id and p.objects_total = 1
                    limit 1) as object
            from public.activity_request as r
            where r.id = $1
        )
        insert into public.delivery (org_id, activity_request_id, webhook_endpoint_id, payload, round, event_type, subject)
        select c.org_id, c.id, e.id, $3, c.round, 'activity_request.completed', concat_ws('/', c.activity, c.object)
        from completed as c
        cross join unnest($2::uuid[]) as e(id)
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
        pipeline.add(Self.place, id, worker)
        pipeline.add(Self.objects, id)
        pipeline.add(Self.datapoints, id)
        pipeline.add(Self.factors, id)
        pipeline.add(Self.step, id)
        let results = try await pool.run(pipeline)
        guard let row = results[0].first else { return nil }
        let (
            org, activity, total, done, failed, invalid, timedout, traceparent, cause, reason, attempt, wanted,
            expression, round
        ) = try row.decode(
            (
                OrgID, String, Int32, Int32, Int32, Int32, Int32, String?, String?, String?, Int32, Int32, JSONB?,
                Int32
            ).self)
        let (objects, findsObjects, isCut) = try results[2][0].decode((Int32, Bool, Bool).self)
        var keys: [DatapointID: String] = [:]
        for row in results[3] {
            let (id, key) = try row.decode((DatapointID, String).self)
            keys[id] = key
        }
        var request = CollectableRequest(
            id: id, org: org, worker: worker, attempt: Int(attempt), activity: activity, objectCount: Int(objects),
            counts: RunCounts(
                total: Int(total), done: Int(done), failed: Int(failed), invalid: Int(invalid),
                timedout: Int(timedout)),
            runsWanted: Int(wanted), datapointKeys: keys,
            stop: cause.flatMap { StopCause(rawValue: $0) }.map { (cause: $0, reason: reason ?? $0.rawValue) },
            trace: traceparent.flatMap { TraceContext(parsing: $0) })
        request.findsObjects = findsObjects
        request.isCut = isCut
        if let row = results[5].first {
            let (workflow, gathersObjects, leftOut, bound) = try row.decode(
                (WorkflowRequestID, Bool, Int32, Int32).self)
            request.step = CollectableStep(
                workflow: workflow, gathersObjects: gathersObjects, leftOut: (objects: Int(leftOut), bound: Int(bound)))
        }
        request.round = Int(round)
        if let expression {
            request.criteria = Criteria(expression: expression, factors: try results[4].factorRecords())
        }
        return request
    }

    /// The rows of objects of the request, in its order: of as many as fit into `bytesMax` bytes of values, but at least of one.
    ///
    /// - Parameters:
    ///   - found: whether the objects were found by the request's runs, not named.
    ///   - positions: the objects' places in the request.
    /// - Returns: the rows, and the place of the first object that they do not cover.
    public func rows(
        of id: ActivityRequestID, found: Bool = false, positions: Range<Int>, bytesMax: Int
    ) async throws(PostgresError) -> (rows: [ResultRow], end: Int) {
        let result = try await pool.execute(
            found ? Self.readFound : Self.read, id, Int32(positions.lowerBound), Int32(positions.upperBound),
            Int64(bytesMax))
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
                of: id, found: found, positions: positions.lowerBound..<positions.lowerBound + 1, bytesMax: .max)
        }
        rows.removeAll { $0.position == last.position }
        return (rows, last.position)
    }

    /// The newest values of objects of the request, from whatever request they came.
    ///
    /// - Parameter positions: the objects' places in the request.
    public func knownValues(
        of id: ActivityRequestID, positions: Range<Int>, datapoints: [DatapointID]
    ) async throws(PostgresError) -> [Int: [DatapointID: JSONB]] {
        var known: [Int: [DatapointID: JSONB]] = [:]
        for row in try await pool.execute(
            Self.readKnown, id, Int32(positions.lowerBound), Int32(positions.upperBound), datapoints)
        {
            let (position, datapoint, value) = try row.decode((Int32, DatapointID, JSONB).self)
            known[Int(position), default: [:]][datapoint] = value
        }
        return known
    }

    /// Stores chunks of the result, in one round trip.
    ///
    /// - Throws: ``CollectionLost`` when the claim is void.
    public func store(_ chunks: [ResultChunk], of request: CollectableRequest) async throws {
        var pipeline = Pipeline()
        pipeline.add(
            Self.store, request.org, request.id, request.worker, Int32(request.attempt),
            chunks.map { Int32($0.positions.lowerBound) }, chunks.map { Int32($0.positions.count) },
            chunks.map { Bytea($0.body) })
        let verdicts = chunks.flatMap(\.verdicts)
        if !verdicts.isEmpty {
            pipeline.add(
                Self.storeVerdicts, request.org, request.id, request.worker, Int32(request.attempt),
                verdicts.map { Int32($0.position) }, verdicts.map(\.isQualified), verdicts.map(\.factors))
        }
        if try await pool.run(pipeline)[0].affectedRows < chunks.count { throw CollectionLost() }
    }

    /// Closes the request and makes its deliveries, in one transaction.
    ///
    /// - Parameters:
    ///   - qualification: how many objects meet the request's factors, and how many do not; nil when none were asked for.
    ///   - payload: makes the bytes of the webhook; asked for only when there is an endpoint that gets it.
    /// - Returns: false when the claim is void; nothing was changed then.
    public func finish(
        _ request: CollectableRequest, state: String, substate: String?, reason: String?,
        qualification: QualificationCounts? = nil, payload: @Sendable () -> [UInt8]
    ) async throws -> Bool {
        try await pool.transaction { transaction in
            let closed = try await transaction.execute(
                Self.finish, request.id, request.worker, state, substate, reason, Int32(request.attempt))
            guard let endpoints = try closed.first?.decode([EndpointID].self, at: 0) else { return false }
            var pipeline = Pipeline()
            if !endpoints.isEmpty {
                pipeline.add(Self.makeDeliveries, request.id, endpoints, Bytea(payload()))
            }
            if let qualification {
                pipeline.add(
                    Self.countVerdicts, request.id, Int32(clamping: qualification.qualified),
                    Int32(clamping: qualification.unqualified))
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

extension QueryResult {
    fileprivate func factorRecords() throws(PostgresError) -> [Criteria.FactorRecord] {
        var records: [Criteria.FactorRecord] = []
        for row in self {
            let (key, datapoint, objectType, name, use, type, comparison, value) = try row.decode(
                (String, DatapointID, String, String, String, String, String, JSONB?).self)
            records.append(
                Criteria.FactorRecord(
                    key: key, datapoint: datapoint, names: (objectType: objectType, datapoint: name), use: use,
                    type: type, comparison: comparison, value: value))
        }
        return records
    }
}
