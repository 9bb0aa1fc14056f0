import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request as its client sees it.
public struct RequestStatus: Sendable {
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
    /// How many objects it names, and how many of them have runs.
    public let objects: (total: Int, expanded: Int)
    /// What it came to when it was accepted.
    public let plan: Plan
    /// Its runs by outcome.
    public let runs: RunCounts
    /// How many objects meet the factors of a sourcing; nil while that is not known.
    public var qualification: QualificationCounts?
    /// Size of the collected result in bytes; nil while there is none.
    public let resultBytes: Int?
}

/// One change of state of a request, or of many of its runs at once.
public struct TimelineEntry: Sendable {
    /// `request`, `runs`, `delivery`; of a workflow request `workflow`, `step KEY`, `delivery`.
    public let subject: String
    /// The state that it left; nil when it was made.
    public let from: String?
    /// The state that it came to.
    public let to: String
    /// How many changed so.
    public let count: Int
    /// When the first did.
    public let first: Date
    /// When the last did.
    public let last: Date
    /// Who did it.
    public let actor: String?
    /// Why, when there is something to say.
    public let reason: String?
}

extension RequestStore {
    private static let status = Statement(
        "request.status",
        """
        select r.id, a.key, r.state::text, r.state_substate, r.state_reason, r.created_at,
               coalesce(p.objects_total, 0), coalesce(p.objects_expanded, 0)
        from public.activity_request as r
        join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.org_id = $1 and r.id = $2
        """)

    private static let progress = Statement(
        "request.progress",
        """
        select coalesce(p.runs_planned, 0), coalesce(p.calls_planned, 0), coalesce(p.runs_total, 0),
               coalesce(p.runs_done, 0), coalesce(p.runs_failed, 0), coalesce(p.runs_invalid, 0),
               coalesce(p.runs_timedout, 0), p.objects_qualified, p.objects_unqualified,
               (select sum(octet_length(c.body)) from public.request_result as c where c.activity_request_id = i.id)::bigint
        from (values ($1::uuid)) as i(id)
        left join public.request_progress as p on p.activity_request_id = i.id
        """)

    private static let timeline = Statement(
        "request.timeline",
        """
        select 'request', h.from_state, h.to_state, 1::bigint, h.at, h.at, h.actor,
               coalesce(h.reason, h.substate)
        from public.state_history as h
        where h.entity_id = $2 and h.org_id is not distinct from $1
        union all
        select 'runs', w.from_state, w.to_state, sum(w.count)::bigint, min(w.first), max(w.last), min(w.actor),
               (array_agg(w.reason order by w.first))[1]
        from (
            select h.from_state, h.to_state, h.reason, count(*) as count, min(h.at) as first, max(h.at) as last,
                   min(h.actor) as actor
            from (select r.id from public.run_queue as r
                  where r.activity_request_id = $2 and r.org_id is not distinct from $1 offset 0) as r
            join public.state_history as h on h.entity_id = r.id
            group by h.from_state, h.to_state, h.reason
        ) as w
        group by w.from_state, w.to_state, utils.reason_pattern(w.reason)
        union all
        select 'delivery', null,
               'attempt ' || t.attempt || coalesce(' to ' || (select e.key from public.webhook_endpoint as e
                where e.org_id = d.org_id and e.id = d.webhook_endpoint_id), ''), 1, t.at, t.at, null,
               concat_ws(' ', 'HTTP ' || t.status, t.error, case when t.duration_ms > 0 then 'in ' || round(t.duration_ms::numeric, 1) || ' ms' end)
        from public.delivery as d
        join public.delivery_attempt as t on t.delivery_id = d.id
        where d.activity_request_id = $2 and d.org_id is not distinct from $1
        order by 5, 6, 1
        limit 500
        """)

    private static let owner = Statement(
        "request.owner", "select org_id from public.activity_request where id = $1")

    /// The organization that a request belongs to; for callers who hold a signed link to it.
    public func organization(of id: ActivityRequestID) async throws(PostgresError) -> OrgID? {
        try await pool.execute(Self.owner, id).first?.decode(OrgID.self, at: 0)
    }

    /// The request, if this organization has it.
    public func status(of id: ActivityRequestID, org: OrgID) async throws(PostgresError) -> RequestStatus? {
        var pipeline = Pipeline()
        pipeline.add(Self.status, org, id)
        pipeline.add(Self.progress, id)
        let results = try await pool.run(pipeline)
        guard let row = results[0].first else { return nil }
        let (id, activity, state, substate, reason, created, objects, expanded) = try row.decode(
            (ActivityRequestID, String, String, String?, String?, Date, Int32, Int32).self)
        let (runs, calls, total, done, failed, invalid, timedout, qualified, unqualified, bytes) = try results[1][0]
            .decode(
                (Int32, Int32, Int32, Int32, Int32, Int32, Int32, Int32?, Int32?, Int64?).self)
        return RequestStatus(
            id: id, activity: activity, state: state, substate: substate, reason: reason, createdAt: created,
            objects: (total: Int(objects), expanded: Int(expanded)),
            plan: Plan(runs: Int(runs), calls: Int(calls)),
            runs: RunCounts(
                total: Int(total), done: Int(done), failed: Int(failed), invalid: Int(invalid), timedout: Int(timedout)),
            qualification: qualified.map {
                QualificationCounts(qualified: Int($0), unqualified: Int(unqualified ?? 0))
            },
            resultBytes: bytes.map(Int.init))
    }

    /// The life of a request: its own changes one by one, those of its runs by kind.
    public func timeline(of id: ActivityRequestID, org: OrgID) async throws(PostgresError) -> [TimelineEntry] {
        try await pool.execute(Self.timeline, org, id).timelineEntries()
    }
}

extension QueryResult {
    /// Rows of a timeline.
    func timelineEntries() throws(PostgresError) -> [TimelineEntry] {
        var entries: [TimelineEntry] = []
        for row in self {
            let (subject, from, to, count, first, last, actor, reason) = try row.decode(
                (String, String?, String, Int64, Date, Date, String?, String?).self)
            entries.append(
                TimelineEntry(
                    subject: subject, from: from, to: to, count: Int(count), first: first, last: last, actor: actor,
                    reason: reason))
        }
        return entries
    }
}
