import Contracts
import Postgres

/// What one exchange cost, for `run_log`.
public struct ExchangeLog: Sendable {
    /// GET, POST, ….
    public let method: String
    /// The URL as called, every secret masked.
    public let url: String
    /// From the first byte sent to the last received, in milliseconds.
    public let milliseconds: Float

    /// One line of the log.
    public init(method: String, url: String, milliseconds: Float) {
        self.method = method
        self.url = url
        self.milliseconds = milliseconds
    }
}

/// An answer that an API gave with success.
public struct RecordedAnswer: Sendable {
    /// The exchange.
    public let exchange: RunRequestID
    /// The HTTP status.
    public let status: Int
    /// The `Content-Type` of the answer.
    public let contentType: String?
    /// The body, as received.
    public let body: [UInt8]
    /// The log line.
    public let log: ExchangeLog

    /// The answer to an exchange.
    public init(exchange: RunRequestID, status: Int, contentType: String?, body: [UInt8], log: ExchangeLog) {
        self.exchange = exchange
        self.status = status
        self.contentType = contentType
        self.body = body
        self.log = log
    }
}

/// An exchange that brought nothing, and what becomes of its runs.
public struct RecordedFailure: Sendable {
    /// What happens to the runs of a failed exchange.
    public enum Outcome: Sendable, Equatable {
        /// They wait, and are ready again after the delay.
        case retry(after: Duration)
        /// They are failed for good.
        case failed
        /// They have taken too long for good.
        case timedout
    }

    /// The exchange.
    public let exchange: RunRequestID
    /// What happens to its runs.
    public let outcome: Outcome
    /// A short word for programs, such as `http_503`.
    public let substate: String
    /// A sentence for people.
    public let reason: String
    /// The HTTP status, when there was one.
    public let status: Int?
    /// The bytes that had come, when there was an answer.
    public let responseBytes: Int
    /// The log line.
    public let log: ExchangeLog

    /// The failure of an exchange.
    public init(
        exchange: RunRequestID, outcome: Outcome, substate: String, reason: String, status: Int?, responseBytes: Int,
        log: ExchangeLog
    ) {
        self.exchange = exchange
        self.outcome = outcome
        self.substate = substate
        self.reason = reason
        self.status = status
        self.responseBytes = responseBytes
        self.log = log
    }
}

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
            insert into public.run_result (org_id, run_request_id, status, content_type, body)
            select org_id, id, ($3::int[])[k], ($4::text[])[k], ($5::bytea[])[k]
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

    private static let recordFailures = Statement(
        "run.record_failures",
        """
        with input as materialized (
            select * from unnest(
                $2::uuid[], $3::text[], $4::text[], $5::text[], $6::double precision[], $7::int[], $8::int[],
                $9::text[], $10::text[], $11::real[])
                as i(id, outcome, substate, reason, delay, status, bytes, method, url, duration_ms)
        ), owned as (
            update public.run_request as q
            set state = case i.outcome when 'timedout' then 'timedout' else 'failed' end::public.run_request_state,
                state_substate = i.substate, state_reason = i.reason, worker_id = null
            from input as i
            where q.id = i.id and q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
            returning q.org_id, q.id, q.run_ids, i.outcome, i.substate, i.reason, i.delay
        ), logged as (
            insert into public.run_log
                (org_id, run_request_id, method, url, status, duration_ms, response_bytes, error)
            select o.org_id, o.id, i.method, i.url, i.status, i.duration_ms, i.bytes, i.reason
            from input as i
            join owned as o on o.id = i.id
        )
        update public.run_queue as r
        set state = o.outcome::public.run_queue_state, state_substate = o.substate, state_reason = o.reason,
            worker_id = null, due_at = clock_timestamp() + make_interval(secs => o.delay)
        from owned as o
        cross join unnest(o.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from o.id and r.state = 'in_progress'
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

    /// Closes failed exchanges, and closes their runs or parks them until their back-off is over.
    ///
    /// - Returns: the requests whose last run this closed.
    public func record(_ failures: [RecordedFailure], worker: WorkerID) async throws -> [ActivityRequestID] {
        try await pool.transaction { transaction in
            let rows = try await transaction.execute(
                Self.recordFailures, worker,
                failures.map(\.exchange),
                failures.map { $0.outcome.stateOfRuns },
                failures.map(\.substate),
                failures.map(\.reason),
                failures.map { $0.outcome.delaySeconds },
                failures.map { $0.status.map(Int32.init(truncatingIfNeeded:)) },
                failures.map { Int32(clamping: $0.responseBytes) },
                failures.map(\.log.method),
                failures.map(\.log.url),
                failures.map { Double($0.log.milliseconds) }
            )
            var requests: Set<ActivityRequestID> = []
            for row in rows { requests.insert(try row.decode(ActivityRequestID.self, at: 0)) }
            var last = Pipeline()
            last.add(Self.closedRequests, Array(requests))
            let closed = try await transaction.commit(last)
            return try closed[0].map { row in try row.decode(ActivityRequestID.self, at: 0) }
        }
    }

    static let closedRequests = Statement(
        "run.closed_requests",
        """
        select p.activity_request_id
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
