import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request as lists show it.
public struct ListedRequest: Sendable {
    /// The request.
    public let id: ActivityRequestID
    /// The key of its activity.
    public let activity: String
    /// Its state.
    public let state: String
    /// A closer word, when there is one.
    public let substate: String?
    /// A sentence, when there is something to say.
    public let reason: String?
    /// When it was accepted.
    public let createdAt: Date
    /// How many objects it names.
    public let objects: Int
    /// Its runs by outcome.
    public let runs: RunCounts
}

extension RequestStore {
    // A page is bounded by the requests that are looked at, so that a rare state among many takes several pages, not one long one.
    private static let list = Statement(
        "request.list",
        """
        with seen as materialized (
            select r.id, r.activity_id, r.org_id, r.state::text as state, r.state_substate, r.state_reason, r.created_at
            from public.activity_request as r
            where r.org_id = $1 and r.id < $2
            order by r.id desc
            limit $3
        )
        select s.id, a.key, s.state, s.state_substate, s.state_reason, s.created_at, coalesce(p.objects_total, 0),
               coalesce(p.runs_total, 0), coalesce(p.runs_done, 0), coalesce(p.runs_failed, 0),
               coalesce(p.runs_invalid, 0), coalesce(p.runs_timedout, 0), n.count, n.last
        from (select count(*) as count, (array_agg(id order by id))[1] as last from seen) as n
        left join seen as s on $4::text[] is null or s.state = any ($4)
        left join public.activity as a on a.org_id = s.org_id and a.id = s.activity_id
        left join public.request_progress as p on p.activity_request_id = s.id
        where $5::text is null or a.key = $5
        order by s.id desc
        limit $6
        """)

    /// How many requests are looked at for one page, at the most.
    static let listPage = 1_000

    /// Requests of an organization, the newest first.
    ///
    /// - Parameters:
    ///   - before: only older ones than this; nil from the newest on.
    ///   - states: only those in one of these states; nil for all.
    ///   - activity: only those for this activity; nil for all.
    ///   - limit: how many, at the most.
    /// - Returns: the requests, and before which to go on; nil when there are no more.
    public func list(
        org: OrgID, before: ActivityRequestID?, states: [String]?, activity: String?, limit: Int
    ) async throws(PostgresError) -> (requests: [ListedRequest], next: ActivityRequestID?) {
        let rows = try await pool.execute(
            Self.list, org, before ?? Self.newest, Int32(Self.listPage), states, activity, Int32(limit))
        var requests: [ListedRequest] = []
        var next: ActivityRequestID?
        for row in rows {
            let (
                id, key, state, substate, reason, created, objects, total, done, failed, invalid, timedout, seen, last
            ) = try row.decode(
                (
                    ActivityRequestID?, String?, String?, String?, String?, Date?, Int32, Int32, Int32, Int32, Int32,
                    Int32,
                    Int64, ActivityRequestID?
                ).self)
            // Where the page ended, unless the list ends before it.
            if seen == Int64(Self.listPage) { next = last }
            guard let id, let key, let state, let created else { continue }
            requests.append(
                ListedRequest(
                    id: id, activity: key, state: state, substate: substate, reason: reason, createdAt: created,
                    objects: Int(objects),
                    runs: RunCounts(
                        total: Int(total), done: Int(done), failed: Int(failed), invalid: Int(invalid),
                        timedout: Int(timedout))))
        }
        if requests.count == limit { next = requests.last?.id }
        return (requests, next)
    }

    private static let newest = ActivityRequestID(
        UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))
}
