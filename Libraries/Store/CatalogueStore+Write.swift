import Catalogue
import Postgres
import Sources

// Every statement takes the item's key, its parents' keys first, as $1, and its fields as $2.
extension CatalogueStore {
    static func statement(for kind: CatalogueItem.Kind) -> Statement {
        switch kind {
        case .rateGroup: rateGroup
        case .organization: organization
        case .objectType: objectType
        case .datapoint: datapoint
        case .source: source
        case .objectSource: objectSource
        case .datapointSource: datapointSource
        case .webhookEndpoint: webhookEndpoint
        case .factor: factor
        case .activity: activity
        case .activitySource: activitySource
        case .activityEndpoint: activityEndpoint
        case .workflow: workflow
        case .workflowEndpoint: workflowEndpoint
        }
    }

    /// Kinds whose change makes services read a source anew.
    static let touches: [CatalogueItem.Kind: Statement] = [
        .datapoint: touchSourcesOfDatapoint, .objectSource: touchSource, .datapointSource: touchSource,
    ]

    private static let rateGroup = Statement(
        "catalogue.write_rate_group",
        """
        insert into public.rate_group (key, concurrency, calls, per_seconds)
        select ($1::text[])[1], ($2::jsonb ->> 'concurrency')::int, ($2 #>> '{rate,calls}')::int,
               ($2 #>> '{rate,per_seconds}')::double precision
        on conflict (key) do update
        set concurrency = excluded.concurrency, calls = excluded.calls, per_seconds = excluded.per_seconds
        """)

    private static let organization = Statement(
        "catalogue.write_organization",
        """
        insert into public.org (key, name) values (($1::text[])[1], $2::jsonb ->> 'name')
        on conflict (key) do update set name = excluded.name
        """)

    private static let objectType = Statement(
        "catalogue.write_object_type",
        """
        insert into public.object_type (org_id, key, name)
        select g.id, ($1::text[])[2], $2::jsonb ->> 'name' from public.org as g where g.key = ($1)[1]
        on conflict (org_id, key) do update set name = excluded.name
        """)

    private static let datapoint = Statement(
        "catalogue.write_datapoint",
        """
        insert into public.datapoint (org_id, object_type_id, key, name, data_type, normalization)
        select g.id, t.id, ($1::text[])[3], $2::jsonb ->> 'name', $2 ->> 'data_type', nullif($2 -> 'normalization', 'null')
        from public.org as g join public.object_type as t on t.org_id = g.id and t.key = ($1)[2] where g.key = ($1)[1]
        on conflict (org_id, object_type_id, key) do update
        set name = excluded.name, data_type = excluded.data_type, normalization = excluded.normalization
        """)

    private static let source = Statement(
        "catalogue.write_source",
        """
        insert into public.source (
            owner_org_id, key, name, source_type, base_url, max_objects, setup, rate_group_id,
            \(SourceStep.columns { $0 }))
        select g.id, ($1::text[])[2], $2::jsonb ->> 'name', $2 ->> 'source_type', $2 ->> 'base_url',
               ($2 ->> 'max_objects')::int, ($2 -> 'setup') - 'rate_group',
               -- The key stands nowhere else, so that the two cannot contradict each other.
               (select r.id from public.rate_group as r where r.key = $2 #>> '{setup,rate_group}'),
               \(SourceStep.columns { "nullif($2 -> '\($0)', 'null')" })
        from public.org as g where g.key = ($1)[1]
        on conflict (owner_org_id, key) do update
        set name = excluded.name, source_type = excluded.source_type, base_url = excluded.base_url,
            \(SourceStep.columns { "\($0) = excluded.\($0)" }),
            max_objects = excluded.max_objects, setup = excluded.setup, rate_group_id = excluded.rate_group_id, version = source.version + 1
        """)

    private static let objectSource = Statement(
        "catalogue.write_object_source",
        """
        insert into public.object_source (org_id, source_id, object_type_id, key_mapping, key_mapping_type)
        select g.id, s.id, t.id, $2::jsonb -> 'key_mapping', $2 ->> 'key_mapping_type'
        from public.org as g join public.source as s on s.owner_org_id = g.id and s.key = ($1::text[])[2]
        join public.object_type as t on t.org_id = g.id and t.key = ($1)[3] where g.key = ($1)[1]
        on conflict (org_id, source_id, object_type_id) do update
        set key_mapping = excluded.key_mapping, key_mapping_type = excluded.key_mapping_type
        """)

