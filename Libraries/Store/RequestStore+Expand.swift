import Contracts
import Postgres
import Sources

extension RequestStore {
    private static let begin = Statement(
        "request.begin_expansion",
        """
        with alive as materialized (
            select from public.worker as w where w.id = $2 and w.ended_at is null for key share
        )
        select r.org_id, a.object_type_id, r.content, r.state = 'new', coalesce(p.objects_expanded, 0), r.state::text,
               array(select l.source_id from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = r.org_id and l.activity_id = r.activity_id order by l.position, s.key collate "C"),
               array(select s.max_objects from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = r.org_id and l.activity_id = r.activity_id order by l.position, s.key collate "C"),
               r.traceparent, r.deadline_at is null, y.name, a.input, coalesce(r.workflow_phase > 1, false),
               array(select array_to_string(utils.required_variables(jsonb_build_array(
                         \(SourceStep.columns { "s.\($0)" }))), ' ')
                     from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = r.org_id and l.activity_id = r.activity_id order by l.position, s.key collate "C")
        from public.activity_request as r
        join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
        join public.activity_type as y on y.id = a.activity_type_id
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.id = $1 and r.worker_id is null and r.stopping is null
          and (r.state in ('new', 'valid', 'ready') or (r.state = 'in_progress' and not coalesce(p.expanded, false)))
          -- A step of a workflow waits for its phase.
          and (r.workflow_phase > 1 and etl_api.round_before(r.id) is null) is not true
          and exists (select from alive)
        for no key update of r skip locked
        """)

    private static let setState = Statement(
        "request.set_state",
        """
        update public.activity_request
        set state = $2::public.activity_request_state, state_substate = $3, state_reason = $4, worker_id = $5,
            attempt = attempt + $6
        where id = $1
        """)

    private static let giveDeadline = Statement(
        "request.give_deadline",
        """
        update public.activity_request as r
        set deadline_at = clock_timestamp()
                + make_interval(secs => (select a.timeout_seconds from public.activity as a
                                         where a.org_id = r.org_id and a.id = r.activity_id))
        where r.id = $1
        """)

    private static let startProgress = Statement(
        "request.start_progress",
        """
        insert into public.request_progress (org_id, activity_request_id, objects_total, runs_planned, calls_planned)
        values ($1, $2, $3, $4, $5)
        on conflict (activity_request_id, org_id) do update
        set objects_total = excluded.objects_total, runs_planned = excluded.runs_planned,
            calls_planned = excluded.calls_planned
        where request_progress.objects_total = 0
        """)

    private static let claimed = Statement(
        "request.hold_claim",
        """
        select true from public.activity_request where id = $1 and worker_id is not distinct from $2 for no key update
        """)

    // In the order of the conflict key, so that two requests that name the same objects never wait for each other in a
    // circle.
    private static let storeObjects = Statement(
        "request.store_objects",
        """
        insert into public.object (org_id, id, object_type_id, original_object_value_name, request_id)
        select $1, i.id, $2, i.name, $3
        from unnest($4::uuid[], $5::text[]) as i(id, name)
        order by i.name collate "C"
        on conflict do nothing
        """)

    /// Gives the named objects their places in the request. $1: the organization, $2: the object type, $3: the request, $4: the names,
    /// $5: the place of the first.
    private static let namedObjects = """
        input as materialized (
            select $1::uuid as org_id, $2::uuid as object_type_id, i.name, i.place
            from unnest($4::text[]) with ordinality as i(name, place)
        ), named as (
            insert into public.request_object (org_id, activity_request_id, position, object_id, name)
            select i.org_id, $3, $5 + i.place - 1, o.id, i.name
            from input as i
            join public.object as o
              on o.org_id = i.org_id and o.object_type_id = i.object_type_id
             and o.original_object_value_name = i.name
            returning position, object_id
        )
        """

    /// What becomes of a run r with these values missing: state, substate and reason.
    private static let stateByMissing = """
        (case r.missing when '{}' then 'ready' else 'invalid' end)::public.run_queue_state,
        case r.missing when '{}' then null else 'missing_value' end as state_substate,
        case r.missing when '{}' then null else etl_api.missing_values_reason(r.missing) end
        """

    // A statement of its own, so that its snapshot sees objects which another transaction made meanwhile.
    private static let storeRuns = Statement(
        "request.store_runs",
        """
        with \(namedObjects)
        insert into public.run_queue (org_id, id, activity_request_id, source_id, object_id, position, state)
        select $1, ($7::uuid[])[(s.place - 1) * cardinality($4) + n.position - $5 + 1], $3, s.id, n.object_id, n.position, 'ready'
        from named as n
        cross join unnest($6::uuid[]) with ordinality as s(id, place)
        order by s.place, n.position
        """)

