import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which ended runs to take up again.
public struct RetryFilter: Sendable {
    /// What is looked through.
    public enum Scope: Sendable {
        /// The runs of one request, from the object of a place on.
        case request(ActivityRequestID, from: Int)
        /// The runs made between two moments, from a run on.
        case runs(after: RunID?, since: Date, until: Date)
        /// One run.
        case run(RunID)
    }

    /// What is looked through.
    public let scope: Scope
    /// `failed`, `timedout`, `invalid`.
    public let states: [String]
    /// The key of the source; nil for all.
    public let source: String?

    /// A filter.
    public init(scope: Scope, states: [String], source: String?) {
        self.scope = scope
        self.states = states
        self.source = source
    }
}

/// What became of one page of runs.
public struct RetryPage: Sendable {
    /// Runs that are ready again.
    public let retried: Int
    /// Requests that were over and go on.
    public let requests: Int
    /// Where the next page begins; nil after the last.
    public let next: RetryFilter.Scope?
    /// The sources that have work now.
    public let sources: [ReadySource]
}

extension RunStore {
    // A page is bounded by the runs that are looked at, not by those that are found: few among many must not take long.
    private static let findInRequest = Statement(
        "run.find_ended_of_request",
        """
        select r.id, r.activity_request_id, r.source_id, r.position
        from public.run_queue as r
        where r.activity_request_id = $1 and r.position >= $2 and r.position < $2 + $3 and r.org_id is not distinct from $4
          and r.state::text = any ($5)
          and ($6::text is null
               or r.source_id in (select s.id from public.source as s where s.owner_org_id = $4 and s.key = $6))
        """)

    private static let objectsOfRequest = Statement(
        "run.objects_of_request",
        "select p.objects_total from public.request_progress as p where p.activity_request_id = $1")

    // It was ended before it was expanded: it goes on where it stopped.
    private static let findUnexpanded = Statement(
        "run.find_unexpanded_request",
        """
        select r.id from public.activity_request as r
        join public.request_progress as p on p.activity_request_id = r.id
        where r.id = $1 and r.org_id is not distinct from $2 and r.state::text = any ($3) and r.state <> 'invalid' and not p.expanded
        """)

    private static let findByTime = Statement(
        "run.find_ended_by_time",
        """
        with seen as materialized (
            select r.id, r.org_id, r.activity_request_id, r.source_id, r.state::text as state
            from public.run_queue as r
            where r.id > $1 and r.id < $2
            order by r.id
            limit $3
        )
        select s.id, s.activity_request_id, s.source_id, n.last, n.count
        from (select count(*) as count, (array_agg(id order by id desc))[1] as last from seen) as n
        left join seen as s
          on s.org_id = $4 and s.state = any ($5)
         and ($6::text is null
              or s.source_id in (select o.id from public.source as o where o.owner_org_id = $4 and o.key = $6))
        """)

    private static let findOne = Statement(
        "run.find_ended",
        """
        select r.id, r.activity_request_id, r.source_id from public.run_queue as r
        where r.id = $1 and r.org_id is not distinct from $2 and r.state::text = any ($3)
        """)

    // Attempts and time count anew; who is in the middle of ending is left alone.
    private static let retry = Statement(
        "run.retry",
        """
        with retried as (
            update public.run_queue as r
            set state = 'ready', state_substate = 'retried', state_reason = $3, attempt = 0,
                retried_at = clock_timestamp(), due_at = null, worker_id = null
            from unnest($1::uuid[]) as i(id)
            where r.id = i.id and r.state::text = any ($2)
              and not exists (select from public.activity_request as q
                              where q.id = r.activity_request_id and q.state = 'in_progress' and q.stopping is not null)
            returning r.org_id, r.activity_request_id, r.source_id
        )
        select org_id, activity_request_id, source_id, count(*) from retried group by 1, 2, 3
        """)

    /// How many runs are looked at in one page, at the most.
    static let retryPage = 5_000

    /// Takes one page of ended runs up again, and their requests with them.
    ///
    /// - Parameters:
    ///   - actor: who asks, as the history shall name them.
    ///   - reason: why, a sentence for people.
    public func retry(
        _ filter: RetryFilter, org: OrgID, actor: String, reason: String
    ) async throws -> RetryPage {
        try await pool.transaction { transaction in
            _ = try await transaction.execute(Actor.set, actor)
            let found = try await Self.find(filter, org: org, in: transaction)
            guard !found.runs.isEmpty || !found.unbegun.isEmpty else {
                return RetryPage(retried: 0, requests: 0, next: found.next, sources: [])
            }
            var pipeline = Pipeline()
            // Before their runs: whoever collects a result has finished by then, or finds the claim void.
            pipeline.add(RequestStore.lock, found.requests + found.unbegun, org)
            pipeline.add(Self.retry, found.runs, filter.states, reason)
            let rows = try await transaction.run(pipeline)[1]
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
            let reopened = try await transaction.commit(RequestStore.reopen(again, reason: reason))
            return RetryPage(
                retried: retried, requests: reopened[RequestStore.reopenPlace].affectedRows, next: found.next,
                sources: Array(sources))
        }
    }

    private struct Found {
        var runs: [RunID] = []
        var requests: [ActivityRequestID] = []
        /// Requests that were ended before all of their objects had runs.
        var unbegun: [ActivityRequestID] = []
        var next: RetryFilter.Scope?
    }

    private static func find(
        _ filter: RetryFilter, org: OrgID, in transaction: PostgresTransaction
    ) async throws -> Found {
        var found = Found()
        var requests: Set<ActivityRequestID> = []
        let rows: QueryResult
        switch filter.scope {
        case .request(let request, let first):
            var pipeline = Pipeline()
            pipeline.add(objectsOfRequest, request)
            pipeline.add(
                findInRequest, request, Int32(clamping: first), Int32(retryPage), org, filter.states, filter.source)
            pipeline.add(findUnexpanded, request, org, filter.states)
            let results = try await transaction.run(pipeline)
            rows = results[1]
            if first == 0 { found.unbegun = try results[2].ids() }
            let objects = try results[0].first?.decode(Int32.self, at: 0) ?? 0
            if first + retryPage < Int(objects) { found.next = .request(request, from: first + retryPage) }
        case .runs(let after, let since, let until):
            rows = try await transaction.execute(
                findByTime, after ?? RunID.floor(since), RunID.floor(until), Int32(retryPage), org, filter.states,
                filter.source)
            if let row = rows.first, try row.decode(Int64.self, at: 4) == Int64(retryPage) {
                found.next = .runs(after: try row.decode(RunID.self, at: 3), since: since, until: until)
            }
        case .run(let run):
            rows = try await transaction.execute(findOne, run, org, filter.states)
        }
        for row in rows {
            guard let run = try row.decode(RunID?.self, at: 0) else { continue }
            found.runs.append(run)
            requests.insert(try row.decode(ActivityRequestID.self, at: 1))
        }
        found.requests = Array(requests)
        return found
    }
}

extension RunID {
    /// The smallest id of an instant, as `utils.uuid_v7_floor` makes it (RFC 9562, section 5.7).
    static func floor(_ date: Date) -> RunID {
        let milliseconds = UInt64(max(0, date.timeIntervalSince1970 * 1000))
        var bytes = [UInt8](repeating: 0, count: 16)
        for place in 0..<6 { bytes[place] = UInt8(truncatingIfNeeded: milliseconds >> (8 * UInt64(5 - place))) }
        return RunID(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }
}
