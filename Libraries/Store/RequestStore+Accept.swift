import Contracts
import JSON
import Postgres

/// A request that has been checked and is about to be put on disk.
public struct NewRequest: Sendable {
    /// Its id, made by the service.
    public let id: ActivityRequestID
    /// The tenant, from the API key.
    public let org: OrgID
    /// The key of the activity.
    public let activity: String
    /// The body as it came, as JSON.
    public let content: JSONB
    /// How many objects it names; 0 when it finds them.
    public let objectCount: Int
    /// `http` or `bus`.
    public let origin: String
    /// What makes a repeat the same request; nil when every request is a new one.
    public let idempotencyKey: String?
    /// SHA-256 of the body, so that a reused key with another body is noticed.
    public let fingerprint: Bytea?
    /// The trace of the caller; nil when it gave none.
    public let trace: TraceContext?

    /// A request to accept.
    public init(
        id: ActivityRequestID, org: OrgID, activity: String, content: JSONB, objectCount: Int, origin: String,
        idempotencyKey: String?, fingerprint: Bytea?, trace: TraceContext?
    ) {
        self.id = id
        self.org = org
        self.activity = activity
        self.content = content
        self.objectCount = objectCount
        self.origin = origin
        self.idempotencyKey = idempotencyKey
        self.fingerprint = fingerprint
        self.trace = trace
    }
}

/// An activity as requests are checked against it.
public struct ActivityRecord: Sendable, Equatable {
    /// The name of its type.
    let type: String
    /// Its input as the database has it, to compare.
    let input: String

    /// What it asks of a request; nil when no request of its type can be run.
    public let terms: ActivityTerms?

    init(type: String, input: String) {
        self.type = type
        self.input = input
        terms = ActivityType(rawValue: type).map { type in
            ActivityTerms(type: type, input: ActivityInput((try? JSONValue(parsing: Array(input.utf8))) ?? [:]))
        }
    }
}

/// How a request was received.
public enum Acceptance: Sendable, Equatable {
    /// It is on disk.
    case accepted(ActivityRequestID, plan: Plan)
    /// The same request came before under the same idempotency key.
    case repeated(ActivityRequestID, plan: Plan)
    /// The idempotency key was used before, for another body.
    case keyReused(ActivityRequestID)
    /// Its activity asks for something else than what the body was checked against; this.
    case termsChanged(ActivityRecord)
    /// The organization has no such activity; these are the ones that it has.
    case unknownActivity(organization: String, known: [String])
    /// The activity cannot run, with the reason.
    case notRunnable(String)
}

extension RequestStore {
    // One statement, one commit. The left joins make sure that a row comes back even when nothing was accepted. What the activity asks for
    // is compared with what the body was checked against, so that checking needs no statement of its own.
    private static let accept = Statement(
        "request.accept",
        """
        with wanted as materialized (
            select a.org_id, a.id, t.name as type, a.input::text as input, a.timeout_seconds
            from public.activity as a
            join public.activity_type as t on t.id = a.activity_type_id
            where a.org_id = $2 and a.key = $3 and a.deleted_at is null
        ), plan as materialized (
            select count(*)::int as sources,
                   -- Without objects each source is asked once.
                   coalesce(sum(greatest(($5 + s.max_objects - 1) / s.max_objects, 1)), 0)::int as calls
            from wanted as w
            join public.activity_source as l on l.org_id = w.org_id and l.activity_id = w.id
            join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id and s.deleted_at is null
        ), accepted as (
            insert into public.activity_request
                (org_id, id, activity_id, state, content, origin, idempotency_key, idempotency_fingerprint, traceparent,
                 deadline_at)
            select w.org_id, $1, w.id, 'valid', $4, $6, $7, $8, $9,
                   clock_timestamp() + make_interval(secs => w.timeout_seconds)
            from wanted as w
            cross join plan as p
            where w.type = $10 and w.input = $11 and p.sources > 0
            on conflict (org_id, idempotency_key) where idempotency_key is not null do nothing
            returning id
        ), progress as (
            insert into public.request_progress
                (org_id, activity_request_id, objects_total, runs_planned, calls_planned)
            select $2, r.id, $5, greatest($5, 1) * p.sources, p.calls
            from accepted as r
            cross join plan as p
        )
        select w.type, w.input, p.sources, p.calls, (select id from accepted)
        from (values (true)) as always(yes)
        left join wanted as w on true
        left join plan as p on true
        """)

    private static let findRepeated = Statement(
        "request.find_repeated",
        """
        select r.id, r.idempotency_fingerprint is not distinct from $3, p.runs_planned, p.calls_planned
        from public.activity_request as r
        join public.request_progress as p on p.activity_request_id = r.id
        where r.org_id = $1 and r.idempotency_key = $2
        """)

    private static let listActivities = Statement(
        "request.list_activities",
        """
        select o.key, a.key
        from public.org as o
        left join public.activity as a on a.org_id = o.id and a.deleted_at is null
        where o.id = $1
        order by a.key
        limit 50
        """)

    /// Puts a request on disk; it is safe once this returns.
    ///
    /// - Parameter activity: what its body was checked against; nil when that is not known, and nothing is accepted then.
    public func accept(_ request: NewRequest, checkedAgainst activity: ActivityRecord?) async throws -> Acceptance {
        let isRunnable = activity?.terms != nil
        let rows = try await pool.execute(
            Self.accept, request.id, request.org, request.activity, request.content, Int32(request.objectCount),
            request.origin, request.idempotencyKey, request.fingerprint, request.trace?.traceparent,
            isRunnable ? activity?.type : nil, isRunnable ? activity?.input : nil)
        let (type, input, sources, calls, accepted) = try rows[0].decode(
            (String?, String?, Int32, Int32, ActivityRequestID?).self)
        guard let type, let input else { return try await unknownActivity(request.org) }
        if let accepted {
            return .accepted(accepted, plan: Plan(runs: max(request.objectCount, 1) * Int(sources), calls: Int(calls)))
        }
        let current = ActivityRecord(type: type, input: input)
        if current.terms == nil {
            let known = ActivityType.allCases.map(\.rawValue).joined(separator: ", ")
            return .notRunnable("its type is \(type), which this version cannot run; it runs \(known)")
        }
        if current != activity { return .termsChanged(current) }
        if sources == 0 { return .notRunnable("it has no source; add one to the activity and apply the catalogue") }
        return try await repeated(request)
    }

    private func repeated(_ request: NewRequest) async throws -> Acceptance {
        let rows = try await pool.execute(
            Self.findRepeated, request.org, request.idempotencyKey, request.fingerprint)
        guard let row = rows.first else {
            throw StoreError("a request was refused as repeated, but the first one is not to be found")
        }
        let (id, same, runs, calls) = try row.decode((ActivityRequestID, Bool, Int32, Int32).self)
        return same ? .repeated(id, plan: Plan(runs: Int(runs), calls: Int(calls))) : .keyReused(id)
    }

    private func unknownActivity(_ org: OrgID) async throws -> Acceptance {
        let rows = try await pool.execute(Self.listActivities, org)
        let known = try rows.compactMap { row in try row.decode(String?.self, at: 1) }
        return .unknownActivity(organization: try rows[0].decode(String.self, at: 0), known: known)
    }
}