    private static let datapointSource = Statement(
        "catalogue.write_datapoint_source",
        """
        insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping)
        select g.id, s.id, d.id, $2::jsonb -> 'key_mapping'
        from public.org as g join public.source as s on s.owner_org_id = g.id and s.key = ($1::text[])[2]
        join public.object_type as t on t.org_id = g.id and t.key = ($1)[3]
        join public.datapoint as d on d.org_id = g.id and d.object_type_id = t.id and d.key = ($1)[4] where g.key = ($1)[1]
        on conflict (org_id, source_id, datapoint_id) do update set key_mapping = excluded.key_mapping
        """)

    /// The kinds that a file can take away.
    static let removals: [CatalogueItem.Kind: Statement] = [
        .objectSource: removeObjectSource, .datapointSource: removeDatapointSource,
    ]

    private static let removeObjectSource = Statement(
        "catalogue.remove_object_source",
        """
        delete from public.object_source as m
        using public.org as g, public.source as s, public.object_type as t
        where g.key = ($1::text[])[1] and s.owner_org_id = g.id and s.key = ($1)[2] and t.org_id = g.id and t.key = ($1)[3]
          and m.org_id = g.id and m.source_id = s.id and m.object_type_id = t.id
        """)

    private static let removeDatapointSource = Statement(
        "catalogue.remove_datapoint_source",
        """
        delete from public.datapoint_source as m
        using public.org as g, public.source as s, public.object_type as t, public.datapoint as d
        where g.key = ($1::text[])[1] and s.owner_org_id = g.id and s.key = ($1)[2] and t.org_id = g.id and t.key = ($1)[3]
          and d.org_id = g.id and d.object_type_id = t.id and d.key = ($1)[4]
          and m.org_id = g.id and m.source_id = s.id and m.datapoint_id = d.id
        """)

    private static let webhookEndpoint = Statement(
        "catalogue.write_webhook_endpoint",
        """
        insert into public.webhook_endpoint
            (org_id, key, url, secret_name, event_types, headers, calls, per_seconds, is_ordered)
        select g.id, ($1::text[])[2], $2::jsonb ->> 'url', $2 ->> 'secret_name',
               case when jsonb_typeof($2 -> 'event_types') = 'array' then
                   array(select t.type from jsonb_array_elements_text($2 -> 'event_types') with ordinality as t(type, place)
                         order by t.place) end,
               $2 -> 'headers', ($2 #>> '{rate,calls}')::int, ($2 #>> '{rate,per_seconds}')::double precision,
               ($2 -> 'ordered')::boolean
        from public.org as g where g.key = ($1)[1]
        on conflict (org_id, key) do update
        set url = excluded.url, secret_name = excluded.secret_name, event_types = excluded.event_types,
            headers = excluded.headers, calls = excluded.calls, per_seconds = excluded.per_seconds,
            is_ordered = excluded.is_ordered
        """)

    /// Endpoints are written in the order of their keys, and locked before in that of their ids, as whoever disables several does.
    static let lockEndpoints = Statement(
        "catalogue.lock_webhook_endpoints",
        """
        select from unnest($1::text[], $2::text[]) as i(org, key)
        join public.org as g on g.key = i.org
        join public.webhook_endpoint as e on e.org_id = g.id and e.key = i.key
        order by e.id
        for no key update of e
        """)

    private static let factor = Statement(
        "catalogue.write_factor",
        """
        insert into public.factor (org_id, key, name, object_type_id, datapoint_id, type, factor_type, operator, value)
        select g.id, ($1::text[])[2], $2::jsonb ->> 'name', t.id, d.id, $2 ->> 'type',
               ($2 ->> 'factor_type')::public.factor_type_enum, ($2 ->> 'operator')::public.operator_enum, $2 -> 'value'
        from public.org as g join public.object_type as t on t.org_id = g.id and t.key = $2 ->> 'object_type'
        join public.datapoint as d on d.org_id = g.id and d.object_type_id = t.id and d.key = $2 ->> 'datapoint'
        where g.key = ($1)[1]
        on conflict (org_id, key) do update
        set name = excluded.name, object_type_id = excluded.object_type_id, datapoint_id = excluded.datapoint_id,
            type = excluded.type, factor_type = excluded.factor_type, operator = excluded.operator, value = excluded.value
        """)

