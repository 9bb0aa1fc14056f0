import Contracts
import Postgres

/// A workflow as an organization has declared it.
public struct DeclaredWorkflow: Sendable {
    /// Its key.
    public let key: String
    /// The name that people read.
    public let name: String
    /// The keys of the endpoints that hear of its end.
    public let endpoints: [String]
    /// Its steps by phase and key.
    public internal(set) var steps: [DeclaredStep] = []
}

/// A step of a workflow, as an organization has declared it.
public struct DeclaredStep: Sendable {
    /// Its key.
    public let step: String
    /// When it starts.
    public let phase: Int?
    /// Its activity; nil when that is not there any more.
    public let activity: DeclaredActivity?
    /// How many objects it may have at the most; nil: what its activity and the platform allow.
    public let objectsMax: Int?
    /// What its failure does: `stop`, `skip`, `continue`.
    public let onFailure: String
    /// The keys of the activities that its objects flow to.
    public let destinations: [String]
}

/// What counts of the activity of a step.
public struct DeclaredActivity: Sendable {
    /// Its key.
    public let key: String
    /// The name of its type.
    public let type: String
    /// How many objects a request for it finds at the most.
    public let objectsMax: Int
    /// The sources that it asks, in its order: each one's key, and how many objects one call is about.
    public let sources: [(key: String, objectsPerCall: Int)]
}

extension WorkflowStore {
    private static let declared = Statement(
        "workflow.declared",
        """
        with wanted as materialized (
            select g.key as org, f.org_id, f.id, f.key, f.name, s.*
            from public.org as g
            left join public.workflow as f on f.org_id = g.id and f.deleted_at is null
            left join lateral etl_api.workflow_steps(f.data) as s on true
            where g.id = $1
        )
        select w.org, w.key, w.name,
               array(select e.key from public.workflow_endpoint as l
                     join public.webhook_endpoint as e on e.org_id = l.org_id and e.id = l.webhook_endpoint_id
                     where l.org_id = w.org_id and l.workflow_id = w.id order by e.key),
               w.step, w.phase, w.objects_max, w.on_failure,
               array(select d.key from public.activity as d where d.org_id = w.org_id and d.id = any (w.destinations) order by d.key),
               a.key, t.name, a.max_objects,
               array(select s.key from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = a.org_id and l.activity_id = a.id order by l.position, s.key collate "C"),
               array(select s.max_objects from public.activity_source as l
                     join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
                     where l.org_id = a.org_id and l.activity_id = a.id order by l.position, s.key collate "C")
        from wanted as w
        left join public.activity as a on a.org_id = w.org_id and a.id = w.activity_id and a.deleted_at is null
        left join public.activity_type as t on t.id = a.activity_type_id
        order by w.key collate "C", w.phase, w.step collate "C"
        """)

    /// The workflows that an organization has declared, by key, and the organization's own key.
    public func declared(by org: OrgID) async throws -> (organization: String, workflows: [DeclaredWorkflow]) {
        let rows = try await pool.execute(Self.declared, org)
        var workflows: [DeclaredWorkflow] = []
        for row in rows {
            let (
                _, key, name, endpoints, step, phase, objectsMax, onFailure, destinations, activity, type, findsMax,
                sources, sizes
            ) = try row.decode(
                (
                    String, String?, String?, [String], String?, Int32?, Int32?, String?, [String], String?, String?,
                    Int32?, [String], [Int32]
                ).self)
            guard let key, let name else { continue }
            if workflows.last?.key != key {
                workflows.append(DeclaredWorkflow(key: key, name: name, endpoints: endpoints))
            }
            guard let step, let onFailure else { continue }
            var known: DeclaredActivity?
            if let activity, let type, let findsMax {
                known = DeclaredActivity(
                    key: activity, type: type, objectsMax: Int(findsMax),
                    sources: zip(sources, sizes).map { (key: $0, objectsPerCall: Int($1)) })
            }
            workflows[workflows.count - 1].steps.append(
                DeclaredStep(
                    step: step, phase: phase.map(Int.init), activity: known, objectsMax: objectsMax.map(Int.init),
                    onFailure: onFailure, destinations: destinations))
        }
        return (try rows[0].decode(String.self, at: 0), workflows)
    }
}
