import Catalogue
import JSON
import Postgres
import Sources

/// The stored side of the catalogue: read as items, written item by item.
public struct CatalogueStore: Sendable {
    let pool: PostgresPool

    /// Statements run on a pool whose user may write the catalogue.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // Fields exactly as CatalogueDefinition.items spells them, so that what was applied compares equal.
    private static let read = Statement(
        "catalogue.read",
        """
        select 'rate_group', array[r.key], jsonb_build_object(
            'concurrency', r.concurrency,
            'rate', case when r.calls is not null then
                jsonb_build_object('calls', r.calls, 'per_seconds', r.per_seconds) end)
        from public.rate_group as r where r.key = any ($2)
        union all
        select 'organization', array[g.key], jsonb_build_object('name', g.name)
        from public.org as g where g.key = any ($1)
        union all
        select 'object_type', array[g.key, t.key], jsonb_build_object('name', t.name)
        from public.org as g join public.object_type as t on t.org_id = g.id where g.key = any ($1)
        union all
        select 'datapoint', array[g.key, t.key, d.key], jsonb_build_object(
            'name', d.name, 'data_type', d.data_type, 'normalization', d.normalization)
        from public.org as g join public.object_type as t on t.org_id = g.id
        join public.datapoint as d on d.org_id = g.id and d.object_type_id = t.id where g.key = any ($1)
        union all
        select 'source', array[g.key, s.key], jsonb_build_object(
            'name', s.name, 'source_type', s.source_type, 'base_url', s.base_url,
            'max_objects', s.max_objects, \(SourceStep.columns { "'\($0)', s.\($0)" }),
            'setup', s.setup || coalesce((
                select jsonb_build_object('rate_group', r.key) from public.rate_group as r where r.id = s.rate_group_id), '{}'))
        from public.org as g join public.source as s on s.owner_org_id = g.id where g.key = any ($1)
        union all
        select 'object_source', array[g.key, s.key, t.key],
               jsonb_build_object('key_mapping', m.key_mapping, 'key_mapping_type', m.key_mapping_type)
        from public.org as g join public.object_source as m on m.org_id = g.id
        join public.source as s on s.owner_org_id = g.id and s.id = m.source_id
        join public.object_type as t on t.org_id = g.id and t.id = m.object_type_id where g.key = any ($1)
        union all
        select 'datapoint_source', array[g.key, s.key, t.key, d.key], jsonb_build_object('key_mapping', m.key_mapping)
        from public.org as g join public.datapoint_source as m on m.org_id = g.id
        join public.source as s on s.owner_org_id = g.id and s.id = m.source_id
        join public.datapoint as d on d.org_id = g.id and d.id = m.datapoint_id
        join public.object_type as t on t.org_id = g.id and t.id = d.object_type_id where g.key = any ($1)
        union all
        select 'webhook_endpoint', array[g.key, e.key], jsonb_build_object(
            'url', e.url, 'secret_name', e.secret_name, 'event_types', to_jsonb(e.event_types), 'headers', e.headers,
            'rate', case when e.calls is not null then
                jsonb_build_object('calls', e.calls, 'per_seconds', e.per_seconds) end,
            'ordered', e.is_ordered)
        from public.org as g join public.webhook_endpoint as e on e.org_id = g.id where g.key = any ($1)
        union all
        select 'factor', array[g.key, f.key], jsonb_build_object(
            'name', f.name, 'object_type', t.key, 'datapoint', d.key, 'type', f.type, 'factor_type', f.factor_type,
            'operator', f.operator, 'value', f.value)
        from public.org as g join public.factor as f on f.org_id = g.id
        join public.object_type as t on t.org_id = g.id and t.id = f.object_type_id
        join public.datapoint as d on d.org_id = g.id and d.id = f.datapoint_id where g.key = any ($1)
        union all
        select 'activity', array[g.key, a.key], jsonb_build_object(
            'name', a.name, 'type', y.name, 'object_type', t.key, 'setup', a.setup, 'timeout_seconds', a.timeout_seconds,
            'input', a.input, 'max_objects', a.max_objects, 'factors', a.factors)
        from public.org as g join public.activity as a on a.org_id = g.id
        join public.activity_type as y on y.id = a.activity_type_id
        join public.object_type as t on t.org_id = g.id and t.id = a.object_type_id where g.key = any ($1)
        union all
        select 'activity_source', array[g.key, a.key, s.key], jsonb_build_object('position', l.position)
        from public.org as g join public.activity_source as l on l.org_id = g.id
        join public.activity as a on a.org_id = g.id and a.id = l.activity_id
        join public.source as s on s.owner_org_id = g.id and s.id = l.source_id where g.key = any ($1)
        union all
        select 'activity_endpoint', array[g.key, a.key, e.key], '{}'
        from public.org as g join public.activity_endpoint as l on l.org_id = g.id
        join public.activity as a on a.org_id = g.id and a.id = l.activity_id
        join public.webhook_endpoint as e on e.org_id = g.id and e.id = l.webhook_endpoint_id where g.key = any ($1)
        union all
        -- An activity that is not there keeps its id, so that it stands out against what a file says.
        select 'workflow', array[g.key, w.key], jsonb_build_object('name', w.name, 'data', (
            select coalesce(jsonb_object_agg(n.key, n.value
                || coalesce((
                    select jsonb_build_object('id', a.key) from public.activity as a
                    where a.org_id = g.id and a.id::text = n.value ->> 'id'), '{}')
                || case when jsonb_typeof(n.value #> '{destination,activity,id}') = 'array' then
                    jsonb_build_object('destination', jsonb_build_object('activity', jsonb_build_object('id', (
                        select coalesce(jsonb_agg(coalesce(a.key, d.id) order by d.position), '[]')
                        from jsonb_array_elements_text(n.value #> '{destination,activity,id}') with ordinality as d(id, position)
                        left join public.activity as a on a.org_id = g.id and a.id::text = d.id))))
                else '{}' end), '{}')
            from jsonb_each(w.data) as n))
        from public.org as g join public.workflow as w on w.org_id = g.id where g.key = any ($1) and w.deleted_at is null
        union all
        select 'workflow_endpoint', array[g.key, w.key, e.key], '{}'
        from public.org as g join public.workflow_endpoint as l on l.org_id = g.id
        join public.workflow as w on w.org_id = g.id and w.id = l.workflow_id and w.deleted_at is null
        join public.webhook_endpoint as e on e.org_id = g.id and e.id = l.webhook_endpoint_id where g.key = any ($1)
        """)