    // The same, where a template needs values that the objects may have: a run that lacks one is not executed.
    private static let storeRunsThatNeed = Statement(
        "request.store_runs_that_need",
        """
        with \(namedObjects), need as materialized (
            select n.place, n.variable, d.id as datapoint_id
            from unnest($8::int[], $9::text[]) as n(place, variable)
            left join public.datapoint as d
              on d.org_id = $1 and d.object_type_id = $2 and d.key = n.variable and d.deleted_at is null
        ), run as materialized (
            select s.id as source_id, s.place, n.position, n.object_id,
                   array(select w.variable from need as w
                         where w.place = s.place - 1
                           -- The newest value decides; null is none.
                           and coalesce((select v.value from public.value as v
                                         where v.object_id = n.object_id and v.datapoint_id = w.datapoint_id
                                         order by v.created_at desc, v.run_id desc limit 1), 'null') = 'null'
                         order by w.variable) as missing
            from named as n
            cross join unnest($6::uuid[]) with ordinality as s(id, place)
        )
        insert into public.run_queue
            (org_id, id, activity_request_id, source_id, object_id, position, state, state_substate, state_reason)
        select $1, ($7::uuid[])[(r.place - 1) * cardinality($4) + r.position - $5 + 1], $3, r.source_id, r.object_id, r.position,
               \(stateByMissing)
        from run as r
        order by r.place, r.position
        """)

    private static let storeFindingRuns = Statement(
        "request.store_finding_runs",
        """
        insert into public.run_queue
            (org_id, id, activity_request_id, source_id, object_id, position, state, state_substate, state_reason)
        select $1, r.id, $2, r.source_id, null, 0,
               \(stateByMissing)
        from (
            select i.id, i.source_id, string_to_array(i.missing, ' ') as missing
            from unnest($3::uuid[], $4::uuid[], $5::text[]) as i(id, source_id, missing)
        ) as r
        """)

    // In SQL altogether: the objects are there already, and would only travel to and fro.
    private static let expandGathered = Statement(
        "request.expand_gathered", "select e.is_complete, e.runs from etl_api.expand_gathered_request($1, $2) as e")

    private static let advance = Statement(
        "request.advance",
        """
        update public.request_progress set objects_expanded = $2, expanded = $3 where activity_request_id = $1
        """)

    /// Claims a request and stores its first chunk in one transaction.
    ///
    /// - Parameters:
    ///   - read: reads the content: what the request comes to. A ``Problem`` makes the request invalid.
    /// - Returns: the request, or nil when it needs no expansion or somebody else has it.
    public func beginExpansion(
        of id: ActivityRequestID, worker: WorkerID,
        read: @Sendable (ExpandableRequest) -> Result<Expansion, Problem>
    ) async throws -> ExpandableRequest? {
        try await pool.transaction { transaction in
            guard let row = try await transaction.execute(Self.begin, id, worker).first else { return nil }
            var (request, state) = try ExpandableRequest.decode(row, id: id)
            var pipeline = Pipeline()
            let none = String?.none
            let expansion: Expansion
            switch read(request) {
            case .success(let read): expansion = read
            case .failure(let problem):
                let state = request.isUnchecked ? "invalid" : "failed"
                pipeline.add(Self.setState, id, state, "content", problem.detail, WorkerID?.none, Int32(0))
                _ = try await transaction.commit(pipeline)
                return nil
            }
            if case .objects(_, let first?) = expansion {
                // Before anything of the request is locked that who finds objects waits for, with objects of his own.
                pipeline.add(
                    Self.storeObjects, request.org, request.objectType, request.id, first.objectIDs, Array(first.names))
            }
            if let plan = expansion.plan(over: request.sources) {
                // Also for a request that plain SQL inserted as valid; what is there already stays.
                pipeline.add(
                    Self.startProgress, request.org, id, Int32(expansion.objectCount), Int32(plan.runs),
                    Int32(plan.calls))
            }
            if request.hasNoDeadline { pipeline.add(Self.giveDeadline, id) }
            if request.isUnchecked {
                pipeline.add(Self.setState, id, "valid", none, none, WorkerID?.none, Int32(0))
            }
            if state == "new" || state == "valid" {
                pipeline.add(Self.setState, id, "ready", none, none, worker, Int32(1))
            }
            let isComplete: Bool
            switch expansion {
            case .objects(_, let first):
                if let first { Self.addRuns(of: first, of: request, to: &pipeline) }
                request.runsMade = first?.runIDs.count ?? 0
                isComplete = first?.isLast ?? true
            case .finding(let runs):
                pipeline.add(
                    Self.storeFindingRuns, request.org, id, runs.map(\.id), runs.map(\.source),
                    runs.map { $0.missing.joined(separator: " ") })
                pipeline.add(Self.advance, id, Int32(0), true)
                request.runsMade = runs.count
                isComplete = true
            case .gathering(let objectsMax):
                (request.runsMade, isComplete) = try await Self.expandGathered(
                    id, objectsMax: objectsMax, in: transaction)
            }
            request.isExpanded = isComplete
            // Also when it is in progress already: whoever resumes has to hold the claim for the chunks to come.
            pipeline.add(
                Self.setState, id, "in_progress", isComplete ? none : "expanding", none, isComplete ? nil : worker,
                Int32(0))
            _ = try await transaction.commit(pipeline)
            return request
        }
    }

