import Contracts
import Postgres

extension RunStore {
    private static let recordAnswers = Statement(
        "run.record_answers",
        """
        with owned as (
            update public.run_request as q
            set state = 'done', worker_id = null
            from unnest($2::uuid[]) with ordinality as i(id, k)
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.org_id, q.id, q.run_ids, i.k
        ), stored as (
            insert into public.run_result (org_id, run_request_id, runs, status, content_type, body)
            select org_id, id, cardinality(run_ids), ($3::int[])[k], ($4::text[])[k], ($5::bytea[])[k]
            from owned
        ), logged as (
            insert into public.run_log (org_id, run_request_id, method, url, status, duration_ms, response_bytes)
            select org_id, id, ($6::text[])[k], ($7::text[])[k], ($3::int[])[k], ($8::real[])[k], ($9::int[])[k]
            from owned
        )
        update public.run_queue as r
        set state_substate = 'fetched', worker_id = null
        from owned as o
        cross join unnest(o.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from o.id and r.state = 'in_progress'
        """)

    // One verdict for each exchange and attempt: few rows, so that finding a run's own costs a look at the exchange's.
    private static let recordFailures = Statement(
        "run.record_failures",
        """
        with input as materialized (
            select * from unnest(
                $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[], $9::text[],
                $10::text[], $11::real[])
                as i(id, state, substate, reason, status, bytes, answer, method, url, duration_ms)
        ), owned as (
            update public.run_request as q
            set state = i.state::public.run_request_state, state_substate = i.substate, state_reason = i.reason,
                worker_id = null
            from input as i
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.org_id, q.id, q.run_ids, i.substate
        ), logged as (
            insert into public.run_log
                (org_id, run_request_id, method, url, status, duration_ms, response_bytes, error, answer)
            select o.org_id, o.id, i.method, i.url, i.status, i.duration_ms, i.bytes, i.reason, i.answer
            from input as i
            join owned as o on o.id = i.id
        ), verdict as materialized (
            select o.id, o.run_ids, o.substate, v.attempt, v.outcome, v.reason, v.delay
            from owned as o
            join unnest($12::uuid[], $13::int[], $14::text[], $15::text[], $16::double precision[])
                as v(exchange, attempt, outcome, reason, delay) on v.exchange = o.id
        )
        update public.run_queue as r
        set state = v.outcome::public.run_queue_state, state_substate = v.substate, state_reason = v.reason,
            worker_id = null,
            -- Not beyond the time that its source gives it; then it is timed out.
            due_at = case when v.delay is not null then least(
                clock_timestamp() + make_interval(secs => v.delay),
                coalesce(r.retried_at, utils.uuid_v7_time(r.id)) + interval '1 millisecond'
                    + make_interval(secs => (select s.setup ->> 'run_timeout_seconds' from public.source as s
                                             where s.id = r.source_id)::double precision)) end
        from verdict as v
        cross join unnest(v.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from v.id and r.state = 'in_progress'
          and r.attempt is not distinct from v.attempt
        returning r.activity_request_id
        """)

    /// Stores answers and hands their runs to the processors: one statement for the whole batch.
    ///
    /// Exchanges that this worker no longer owns are passed over; whoever owns them now will answer for them.
    /// - Returns: how many runs were handed on.
    @discardableResult
    public func record(_ answers: [RecordedAnswer], worker: WorkerID) async throws(PostgresError) -> Int {
        try await pool.execute(
            Self.recordAnswers, worker,
            answers.map(\.exchange),
            answers.map { Int32(truncatingIfNeeded: $0.status) },
            answers.map(\.contentType),
            answers.map { Bytea($0.body) },
            answers.map(\.log.method),
            answers.map(\.log.url),
            answers.map { Double($0.log.milliseconds) },
            answers.map { Int32(clamping: $0.body.count) }
        ).affectedRows
    }

    /// Closes failed exchanges, and closes their runs or parks them until their back-off is over, each by its own attempt.
    ///
    /// - Returns: the requests whose last run this closed.
    public func record(_ failures: [RecordedFailure], worker: WorkerID) async throws -> [RequestReference] {
        try await pool.transaction { transaction in
            let verdicts = failures.flatMap { failure in failure.verdicts.map { (failure.exchange, $0) } }
            let rows = try await transaction.execute(
                Self.recordFailures, worker,
                failures.map(\.exchange),
                failures.map { $0.isTimeout ? "timedout" : "failed" },
                failures.map(\.substate),
                failures.map(\.reason),
                failures.map { $0.status.map(Int32.init(truncatingIfNeeded:)) },
                failures.map { Int32(clamping: $0.responseBytes) },
                failures.map(\.answer),
                failures.map(\.log.method),
                failures.map(\.log.url),
                failures.map { Double($0.log.milliseconds) },
                verdicts.map(\.0),
                verdicts.map { Int32(clamping: $0.1.attempt) },
                verdicts.map(\.1.outcome.stateOfRuns),
                verdicts.map(\.1.reason),
                verdicts.map(\.1.outcome.delaySeconds)
            )
            var requests: Set<ActivityRequestID> = []
            for row in rows { requests.insert(try row.decode(ActivityRequestID.self, at: 0)) }
            var last = Pipeline()
            last.add(Self.closedRequests, Array(requests))
            let closed = try await transaction.commit(last)
            return try closed[0].requestReferences()
        }
    }

    static let closedRequests = Statement(
        "run.closed_requests",
        """
        select p.activity_request_id, p.org_id,
               (select r.traceparent from public.activity_request as r where r.id = p.activity_request_id)
        from unnest($1::uuid[]) as i(id)
        join public.request_progress as p on p.activity_request_id = i.id
        where p.expanded and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout
        """)
}

extension RecordedFailure.Outcome {
    fileprivate var stateOfRuns: String {
        switch self {
        case .retry: "waiting"
        case .failed: "failed"
        case .timedout: "timedout"
        }
    }

    fileprivate var delaySeconds: Double? {
        guard case .retry(let delay) = self else { return nil }
        return Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
    }
}
