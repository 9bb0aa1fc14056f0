import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Looks at a database as an administrator; changes nothing.
public struct DatabaseSurvey: Sendable {
    /// The server itself.
    public struct Server: Sendable {
        /// The server's version.
        public let version: String
        /// How far its clock is ahead of this process' clock, in seconds.
        public let clockAheadSeconds: Double
    }

    /// The workers of one service that have not ended.
    public struct Workers: Sendable {
        /// The name of the service.
        public let service: String
        /// Those heard of within their lease.
        public let alive: Int
        /// Silent for longer than their lease.
        public let silent: Int
    }

    /// Work of one kind that waits longer than it should.
    public struct Wait: Sendable {
        /// What waits: `requests`, `runs`, `answers`, `deliveries`.
        public let subject: String
        /// The same with their number, as a sentence says it.
        public let what: String
        /// How many; 10,000 means at least.
        public let count: Int
        /// How long the oldest has waited.
        public let oldestSeconds: Int
        /// What to do.
        public let remedy: String
    }

    private let pool: PostgresPool

    /// A survey on the given pool, whose user may read everything.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let server = Statement(
        "survey.server", "select current_setting('server_version'), clock_timestamp()")

    private static let partitions = Statement(
        "survey.partitions",
        """
        select format('%s_%s', p.name, to_char(w.week, 'IYYY"w"IW'))
        from unnest(array['run_queue', 'run_request', 'run_result', 'run_log', 'state_history']) as p(name)
        cross join unnest(array[clock_timestamp() at time zone 'UTC', (clock_timestamp() + interval '6 days') at time zone 'UTC']) as w(week)
        where to_regclass(format('public.%I', format('%s_%s', p.name, to_char(w.week, 'IYYY"w"IW')))) is null
        order by 1
        """)

    private static let defaults = Statement(
        "survey.defaults",
        """
        select name from (
            select 'run_queue_default' as name, exists (select from public.run_queue_default) as filled
            union all select 'run_request_default', exists (select from public.run_request_default)
            union all select 'run_result_default', exists (select from public.run_result_default)
            union all select 'run_log_default', exists (select from public.run_log_default)
            union all select 'state_history_default', exists (select from public.state_history_default)
        ) as d
        where filled
        order by 1
        """)

    private static let workers = Statement(
        "survey.workers",
        """
        select service,
               count(*) filter (where clock_timestamp() <= heartbeat_at + lease),
               count(*) filter (where clock_timestamp() > heartbeat_at + lease)
        from public.worker
        where ended_at is null
        group by service
        order by service
        """)

    // Limits keep the survey short on a table with millions of rows; a count at the limit means "at least".
    private static let waiting = Statement(
        "survey.waiting",
        """
        select 1, count(*), coalesce(max(extract(epoch from clock_timestamp() - created_at)), 0)::bigint
        from (select created_at from public.activity_request
              where state in ('new', 'valid') and created_at < clock_timestamp() - interval '1 minute'
              limit 10000) as r
        union all
        select 2, count(*), coalesce(max(extract(epoch from clock_timestamp() - utils.uuid_v7_time(id))), 0)::bigint
        from (select id from public.run_queue
              where state = 'ready' and id < utils.uuid_v7_floor(clock_timestamp() - interval '10 minutes')
              limit 10000) as q
        union all
        select 3, count(*), coalesce(max(extract(epoch from clock_timestamp() - utils.uuid_v7_time(run_request_id))), 0)::bigint
        from (select run_request_id from public.run_queue
              where state = 'in_progress' and state_substate = 'fetched'
                and run_request_id < utils.uuid_v7_floor(clock_timestamp() - interval '1 minute')
              limit 10000) as f
        union all
        select 4, count(*), coalesce(max(extract(epoch from clock_timestamp() - due_at)), 0)::bigint
        from (select d.due_at
              from etl_api.endpoints_with_deliveries() as e
              join public.delivery as d on d.webhook_endpoint_id = e.webhook_endpoint_id
              where d.state = 'ready' and d.due_at < clock_timestamp() - interval '1 minute'
                and greatest(e.due_at, e.held_until) < clock_timestamp() - interval '1 minute'
              limit 10000) as d
        order by 1
        """)

    private static let kinds: [(subject: String, one: String, several: String, remedy: String)] = [
        (
            "requests", "accepted request without runs", "accepted requests without runs",
            "weir-intake expands them; see that it runs, and its log"
        ),
        (
            "runs", "run ready for over 10 minutes", "runs ready for over 10 minutes",
            "weir-executor takes them; see its log and the sources' concurrency"
        ),
        (
            "answers", "raw answer not mapped yet", "raw answers not mapped yet",
            "weir-processor maps them; see that it runs, and its log"
        ),
        (
            "deliveries", "webhook due and not posted", "webhooks due and not posted",
            "weir-delivery posts them; see that it runs, and its log"
        ),
    ]

    /// Version and clock.
    public func server() async throws(PostgresError) -> Server {
        let (version, now) = try await pool.execute(Self.server)[0].decode((String, Date).self)
        let number = version.split(separator: " ").first.map(String.init) ?? version
        return Server(version: number, clockAheadSeconds: now.timeIntervalSinceNow)
    }

    /// Partitions that this week and the next six days need and that are not there.
    public func missingPartitions() async throws(PostgresError) -> [String] { try await names(Self.partitions) }

    /// Default partitions that hold rows.
    public func filledDefaultPartitions() async throws(PostgresError) -> [String] { try await names(Self.defaults) }

    /// Workers by service.
    public func workers() async throws(PostgresError) -> [Workers] {
        var workers: [Workers] = []
        for row in try await pool.execute(Self.workers) {
            let (service, alive, silent) = try row.decode((String, Int64, Int64).self)
            workers.append(Workers(service: service, alive: Int(alive), silent: Int(silent)))
        }
        return workers
    }

    /// Work that waits longer than the sweeper lets it, by kind.
    public func waiting() async throws(PostgresError) -> [Wait] {
        var waits: [Wait] = []
        for row in try await pool.execute(Self.waiting) {
            let (kind, count, seconds) = try row.decode((Int32, Int64, Int64).self)
            let words = Self.kinds[Int(kind) - 1]
            waits.append(
                Wait(
                    subject: words.subject, what: "\(Quantity(Int(count), words.one, words.several))",
                    count: Int(count), oldestSeconds: Int(seconds), remedy: words.remedy))
        }
        return waits
    }

    private func names(_ statement: Statement) async throws(PostgresError) -> [String] {
        var names: [String] = []
        for row in try await pool.execute(statement) { names.append(try row.decode(String.self, at: 0)) }
        return names
    }
}
