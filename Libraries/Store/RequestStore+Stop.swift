import Contracts
import Postgres

/// Why a request is ended before all of its runs are.
public enum StopCause: String, Sendable {
    /// Somebody gave it up.
    case cancelled
    /// Its time is over.
    case deadline

    /// What its open runs become.
    public var stateOfRuns: String {
        switch self {
        case .cancelled: "failed"
        case .deadline: "timedout"
        }
    }
}

/// A request whose open runs are to be closed.
public struct StoppingRequest: Sendable {
    /// The request as hints and logs speak of it.
    public let reference: RequestReference
    /// Why it ends.
    public let cause: StopCause
    /// Why, a sentence for people.
    public let reason: String
    /// How many objects it names.
    public let objectCount: Int
    /// How many runs each of them has: one for each source.
    public let runsPerObject: Int
}

/// What came of the wish to cancel a request.
public enum Cancellation: Sendable, Equatable {
    /// It ends; its open runs are being closed.
    case stopping
    /// It had not begun, and is over.
    case over
    /// It was over already, in this state.
    case tooLate(state: String)
}

extension RequestStore {
    // What was never accepted ends here.
    private static let stop = Statement(
        "request.stop",
        """
        update public.activity_request as r
        set state = (case when r.state = 'new' then $4 else 'ready' end)::public.activity_request_state,
            state_substate = $3, state_reason = w.reason, stopping = $3, stopping_reason = w.reason, worker_id = null
        from unnest($1::uuid[], $2::text[]) as w(id, reason)
        where r.id = w.id and r.state in ('new', 'valid', 'waiting') and r.stopping is null
          and ($3 = 'cancelled' or r.deadline_at <= clock_timestamp())
        """)

    // What is accepted ends like all others: its outcome is collected and delivered. Whoever has a claim on it finds it void.
    private static let stopBegun = Statement(
        "request.stop_begun",
        """
        update public.activity_request as r
        set state = 'in_progress', state_substate = 'stopping', state_reason = w.reason, stopping = $3,
            stopping_reason = w.reason, worker_id = null
        from unnest($1::uuid[], $2::text[]) as w(id, reason)
        where r.id = w.id and (r.state = 'ready' and r.stopping is not distinct from $3
                               or r.state in ('ready', 'in_progress') and r.stopping is null)
          and ($3 = 'cancelled' or r.deadline_at <= clock_timestamp())
          -- What is over but for its result ends by itself.
          and not exists (
              select from public.request_progress as p
              where p.activity_request_id = r.id and p.expanded and r.state = 'in_progress'
                and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout)
        returning true
        """)

    // Plain SQL inserts requests without counters; what is collected has some.
    private static let startCounting = Statement(
        "request.start_counting",
        """
        insert into public.request_progress (org_id, activity_request_id)
        select r.org_id, r.id from public.activity_request as r where r.id = any ($1)
        on conflict do nothing
        """)

    static let lock = Statement(
        "request.lock",
        """
        select r.id, r.state::text from public.activity_request as r
        where r.id = any ($1) and r.org_id is not distinct from coalesce($2, r.org_id)
        order by r.id
        for no key update
        """)

    // Rows that somebody else holds at this moment are met in the next pass.
    private static let closeRuns = Statement(
        "request.close_runs",
        """
        with open as materialized (
            select r.id from public.run_queue as r
            where r.activity_request_id = $1 and r.position >= $2 and r.position < $3
              and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
            for no key update skip locked
        ), closed as (
            update public.run_queue as r
            set state = $4::public.run_queue_state, state_substate = $5, state_reason = $6, worker_id = null, due_at = null
            from open as o
            where r.id = o.id
            returning r.run_request_id
        )
        select distinct run_request_id from closed where run_request_id is not null
        """)

    // An exchange ends with the last of the runs that it serves; an answer that comes later is nobody's.
    private static let closeExchanges = Statement(
        "request.close_exchanges",
        """
        with idle as materialized (
            select q.id from unnest($1::uuid[]) as i(id)
            join public.run_request as q on q.id = i.id
            where q.state in ('in_progress', 'waiting', 'ready')
              and not exists (
                  select from unnest(q.run_ids) as u(id)
                  join public.run_queue as r on r.id = u.id
                  where r.run_request_id is not distinct from q.id and r.state in ('in_progress', 'waiting'))
            for no key update of q skip locked
        ), closed as (
            update public.run_request as q
            set state = $4::public.run_request_state, state_substate = $2, state_reason = $3, worker_id = null
            from idle
            where q.id = idle.id
            returning q.id
        )
        -- Its job, if it has one, is ended at once.
        update public.external_job as j set due_at = clock_timestamp()
        from closed as c
        where j.run_request_id = c.id
        """)

    // Without those that are over but for their result: they would be found again and again, before all others.
    private static let overdue = Statement(
        "request.overdue",
        """
        select r.id, format('its deadline, %s, has passed',
                            to_char(r.deadline_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'))
        from public.activity_request as r
        where r.deadline_at <= (select clock_timestamp()) and r.stopping is null
          and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
          and not exists (
              select from public.request_progress as p
              where p.activity_request_id = r.id and p.expanded and r.state = 'in_progress'
                and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout)
        order by r.deadline_at
        limit $1
        """)

