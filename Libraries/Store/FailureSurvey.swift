import Postgres

/// Looks as an administrator at what failed of late between Weir and others: webhooks, and credentials that were not there.
public struct FailureSurvey: Sendable {
    /// Webhooks to one endpoint that did not get through.
    public struct Webhooks: Sendable {
        /// The organization and the endpoint: `acme/crm`.
        public let endpoint: String
        /// Whether they were given up; else they wait for their next attempt.
        public let isGivenUp: Bool
        /// How many.
        public let count: Int
        /// What the newest of them came to.
        public let reason: String
    }

    /// An endpoint or a source whose last call could not be made for want of a secret.
    public struct Secret: Sendable {
        /// `endpoint acme/crm`, `source acme/registry`.
        public let subject: String
        /// What the service said of it.
        public let reason: String
        /// How long ago, in seconds.
        public let ageSeconds: Int
    }

    /// Runs of one source that ended alike.
    public struct Runs: Sendable {
        /// The organization and the source: `acme/registry`.
        public let source: String
        /// The kind of failure, `connect`, or nil for those that are done.
        public let failure: String?
        /// How many.
        public let count: Int
    }

    private let pool: PostgresPool

    /// A survey on the given pool, whose user may read everything.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // Limits keep the survey short on tables with millions of rows: the newest rows of the last day are looked at.
    private static let webhooks = Statement(
        "survey.failed_webhooks",
        """
        select o.key || '/' || e.key, d.state = 'failed', count(*),
               coalesce((array_agg(d.state_reason order by d.id desc))[1], '')
        from (
            select * from (
                select id, org_id, webhook_endpoint_id, state, attempt, state_reason from public.delivery
                where id > utils.uuid_v7_floor(clock_timestamp() - interval '1 day')
                order by id desc
                limit 10000
            ) as d
            where d.state = 'failed' or (d.state not in ('delivered', 'superseded') and d.attempt > 0 and d.state_reason is not null)
        ) as d
        join public.webhook_endpoint as e on e.org_id = d.org_id and e.id = d.webhook_endpoint_id
        join public.org as o on o.id = d.org_id
        group by 1, 2
        order by 2 desc, 3 desc, 1
        limit 20
        """)

    private static let secrets = Statement(
        "survey.missing_secrets",
        """
        select 'endpoint ' || o.key || '/' || e.key, coalesce(l.error, ''),
               extract(epoch from clock_timestamp() - l.at)::bigint
        from (
            select distinct on (d.webhook_endpoint_id) d.org_id, d.webhook_endpoint_id, t.substate, t.error, t.at
            from (
                select id, org_id, webhook_endpoint_id from public.delivery
                where id > utils.uuid_v7_floor(clock_timestamp() - interval '1 day')
                order by id desc
                limit 10000
            ) as d
            join public.delivery_attempt as t on t.delivery_id = d.id
            order by d.webhook_endpoint_id, t.at desc
        ) as l
        join public.webhook_endpoint as e
          on e.org_id = l.org_id and e.id = l.webhook_endpoint_id and e.deleted_at is null
        join public.org as o on o.id = l.org_id
        where l.substate in ('secret_missing', 'secret_invalid')
        union all
        select 'source ' || o.key || '/' || s.key, coalesce(l.state_reason, ''),
               extract(epoch from clock_timestamp() - utils.uuid_v7_time(l.id))::bigint
        from (
            select distinct on (q.source_id) q.id, q.source_id, q.org_id, q.state_substate, q.state_reason
            from (
                select id, source_id, org_id, state, state_substate, state_reason from public.run_request
                where id > utils.uuid_v7_floor(clock_timestamp() - interval '1 day')
                order by id desc
                limit 10000
            ) as q
            where q.state <> 'in_progress'
            order by q.source_id, q.id desc
        ) as l
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id and s.deleted_at is null
        join public.org as o on o.id = l.org_id
        where l.state_substate = 'secret_missing'
        order by 1
        limit 20
        """)

    private static let runs = Statement(
        "survey.ended_runs",
        """
        select o.key || '/' || s.key, r.failure, count(*)
        from (
            select org_id, source_id, state::text as state,
                   case when state::text <> 'done' then coalesce(state_substate, state::text) end as failure
            from public.run_queue
            where id > utils.uuid_v7_floor(clock_timestamp() - interval '1 hour')
            order by id desc
            limit 10000
        ) as r
        join public.source as s on s.owner_org_id = r.org_id and s.id = r.source_id
        join public.org as o on o.id = r.org_id
        where r.state in ('done', 'failed', 'invalid', 'timedout')
        group by 1, 2
        order by 1, 3 desc, 2
        limit 200
        """)

    /// The runs of the last hour that have ended, by source and how.
    public func endedRuns() async throws(PostgresError) -> [Runs] {
        var runs: [Runs] = []
        for row in try await pool.execute(Self.runs) {
            let (source, failure, count) = try row.decode((String, String?, Int64).self)
            runs.append(Runs(source: source, failure: failure, count: Int(count)))
        }
        return runs
    }

    /// Webhooks of the last day that were given up or wait after a failed attempt, by endpoint.
    public func failedWebhooks() async throws(PostgresError) -> [Webhooks] {
        var webhooks: [Webhooks] = []
        for row in try await pool.execute(Self.webhooks) {
            let (endpoint, isGivenUp, count, reason) = try row.decode((String, Bool, Int64, String).self)
            webhooks.append(Webhooks(endpoint: endpoint, isGivenUp: isGivenUp, count: Int(count), reason: reason))
        }
        return webhooks
    }

    /// Endpoints and sources that lacked a secret when they were last called, within the last day.
    public func missingSecrets() async throws(PostgresError) -> [Secret] {
        var secrets: [Secret] = []
        for row in try await pool.execute(Self.secrets) {
            let (subject, reason, age) = try row.decode((String, String, Int64).self)
            secrets.append(Secret(subject: subject, reason: reason, ageSeconds: Int(age)))
        }
        return secrets
    }
}
