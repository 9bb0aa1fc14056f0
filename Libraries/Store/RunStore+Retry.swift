import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunStore {
    // A page is bounded by the runs that are looked at, not by those that are found: few among many must not take long.
    private static let findInRequest = Statement(
        "run.find_ended_of_request",
        """
        select r.id, r.activity_request_id
        from public.run_queue as r
        where r.activity_request_id = $1 and r.position >= $2 and r.position < $3 and r.org_id is not distinct from $4
          and r.state::text = any ($5) and ($6::uuid is null or r.source_id = $6)
        """)

    private static let sizeOfRequest = Statement(
        "run.size_of_request",
        """
        select p.objects_total, p.runs_planned / greatest(p.objects_total, 1)
        from public.request_progress as p where p.activity_request_id = $1
        """)

    // It was ended before it was expanded: it goes on where it stopped.
    private static let findUnexpanded = Statement(
        "run.find_unexpanded_request",
        """
        select r.id from public.activity_request as r
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.id = $1 and r.org_id is not distinct from $2 and r.stopping is not null and not coalesce(p.expanded, false)
          and (r.state in ('done', 'delivered') or r.state in ('failed', 'timedout') and r.state::text = any ($3))
        """)

    // The last of one's own runs, and the last of all: what others have made is no cursor of anybody's.
    private static let findByTime = Statement(
        "run.find_ended_by_time",
        """
        with seen as materialized (
            select r.id, r.org_id, r.activity_request_id, r.source_id, r.state::text as state, r.state_substate
            from public.run_queue as r
            where r.id > $1 and r.id < $2
            order by r.id
            limit $3
        )
        select s.id, s.activity_request_id, n.count, n.last, n.last_own
        from (select count(*) as count, (array_agg(id order by id desc))[1] as last,
                     (array_agg(id order by id desc) filter (where org_id = $4))[1] as last_own
              from seen) as n
        left join seen as s on s.org_id = $4 and s.state = any ($5) and ($6::uuid is null or s.source_id = $6)
         and ($7 or s.state_substate is distinct from 'cancelled')
        """)

    private static let isUnexpanded = Statement(
        "run.is_unexpanded",
        """
        select true from public.request_progress as p where p.activity_request_id = $1 and not p.expanded
        """)

    private static let keptSince = Statement("run.kept_since", "select etl_api.kept_since()")

    private static let findOne = Statement(
        "run.find_ended",
        """
        select r.id, r.activity_request_id, r.state::text from public.run_queue as r
        where r.id = $1 and r.org_id is not distinct from $2
        """)

    // Who is in the middle of ending is left alone. $2: the states; $3: whether a request is asked for by its own id.
    private static let isTakenUp = """
        r.state::text = any ($2)
          -- One that was ended before all of its runs were made goes on making them: that is asked for by its own id.
          and ($3 or not exists (select from public.request_progress as p
                                 where p.activity_request_id = r.activity_request_id and not p.expanded))
          -- Of a request that lost some of its runs to time nothing whole can be made any more.
          and r.activity_request_id >= (select etl_api.kept_since())
          and not exists (select from public.activity_request as q
                          where q.id = r.activity_request_id and q.state = 'in_progress' and q.stopping is not null)
        """

    // Attempts and time count anew.
    private static let retry = Statement(
        "run.retry",
        """
        with retried as (
            update public.run_queue as r
            set state = 'ready', state_substate = 'retried', state_reason = $4, attempt = 0,
                retried_at = clock_timestamp(), due_at = null, worker_id = null
            from unnest($1::uuid[]) as i(id)
            where r.id = i.id and \(isTakenUp)
            returning r.org_id, r.activity_request_id, r.source_id
        )
        select org_id, activity_request_id, source_id, count(*) from retried group by 1, 2, 3
        """)

    private static let preview = Statement(
        "run.preview_retry",
        """
        select r.state::text, r.state_substate, (select s.key from public.source as s where s.id = r.source_id), count(*)
        from unnest($1::uuid[]) as i(id)
        join public.run_queue as r on r.id = i.id
        where \(isTakenUp)
        group by 1, 2, r.source_id
        order by 4 desc, 1, 2, 3
        """)

    /// How many runs are looked at in one page, at the most.
    static let retryPage = 5_000

    /// Whether all runs of a request are kept: none of them was dropped with its week.
    public func areKept(of request: ActivityRequestID) async throws(PostgresError) -> Bool {
        try await pool.execute(Self.keptSince)[0].decode(ActivityRequestID.self, at: 0) <= request
    }

    /// Takes one page of ended runs up again, and their requests with them.
    ///
    /// - Parameters:
    ///   - actor: who asks, as the history shall name them.
    ///   - reason: why, a sentence for people.
    /// - Throws: ``UnknownSource``, ``NoRetry``.
    public func retry(
        _ filter: RetryFilter, org: OrgID, actor: String, reason: String
    ) async throws -> RetryPage {
        // Locks are taken in one order, but for what triggers follow: a rare deadlock is not the client's to deal with.
        try await pool.transaction(attempts: 3) { transaction in
            _ = try await transaction.execute(Actor.set, actor)
            let source = try await Self.source(filter.source, of: org, in: transaction)
            let found = try await Self.find(filter, source: source, org: org, in: transaction)
            guard !found.runs.isEmpty || !found.unbegun.isEmpty else {
                return RetryPage(retried: 0, requests: 0, next: found.next, sources: [])
            }
            var pipeline = Pipeline()
            // Before their runs: whoever collects a result has finished by then, or finds the claim void.
            pipeline.add(RequestStore.lockWorkflowRequests, found.requests + found.unbegun, org)
            pipeline.add(RequestStore.lock, found.requests + found.unbegun, org)
            pipeline.add(Self.retry, found.runs, filter.states, filter.isAboutOneRequest, reason)
            let rows = try await transaction.run(pipeline)[2]
            var retried = 0
            var requests: Set<ActivityRequestID> = []
            var sources: Set<ReadySource> = []
            for row in rows {
                let (org, request, source, count) = try row.decode((OrgID, ActivityRequestID, SourceID, Int64).self)
                retried += Int(count)
                requests.insert(request)
                sources.insert(ReadySource(org: org, source: source))
            }
            let again = Array(requests.union(found.unbegun))
            let reopened = try await RequestStore.reopen(again, reason: reason, committing: transaction)
            return RetryPage(
                retried: retried, requests: reopened, next: found.next,
                sources: Array(sources))
        }
    }

    /// Which runs of one page would be taken up again, without doing it.
    ///
    /// - Throws: ``UnknownSource``, ``NoRetry``.
    public func previewRetry(_ filter: RetryFilter, org: OrgID) async throws -> RetryPreview {
        try await pool.transaction { transaction in
            let source = try await Self.source(filter.source, of: org, in: transaction)
            let found = try await Self.find(filter, source: source, org: org, in: transaction)
            let groups = try await transaction.execute(
                Self.preview, found.runs, filter.states, filter.isAboutOneRequest
            ).map { row in
                let (state, substate, source, count) = try row.decode((String, String?, String?, Int64).self)
                return RetryPreview.Group(state: state, substate: substate, source: source, count: Int(count))
            }
            return RetryPreview(groups: groups, makesRuns: !found.unbegun.isEmpty, next: found.next)
        }
    }

    private struct Found {
        var runs: [RunID] = []
        var requests: [ActivityRequestID] = []
        /// Requests that were ended before all of their objects had runs.
        var unbegun: [ActivityRequestID] = []
        var next: RetryFilter.Scope?

        mutating func add(_ found: (run: RunID, request: ActivityRequestID)) {
            runs.append(found.run)
            if requests.last != found.request { requests.append(found.request) }
        }
    }

    private static func source(
        _ key: String?, of org: OrgID, in transaction: PostgresTransaction
    ) async throws -> SourceID? {
        guard let key else { return nil }
        return try SourceStore.source(key, among: await transaction.execute(SourceStore.keys, org))
    }

    private static func find(
        _ filter: RetryFilter, source: SourceID?, org: OrgID, in transaction: PostgresTransaction
    ) async throws -> Found {
        var found = Found()
        let rows: QueryResult
        switch filter.scope {
        case .request(let request, let first):
            let size = try await transaction.execute(sizeOfRequest, request).first?.decode((Int32, Int32).self)
            let end = first + max(1, retryPage / max(1, Int(size?.1 ?? 1)))
            var pipeline = Pipeline()
            pipeline.add(
                findInRequest, request, Int32(clamping: first), Int32(clamping: end), org, filter.states, source)
            pipeline.add(findUnexpanded, request, org, filter.states)
            let results = try await transaction.run(pipeline)
            rows = results[0]
            if first == 0 { found.unbegun = try results[1].ids() }
            if end < Int(size?.0 ?? 0) { found.next = .request(request, from: end) }
        case .runs(let after, let since, let until):
            return try await find(filter, source: source, org: org, from: after, since, until, in: transaction)
        case .run(let run):
            rows = try await transaction.execute(findOne, run, org)
            guard let state = try rows.first?.decode(String.self, at: 2) else { throw NoRetry.unknown }
            guard filter.states.contains(state) else { throw NoRetry.notEnded(state: state) }
            let request = try rows[0].decode(ActivityRequestID.self, at: 1)
            if try await !transaction.execute(isUnexpanded, request).isEmpty { throw NoRetry.unexpanded(request) }
            found.add((run, request))
            return found
        }
        for row in rows { found.add(try row.decode((RunID, ActivityRequestID).self)) }
        return found
    }

    /// Looks on from a run until there is something to go on from that is one's own, or a later moment.
    private static func find(
        _ filter: RetryFilter, source: SourceID?, org: OrgID, from after: RunID?, _ since: Date, _ until: Date,
        in transaction: PostgresTransaction
    ) async throws -> Found {
        var found = Found()
        let begin = after ?? RunID.floor(since)
        var last = begin
        repeat {
            let rows = try await transaction.execute(
                findByTime, last, RunID.floor(until), Int32(retryPage), org, filter.states, source,
                filter.includesCancelled)
            guard let counts = try rows.first?.decode((RunID?, ActivityRequestID?, Int64, RunID?, RunID?).self) else {
                return found
            }
            for row in rows {
                let (run, request, _, _, _) = try row.decode(
                    (RunID?, ActivityRequestID?, Int64, RunID?, RunID?).self)
                if let run, let request { found.add((run, request)) }
            }
            guard counts.2 == Int64(retryPage), let seen = counts.3 else { return found }
            let next = max(seen.floored, counts.4 ?? seen.floored)
            if next > begin {
                found.next = .runs(after: next, since: since, until: until)
                return found
            }
            last = seen
        } while found.runs.isEmpty
        found.next = .runs(after: last, since: since, until: until)
        return found
    }
}