    private static let stopping = Statement(
        "request.stopping",
        """
        with stopping as materialized (
            select r.id, r.org_id, r.traceparent, r.stopping, r.stopping_reason
            from public.activity_request as r
            where r.state = 'in_progress' and r.stopping is not null
        )
        -- One that finds objects has runs before it has any.
        select r.id, r.org_id, r.traceparent, r.stopping, r.stopping_reason, greatest(p.objects_total, 1),
               p.runs_planned / greatest(p.objects_total, 1)
        from stopping as r
        join public.request_progress as p on p.activity_request_id = r.id
        where p.runs_total > p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout
        order by r.id
        limit $1
        """)

    /// Gives a request up for its client.
    ///
    /// - Parameters:
    ///   - actor: who asks, as the history shall name them.
    ///   - reason: why, a sentence for people.
    /// - Returns: nil when the organization has no such request.
    public func cancel(
        _ id: ActivityRequestID, org: OrgID, actor: String, reason: String
    ) async throws -> Cancellation? {
        try await pool.transaction { transaction in
            var first = Pipeline()
            first.add(Actor.set, actor)
            first.add(Self.lockWorkflowRequests, [id], org)
            first.add(Self.lock, [id], org)
            guard let row = try await transaction.run(first)[2].first else { return nil }
            let state = try row.decode(String.self, at: 1)
            guard ["new", "valid", "waiting", "ready", "in_progress"].contains(state) else {
                return .tooLate(state: state)
            }
            let stopped = try await transaction.commit(Self.stop([id], cause: .cancelled, reasons: [reason]))
            if state == "new" { return .over }
            return stopped[2].isEmpty ? .tooLate(state: "in_progress") : .stopping
        }
    }

    /// Begins to end requests whose time is over.
    ///
    /// - Returns: how many.
    public func stopOverdue(limit: Int) async throws -> Int {
        try await pool.transaction { transaction in
            let overdue = try await transaction.execute(Self.overdue, limit).map {
                try $0.decode((ActivityRequestID, String).self)
            }
            if overdue.isEmpty { return 0 }
            let ids = overdue.map(\.0)
            var locks = Pipeline()
            locks.add(Self.lockWorkflowRequests, ids, OrgID?.none)
            locks.add(Self.lock, ids, OrgID?.none)
            _ = try await transaction.run(locks)
            _ = try await transaction.commit(Self.stop(ids, cause: .deadline, reasons: overdue.map(\.1)))
            return ids.count
        }
    }

    private static func stop(_ ids: [ActivityRequestID], cause: StopCause, reasons: [String]) -> Pipeline {
        var pipeline = Pipeline()
        addStop(ids, cause: cause, reasons: reasons, to: &pipeline)
        return pipeline
    }

    /// What ends requests whose rows are locked.
    static func addStop(
        _ ids: [ActivityRequestID], cause: StopCause, reasons: [String], to pipeline: inout Pipeline
    ) {
        pipeline.add(startCounting, ids)
        pipeline.add(stop, ids, reasons, cause.rawValue, cause.stateOfRuns)
        pipeline.add(stopBegun, ids, reasons, cause.rawValue)
    }

    /// Requests that end and still have open runs, oldest first.
    public func stoppingRequests(limit: Int) async throws(PostgresError) -> [StoppingRequest] {
        var requests: [StoppingRequest] = []
        for row in try await pool.execute(Self.stopping, limit) {
            let (id, org, traceparent, cause, reason, objects, runsPerObject) = try row.decode(
                (ActivityRequestID, OrgID, String?, String, String?, Int32, Int32).self)
            requests.append(
                StoppingRequest(
                    reference: RequestReference(
                        id: id, org: org, trace: traceparent.flatMap { TraceContext(parsing: $0) }),
                    cause: StopCause(rawValue: cause) ?? .cancelled, reason: reason ?? cause, objectCount: Int(objects),
                    runsPerObject: max(1, Int(runsPerObject)))
            )
        }
        return requests
    }

    /// Closes the open runs of some objects of a request, and the exchanges that serve no other run.
    ///
    /// - Parameter positions: the objects' places in the request.
    public func closeRuns(of request: StoppingRequest, positions: Range<Int>) async throws {
        try await pool.transaction { transaction in
            let closed = try await transaction.execute(
                Self.closeRuns, request.reference.id, Int32(positions.lowerBound), Int32(positions.upperBound),
                request.cause.stateOfRuns, request.cause.rawValue, request.reason)
            let exchanges: [RunRequestID] = try closed.ids()
            var pipeline = Pipeline()
            pipeline.add(
                Self.closeExchanges, exchanges, request.cause.rawValue, request.reason, request.cause.stateOfRuns)
            _ = try await transaction.commit(pipeline)
        }
    }
}