    /// What is stored of the given organizations, and of the limits of these names, which belong to none.
    public func items(
        ofOrganizations keys: [String], rateGroups: [String] = []
    ) async throws -> [CatalogueItem] {
        try await pool.execute(Self.read, keys, rateGroups).map { row in
            let (kind, key, fields) = try row.decode((String, [String], JSONB).self)
            guard let kind = CatalogueItem.Kind(rawValue: kind),
                case .object(let object) = try JSONValue(parsing: fields.bytes)
            else { throw StoreError("the catalogue holds an item of unknown kind \(kind)") }
            return CatalogueItem(kind: kind, key: key, fields: object)
        }
    }

    private static let signed = Statement(
        "catalogue.signed_endpoints",
        """
        select distinct g.key, e.key
        from public.org as g join public.webhook_endpoint as e on e.org_id = g.id
        join public.webhook_secret as s on s.org_id = g.id and s.webhook_endpoint_id = e.id
        where g.key = any ($1) and coalesce(s.expires_at > clock_timestamp(), true)
        """)

    /// The endpoints of the given organizations for which a secret signs that Weir has made.
    public func endpointsWithSecrets(
        ofOrganizations keys: [String]
    ) async throws(PostgresError) -> Set<CatalogueItem.Identity> {
        var endpoints: Set<CatalogueItem.Identity> = []
        for row in try await pool.execute(Self.signed, keys) {
            let (organization, endpoint) = try row.decode((String, String).self)
            endpoints.insert(.init(kind: .webhookEndpoint, key: [organization, endpoint]))
        }
        return endpoints
    }

    /// Writes items in their order, in one transaction: creates those that are missing, changes the others.
    ///
    /// - Parameter removals: mappings that are taken away; nothing else is.
    public func write(_ items: [CatalogueItem], removing removals: [CatalogueItem.Identity] = []) async throws {
        try await pool.transaction { transaction in
            var pipeline = Pipeline()
            let endpoints = items.map(\.identity).filter { $0.kind == .webhookEndpoint }.map(\.key)
            if !endpoints.isEmpty {
                pipeline.add(Self.lockEndpoints, endpoints.map { $0[0] }, endpoints.map { $0[1] })
            }
            for identity in removals {
                guard let statement = Self.removals[identity.kind] else { continue }
                pipeline.add(statement, identity.key)
                pipeline.add(Self.touchSource, identity.key)
            }
            for item in items {
                pipeline.add(
                    Self.statement(for: item.identity.kind), item.identity.key,
                    JSONB(JSONValue.object(item.fields).encoded()))
                if let touched = Self.touches[item.identity.kind] {
                    pipeline.add(touched, item.identity.key)
                }
            }
            _ = try await transaction.commit(pipeline)
        }
    }
}
