import Contracts
import Postgres

/// A request that is being turned into runs.
public struct ExpandableRequest: Sendable {
    /// The request.
    public let id: ActivityRequestID
    /// The tenant.
    public let org: OrgID
    /// The trace of whoever asked; nil when they gave none.
    public let trace: TraceContext?
    /// The type of its objects.
    public let objectType: ObjectTypeID
    /// What is asked for, as JSON.
    public let content: JSONB
    /// True when nobody has checked the content yet: it came by plain SQL.
    public let isUnchecked: Bool
    /// True when it came by plain SQL without a deadline.
    public let hasNoDeadline: Bool
    /// How many of its objects have runs already.
    public let objectsExpanded: Int
    /// The sources that are asked about each object.
    public let sources: [(id: SourceID, runsPerExchange: Int)]

    /// The request as hints and logs speak of it.
    public var reference: RequestReference { RequestReference(id: id, org: org, trace: trace) }
}

/// A run of consecutive objects of a request.
public struct ExpansionChunk: Sendable {
    /// The place of the first object in the request, from 0.
    public let firstPosition: Int
    /// The objects' names.
    public let names: ArraySlice<String>
    /// New ids, one for each name; unused where the object exists.
    public let objectIDs: [ObjectID]
    /// New ids, one for each name and source: all names of the first source, then the second, ….
    public let runIDs: [RunID]
    /// True for the last chunk of the request.
    public let isLast: Bool

    /// A chunk with the ids that it needs.
    public init(
        firstPosition: Int, names: ArraySlice<String>, objectIDs: [ObjectID], runIDs: [RunID], isLast: Bool
    ) {
        self.firstPosition = firstPosition
        self.names = names
        self.objectIDs = objectIDs
        self.runIDs = runIDs
        self.isLast = isLast
    }
}

/// Why a chunk was not stored: another worker has the request now.
public struct ExpansionLost: Error {}

extension RequestStore {
    private static let begin = Statement(
        "request.begin_expansion",
        """
        with alive as materialized (
            select from public.worker as w where w.id = $2 and w.ended_at is null for key share
        )
        select r.org_id, a.object_type_id, r.content, r.state = 'new', coalesce(p.objects_expanded, 0), r.state::text,
               array(select l.source_id from public.activity_source as l
                     where l.org_id = r.org_id and l.activity_id = r.activity_id order by l.source_id),
               array(select s.max_objects from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = r.org_id and l.activity_id = r.activity_id order by l.source_id),
               r.traceparent, r.deadline_at is null
        from public.activity_request as r
        join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.id = $1 and r.worker_id is null and r.stopping is null
          and (r.state in ('new', 'valid', 'ready') or (r.state = 'in_progress' and not coalesce(p.expanded, false)))
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
        order by i.name
        on conflict do nothing
        """)

    // A statement of its own, so that its snapshot sees objects which another transaction made meanwhile.
    private static let storeRuns = Statement(
        "request.store_runs",
        """
        with input as materialized (
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
        insert into public.run_queue (org_id, id, activity_request_id, source_id, object_id, position, state)
        select $1, ($7::uuid[])[(s.place - 1) * cardinality($4) + n.position - $5 + 1], $3, s.id, n.object_id, n.position, 'ready'
        from named as n
        cross join unnest($6::uuid[]) with ordinality as s(id, place)
        order by s.place, n.position
        """)

    private static let advance = Statement(
        "request.advance",
        """
        update public.request_progress set objects_expanded = $2, expanded = $3 where activity_request_id = $1
        """)

    /// Claims a request and stores its first chunk in one transaction.
    ///
    /// - Parameters:
    ///   - read: reads the content: how many objects it names and the first chunk that is not stored yet, nil when there is
    ///     none left. A ``Problem`` makes the request invalid.
    /// - Returns: the request, or nil when it needs no expansion or somebody else has it.
    public func beginExpansion(
        of id: ActivityRequestID, worker: WorkerID,
        read: @Sendable (ExpandableRequest) -> Result<(objects: Int, chunk: ExpansionChunk?), Problem>
    ) async throws -> ExpandableRequest? {
        try await pool.transaction { transaction in
            guard let row = try await transaction.execute(Self.begin, id, worker).first else { return nil }
            let (request, state) = try ExpandableRequest.decode(row, id: id)
            var pipeline = Pipeline()
            let none = String?.none
            let objects: Int
            let first: ExpansionChunk?
            switch read(request) {
            case .success(let content): (objects, first) = content
            case .failure(let problem):
                let state = request.isUnchecked ? "invalid" : "failed"
                pipeline.add(Self.setState, id, state, "content", problem.detail, WorkerID?.none, Int32(0))
                _ = try await transaction.commit(pipeline)
                return nil
            }
            // Also for a request that plain SQL inserted as valid; what is there already stays.
            pipeline.add(
                Self.startProgress, request.org, id, Int32(objects),
                Int32(objects * request.sources.count),
                Int32(request.sources.reduce(0) { $0 + (objects + $1.runsPerExchange - 1) / $1.runsPerExchange }))
            if request.hasNoDeadline { pipeline.add(Self.giveDeadline, id) }
            if request.isUnchecked {
                pipeline.add(Self.setState, id, "valid", none, none, WorkerID?.none, Int32(0))
            }
            if state == "new" || state == "valid" {
                pipeline.add(Self.setState, id, "ready", none, none, worker, Int32(1))
            }
            if let first { Self.add(first, of: request, to: &pipeline) }
            let isComplete = first?.isLast ?? true
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
            Self.add(chunk, of: request, to: &pipeline)
            if chunk.isLast {
                pipeline.add(
                    Self.setState, request.id, "in_progress", String?.none, String?.none, WorkerID?.none, Int32(0))
            }
            _ = try await transaction.commit(pipeline)
        }
    }

    private static func add(_ chunk: ExpansionChunk, of request: ExpandableRequest, to pipeline: inout Pipeline) {
        let names = Array(chunk.names)
        pipeline.add(storeObjects, request.org, request.objectType, request.id, chunk.objectIDs, names)
        pipeline.add(
            storeRuns, request.org, request.objectType, request.id, names, Int32(chunk.firstPosition),
            request.sources.map(\.id), chunk.runIDs)
        pipeline.add(advance, request.id, Int32(chunk.firstPosition + names.count), chunk.isLast)
    }

    private static let waiting = Statement(
        "request.waiting_for_expansion",
        """
        with open as materialized (
            select r.id, r.org_id, r.traceparent, r.state
            from public.activity_request as r
            where r.worker_id is null and r.stopping is null and r.state in ('new', 'valid', 'ready', 'in_progress')
        )
        select r.id, r.org_id, r.traceparent
        from open as r
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.state <> 'in_progress' or not coalesce(p.expanded, false)
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

extension ExpandableRequest {
    fileprivate static func decode(_ row: Row, id: ActivityRequestID) throws(PostgresError) -> (Self, state: String) {
        let (org, type, content, isUnchecked, expanded, state, sources, sizes, traceparent, hasNoDeadline) =
            try row.decode(
                (OrgID, ObjectTypeID, JSONB, Bool, Int32, String, [SourceID], [Int32], String?, Bool).self)
        let request = ExpandableRequest(
            id: id, org: org, trace: traceparent.flatMap { TraceContext(parsing: $0) }, objectType: type,
            content: content, isUnchecked: isUnchecked, hasNoDeadline: hasNoDeadline,
            objectsExpanded: Int(expanded),
            sources: zip(sources, sizes).map { (id: $0, runsPerExchange: Int($1)) })
        return (request, state)
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
