import Contracts
import Postgres
import Sources

// What is stored beside the state of a job, before it: who records a step still holds it then.
extension JobStore {
    // Lines behind those that the job has already.
    private static let log = Statement(
        "job.log",
        """
        with line as materialized (
            select * from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::int[], $7::real[], $8::int[], $9::text[],
                                 $10::text[], $11::int[])
                as l(id, sequence, method, url, status, duration_ms, bytes, error, answer, claim)
        ), held as (
            update public.external_job as j
            set log_lines = j.log_lines + c.lines
            from (select l.id, l.claim, max(l.sequence) as lines from line as l group by l.id, l.claim) as c
            where j.run_request_id = c.id and j.claim = c.claim and j.worker_id is not distinct from $1
            returning j.org_id, j.run_request_id, j.log_lines - c.lines as before
        )
        insert into public.run_log
            (org_id, run_request_id, sequence, method, url, status, duration_ms, response_bytes, error, answer)
        select h.org_id, l.id, h.before + l.sequence, l.method, l.url, l.status, l.duration_ms, l.bytes, l.error, l.answer
        from line as l
        join held as h on h.run_request_id = l.id
        """)

    private static let pauseSources = SourcePause.statement(
        "job.pause_sources",
        asked: """
            select j.source_id, i.seconds, i.reason
            from unnest($2::uuid[], $3::int[], $4::double precision[], $5::text[]) as i(id, claim, seconds, reason)
            join public.external_job as j on j.run_request_id = i.id
            where j.claim = i.claim and j.worker_id is not distinct from $1
            """)

    private static let explain = Statement(
        "job.explain",
        """
        with job as materialized (
            select j.run_request_id as id, i.reason
            from unnest($2::uuid[], $3::int[], $4::text[]) as i(id, claim, reason)
            join public.external_job as j on j.run_request_id = i.id
            where j.claim = i.claim and j.worker_id is not distinct from $1
        ), exchange as (
            update public.run_request as q
            set state_reason = j.reason
            from job as j
            where q.id = j.id and q.state is not distinct from 'waiting' and q.state_reason is distinct from j.reason
            returning q.id, q.run_ids, q.state_reason
        )
        update public.run_queue as r
        set state_reason = e.state_reason
        from exchange as e
        cross join unnest(e.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from e.id and r.state is not distinct from 'waiting'
        """)

    static func add(log steps: [(JobClaim, [CallLog])], worker: WorkerID, to pipeline: inout Pipeline) {
        let lines = LogLines(steps.lazy.map { ($0.0.exchange, $0.1) })
        if lines.exchanges.isEmpty { return }
        let numbers = steps.flatMap { claim, calls in calls.map { _ in Int32(clamping: claim.number) } }
        pipeline.add(
            log, worker, lines.exchanges, lines.sequences, lines.methods, lines.urls, lines.statuses,
            lines.milliseconds, lines.bytes, lines.errors, lines.answers, numbers)
    }

    /// Pauses sources. Before anything else of a transaction: nobody who holds a job waits for a source.
    static func add(pauses steps: [(JobClaim, SourcePause?)], worker: WorkerID, to pipeline: inout Pipeline) {
        let pauses = steps.compactMap { claim, pause in pause.map { (claim, $0) } }
        if pauses.isEmpty { return }
        let claims = pauses.map(\.0)
        pipeline.add(
            pauseSources, worker, claims.exchanges, claims.numbers, pauses.map(\.1.duration.inSeconds),
            pauses.map(\.1.reason))
    }

    /// Tells why the runs of jobs wait.
    static func add(reasons steps: [(JobClaim, String?)], worker: WorkerID, to pipeline: inout Pipeline) {
        let reasons = steps.compactMap { claim, reason in reason.map { (claim, $0) } }
        if reasons.isEmpty { return }
        let claims = reasons.map(\.0)
        pipeline.add(explain, worker, claims.exchanges, claims.numbers, reasons.map(\.1))
    }
}