    private static let activity = Statement(
        "catalogue.write_activity",
        """
        insert into public.activity
            (org_id, key, name, activity_type_id, object_type_id, setup, timeout_seconds, input, max_objects, factors)
        select g.id, ($1::text[])[2], $2::jsonb ->> 'name', y.id, t.id, $2 -> 'setup',
               ($2 ->> 'timeout_seconds')::double precision, $2 -> 'input', ($2 ->> 'max_objects')::int,
               nullif($2 -> 'factors', 'null')
        from public.org as g join public.activity_type as y on y.name = $2 ->> 'type'
        join public.object_type as t on t.org_id = g.id and t.key = $2 ->> 'object_type' where g.key = ($1)[1]
        on conflict (org_id, key) do update
        set name = excluded.name, activity_type_id = excluded.activity_type_id, object_type_id = excluded.object_type_id,
            setup = excluded.setup, timeout_seconds = excluded.timeout_seconds, input = excluded.input,
            max_objects = excluded.max_objects, factors = excluded.factors
        """)

    private static let activitySource = Statement(
        "catalogue.write_activity_source",
        """
        insert into public.activity_source (org_id, activity_id, source_id, position)
        select g.id, a.id, s.id, ($2::jsonb ->> 'position')::int
        from public.org as g join public.activity as a on a.org_id = g.id and a.key = ($1::text[])[2]
        join public.source as s on s.owner_org_id = g.id and s.key = ($1)[3] where g.key = ($1)[1]
        on conflict (org_id, activity_id, source_id) do update set position = excluded.position
        """)

    private static let activityEndpoint = Statement(
        "catalogue.write_activity_endpoint",
        """
        insert into public.activity_endpoint (org_id, activity_id, webhook_endpoint_id)
        select g.id, a.id, e.id
        from public.org as g join public.activity as a on a.org_id = g.id and a.key = ($1::text[])[2]
        join public.webhook_endpoint as e on e.org_id = g.id and e.key = ($1)[3] where g.key = ($1)[1] and $2::jsonb is not null
        on conflict do nothing
        """)

    // Activities are named by their keys in a file, and by their ids where the flow works on them.
    private static let workflow = Statement(
        "catalogue.write_workflow",
        """
        insert into public.workflow (org_id, key, name, data)
        select g.id, ($1::text[])[2], $2::jsonb ->> 'name', (
            select jsonb_object_agg(n.key, n.value || jsonb_build_object(
                'id', (select a.id from public.activity as a where a.org_id = g.id and a.key = n.value ->> 'id'),
                'destination', jsonb_build_object('activity', jsonb_build_object('id', (
                    select coalesce(jsonb_agg(a.id order by d.position), '[]')
                    from jsonb_array_elements_text(n.value #> '{destination,activity,id}') with ordinality as d(key, position)
                    join public.activity as a on a.org_id = g.id and a.key = d.key)))))
            from jsonb_each($2 -> 'data') as n)
        from public.org as g where g.key = ($1)[1]
        on conflict (org_id, key) do update set name = excluded.name, data = excluded.data, deleted_at = null
        """)

    private static let workflowEndpoint = Statement(
        "catalogue.write_workflow_endpoint",
        """
        insert into public.workflow_endpoint (org_id, workflow_id, webhook_endpoint_id)
        select g.id, w.id, e.id
        from public.org as g join public.workflow as w on w.org_id = g.id and w.key = ($1::text[])[2]
        join public.webhook_endpoint as e on e.org_id = g.id and e.key = ($1)[3] where g.key = ($1)[1] and $2::jsonb is not null
        on conflict do nothing
        """)

    // A datapoint is mapped by several sources, each of which keeps its type and normalization.
    private static let touchSourcesOfDatapoint = Statement(
        "catalogue.touch_sources_of_datapoint",
        """
        update public.source as s set version = s.version + 1
        from public.org as g
        join public.object_type as t on t.org_id = g.id and t.key = ($1::text[])[2]
        join public.datapoint as d on d.org_id = g.id and d.object_type_id = t.id and d.key = ($1)[3]
        join public.datapoint_source as m on m.org_id = g.id and m.datapoint_id = d.id
        where g.key = ($1)[1] and s.owner_org_id = g.id and s.id = m.source_id
        """)

    static let touchSource = Statement(
        "catalogue.touch_source",
        """
        update public.source as s set version = s.version + 1
        from public.org as g where g.key = ($1::text[])[1] and s.owner_org_id = g.id and s.key = ($1)[2]
        """)
}