    /// Stores a further chunk of a request that this worker has claimed.
    ///
    /// - Throws: ``ExpansionLost`` when the claim is void.
    public func expand(
        _ request: ExpandableRequest, chunk: ExpansionChunk, worker: WorkerID
    ) async throws {
        try await pool.transaction { transaction in
            guard try await !transaction.execute(Self.claimed, request.id, worker).isEmpty else {
                throw ExpansionLost()
            }
            var pipeline = Pipeline()
            pipeline.add(
                Self.storeObjects, request.org, request.objectType, request.id, chunk.objectIDs, Array(chunk.names))
            Self.addRuns(of: chunk, of: request, to: &pipeline)
            if chunk.isLast {
                pipeline.add(
                    Self.setState, request.id, "in_progress", String?.none, String?.none, WorkerID?.none, Int32(0))
            }
            _ = try await transaction.commit(pipeline)
        }
    }

    /// Makes the runs of some more objects that have flowed to a request which this worker has claimed.
    ///
    /// - Returns: how many runs, and whether all of its objects have some now.
    /// - Throws: ``ExpansionLost`` when the claim is void.
    public func expandGathered(
        _ request: ExpandableRequest, objectsMax: Int, worker: WorkerID
    ) async throws -> (runs: Int, isComplete: Bool) {
        try await pool.transaction { transaction in
            guard try await !transaction.execute(Self.claimed, request.id, worker).isEmpty else {
                throw ExpansionLost()
            }
            let chunk = try await Self.expandGathered(request.id, objectsMax: objectsMax, in: transaction)
            var pipeline = Pipeline()
            if chunk.isComplete {
                pipeline.add(
                    Self.setState, request.id, "in_progress", String?.none, String?.none, WorkerID?.none, Int32(0))
            }
            _ = try await transaction.commit(pipeline)
            return chunk
        }
    }

    private static func expandGathered(
        _ id: ActivityRequestID, objectsMax: Int, in transaction: PostgresTransaction
    ) async throws -> (runs: Int, isComplete: Bool) {
        let row = try await transaction.execute(expandGathered, id, Int32(objectsMax))[0]
        let (isComplete, runs) = try row.decode((Bool, Int32).self)
        return (Int(runs), isComplete)
    }

    private static func addRuns(of chunk: ExpansionChunk, of request: ExpandableRequest, to pipeline: inout Pipeline) {
        let names = Array(chunk.names)
        let first = Int32(chunk.firstPosition)
        let sources = request.sources.map(\.id)
        if chunk.needs.isEmpty {
            pipeline.add(
                storeRuns, request.org, request.objectType, request.id, names, first, sources, chunk.runIDs)
        } else {
            pipeline.add(
                storeRunsThatNeed, request.org, request.objectType, request.id, names, first, sources, chunk.runIDs,
                chunk.needs.map { Int32($0.source) }, chunk.needs.map(\.variable))
        }
        pipeline.add(advance, request.id, first + Int32(names.count), chunk.isLast)
    }

    private static let waiting = Statement(
        "request.waiting_for_expansion",
        """
        with open as materialized (
            select r.id, r.org_id, r.traceparent, r.state, r.workflow_phase
            from public.activity_request as r
            where r.worker_id is null and r.stopping is null and r.state in ('new', 'valid', 'ready', 'in_progress')
        )
        select r.id, r.org_id, r.traceparent
        from open as r
        left join public.request_progress as p on p.activity_request_id = r.id
        where (r.state <> 'in_progress' or not coalesce(p.expanded, false))
          and (r.workflow_phase > 1 and etl_api.round_before(r.id) is null) is not true
        order by r.id
        limit $1
        """)

    private static let release = Statement(
        "request.release",
        "update public.activity_request set worker_id = null where id = $1 and worker_id is not distinct from $2")

    /// Gives the claim of a request up, so that it is found again.
    public func release(_ id: ActivityRequestID, worker: WorkerID) async throws(PostgresError) {
        _ = try await pool.execute(Self.release, id, worker)
    }

    /// Requests that wait to be expanded, oldest first.
    public func waitingForExpansion(limit: Int) async throws(PostgresError) -> [RequestReference] {
        try await pool.execute(Self.waiting, limit).requestReferences()
    }
}

extension QueryResult {
    /// The first column of every row, as ids of one kind.
    func ids<Entity>() throws(PostgresError) -> [ID<Entity>] {
        var ids: [ID<Entity>] = []
        ids.reserveCapacity(count)
        for row in self { ids.append(try row.decode(ID<Entity>.self, at: 0)) }
        return ids
    }
}
