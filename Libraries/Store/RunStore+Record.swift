import Contracts
import Postgres
import Sources

extension RunStore {
    // Lines of exchanges that this worker still owns when the statement begins; each finds its exchange by its key.
    private static let logged = """
        logged as (
            insert into public.run_log
                (org_id, run_request_id, sequence, method, url, status, duration_ms, response_bytes, error, answer)
            select q.org_id, l.id, l.sequence, l.method, l.url, l.status, l.duration_ms, l.bytes, l.error, l.answer
            from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::int[], $7::real[], $8::int[], $9::text[], $10::text[])
                as l(id, sequence, method, url, status, duration_ms, bytes, error, answer)
            join public.run_request as q on q.id = l.id
            where q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
        )
        """

    // Nearly every answer took one call. Its line stands beside it, by position; only those with several calls are joined.
    private static let recordAnswers = Statement(
        "run.record_answers",
        """
        with owned as (
            update public.run_request as q
            set state = 'done', worker_id = null
            from unnest($11::uuid[]) with ordinality as i(id, k)
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.org_id, q.id, q.run_ids, i.k
        ), stored as (
            insert into public.run_result (org_id, run_request_id, runs, status, content_type, body, pages, no_data)
            select org_id, id, cardinality(run_ids), ($12::int[])[k], ($13::text[])[k], ($14::bytea[])[k],
                   ($15::int[])[k], ($16::text[])[k]
            from owned
        ), logged_alone as (
            insert into public.run_log (org_id, run_request_id, method, url, status, duration_ms, response_bytes)
            select org_id, id, ($17::text[])[k], ($18::text[])[k], ($12::int[])[k], ($19::real[])[k], ($20::int[])[k]
            from owned
            where ($17::text[])[k] is not null
        ), \(logged)
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
            select * from unnest($11::uuid[], $12::text[], $13::text[], $14::text[]) as i(id, state, substate, reason)
        ), owned as (
            update public.run_request as q
            set state = i.state::public.run_request_state, state_substate = i.substate, state_reason = i.reason,
                worker_id = null
            from input as i
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.org_id, q.id, q.run_ids, i.substate
        ), \(logged), verdict as materialized (
            select o.id, o.run_ids, o.substate, v.attempt, v.outcome, v.reason, v.delay, v.counts, v.pauses
            from owned as o
            join unnest(
                $15::uuid[], $16::int[], $17::text[], $18::text[], $19::double precision[], $20::boolean[], $21::boolean[])
                as v(exchange, attempt, outcome, reason, delay, counts, pauses) on v.exchange = o.id
        )
        update public.run_queue as r
        set state = v.outcome::public.run_queue_state,
            state_substate = case when v.pauses then 'paused' else v.substate end, state_reason = v.reason,
            worker_id = null, attempt = r.attempt - (not v.counts)::int,
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

    private static let pauseSources = SourcePause.statement(
        "run.pause_sources",
        asked: """
            select q.source_id, i.seconds, i.reason
            from unnest($2::uuid[], $3::double precision[], $4::text[]) as i(id, seconds, reason)
            join public.run_request as q on q.id = i.id
            where q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            """)

    /// Stores answers and hands their runs to the processors: one statement for the whole batch.
    ///
    /// Exchanges that this worker no longer owns are passed over; whoever owns them now will answer for them.
    /// - Returns: how many runs were handed on.
    @discardableResult
    public func record(_ answers: [RecordedAnswer], worker: WorkerID) async throws(PostgresError) -> Int {
        let lines = LogLines(
            answers.lazy.filter { $0.calls.count != 1 }.map { ($0.exchange, $0.calls) })
        let alone = answers.map { $0.calls.count == 1 ? $0.calls[0] : nil }
        return try await pool.execute(
            Self.recordAnswers, worker,
            lines.exchanges, lines.sequences, lines.methods, lines.urls, lines.statuses, lines.milliseconds,
            lines.bytes, lines.errors, lines.answers,
            answers.map(\.exchange),
            answers.map { Int32(truncatingIfNeeded: $0.status) },
            answers.map(\.contentType),
            answers.map { Bytea($0.body) },
            answers.map { $0.pages.map { Int32(clamping: $0) } },
            answers.map(\.noData),
            alone.map { $0?.method },
            alone.map { $0?.url },
            alone.map { $0.map { Double($0.milliseconds) } },
            alone.map { $0.map { Int32(clamping: $0.responseBytes) } }
        ).affectedRows
    }

    /// Closes failed exchanges, and closes their runs or parks them until their back-off is over, each by its own attempt.
    ///
    /// - Returns: the requests whose last run this closed.
    public func record(_ failures: [RecordedFailure], worker: WorkerID) async throws -> [RequestReference] {
        try await pool.transaction { transaction in
            let pauses = failures.filter { $0.pause != nil }
            if !pauses.isEmpty {
                _ = try await transaction.execute(
                    Self.pauseSources, worker, pauses.map(\.exchange), pauses.map { $0.pause?.duration.inSeconds },
                    pauses.map { $0.pause?.reason })
            }
            let verdicts = failures.flatMap { failure in failure.verdicts.map { (failure, $0) } }
            let lines = LogLines(failures.lazy.map { ($0.exchange, $0.calls) })
            let rows = try await transaction.execute(
                Self.recordFailures, worker,
                lines.exchanges, lines.sequences, lines.methods, lines.urls, lines.statuses, lines.milliseconds,
                lines.bytes, lines.errors, lines.answers,
                failures.map(\.exchange),
                failures.map { $0.isTimeout ? "timedout" : "failed" },
                failures.map(\.substate),
                failures.map(\.reason),
                verdicts.map(\.0.exchange),
                verdicts.map { Int32(clamping: $0.1.attempt) },
                verdicts.map(\.1.outcome.stateOfRuns),
                verdicts.map(\.1.reason),
                verdicts.map(\.1.outcome.delay?.inSeconds),
                verdicts.map(\.1.outcome.usesUpAttempt),
                verdicts.map { $0.0.pause != nil }
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
        case .retry, .postponed: "waiting"
        case .failed: "failed"
        case .timedout: "timedout"
        }
    }

    fileprivate var delay: Duration? {
        switch self {
        case .retry(let delay), .postponed(let delay): delay
        case .failed, .timedout: nil
        }
    }

    fileprivate var usesUpAttempt: Bool {
        if case .postponed = self { false } else { true }
    }
}
