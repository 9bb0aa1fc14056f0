import Postgres

extension CatalogueStore {
    /// A workflow in a list.
    public struct WorkflowSummary: Sendable, Hashable {
        /// The key of its organization.
        public let organization: String
        /// Its own.
        public let key: String
        /// The name that people read.
        public let name: String
        /// How many phases it has.
        public let phases: Int
        /// How many steps.
        public let steps: Int
        /// The keys of the endpoints that hear of its end.
        public let endpoints: [String]
    }

    /// How many workflows are read.
    public static let workflowsMax = 1_000

    private static let workflows = Statement(
        "catalogue.workflows",
        """
        select g.key, w.key, w.name,
               (select count(distinct n.value #> '{setup,config,phase}') from jsonb_each(w.data) as n),
               (select count(*) from jsonb_object_keys(w.data)),
               array(
                   select e.key from public.workflow_endpoint as l
                   join public.webhook_endpoint as e on e.org_id = w.org_id and e.id = l.webhook_endpoint_id
                   where l.org_id = w.org_id and l.workflow_id = w.id order by e.key)
        from public.workflow as w join public.org as g on g.id = w.org_id
        where w.deleted_at is null and ($1::text is null or g.key = $1)
        order by (w.key = $2) desc nulls last, g.key, w.key
        limit $3
        """)

    /// The workflows of all organizations, those with this key first; at most ``workflowsMax``.
    ///
    /// - Parameter organization: only those of this one.
    public func workflows(organization: String?, first key: String? = nil) async throws -> [WorkflowSummary] {
        try await pool.execute(Self.workflows, organization, key, Int32(Self.workflowsMax)).map { row in
            let (organization, key, name, phases, steps, endpoints) = try row.decode(
                (String, String, String, Int64, Int64, [String]).self)
            return WorkflowSummary(
                organization: organization, key: key, name: name, phases: Int(phases), steps: Int(steps),
                endpoints: endpoints)
        }
    }
}
