-- etl_api.store_value: which value belongs to which object, by the vectors that Libraries/Mapping is tested with; and what is stored of it.
begin;
\ir fixtures/catalogue.sql
\ir fixtures/activities.sql
\set vectors `cat Tests/Vectors/path_patterns.json`
\set normalization_vectors `cat Tests/Vectors/normalization.json`
select no_plan();

-- Plans. The objects of one are in the order of jsonb, which is not that of the document where they are keys of an object.
create temp table plan as
select v ->> 'name' as name, v -> 'document' as document, v -> 'objects' as objects, v ->> 'kind' as kind, v -> 'datapoints' as datapoints,
       v -> 'expected' as expected, coalesce(v -> 'failures', '[]') as failures
from jsonb_array_elements(:'vectors'::jsonb -> 'plans') as v;
select cmp_ok(count(*), '>=', 15::bigint, 'the plans were read') from plan;
select is(
    (select jsonb_agg(jsonb_build_object('name', o.object_name, 'values', o.found) order by o.object_name, o.object_number)
     from (select object_number, object_name, coalesce(jsonb_object_agg(datapoint, value) filter (where value is not null), '{}') as found
           from utils.map_answer(p.document, p.objects, p.kind, p.datapoints) where object_number is not null
           group by object_number, object_name) as o),
    (select jsonb_agg(e order by e ->> 'name') from jsonb_array_elements(p.expected) as e), p.name)
from plan as p;
select is(
    (select coalesce(jsonb_agg(f -> 'path' order by f ->> 'path'), '[]')
     from utils.map_answer(p.document, p.objects, p.kind, p.datapoints) as m cross join jsonb_array_elements(m.failures) as f),
    (select coalesce(jsonb_agg(f order by f), '[]') from jsonb_array_elements_text(p.failures) as f), p.name || ': what cannot be converted')
from plan as p where p.failures <> '[]';

-- Conversions without normalization, which only processors do.
create temp table conversion as
select v ->> 'type' as type, v -> 'value' as value, v -> 'stored' as stored, v ->> 'fails' as fails
from jsonb_array_elements(:'normalization_vectors'::jsonb -> 'vectors') as v
where not v ? 'normalize' and v ->> 'type' in ('text', 'number', 'boolean', 'json');
select cmp_ok(count(*), '>=', 4::bigint, 'the conversions were read') from conversion;
select is(c.value, v.stored, format('%s as %s', v.value, v.type)) from conversion as v cross join utils.convert_value(v.value, v.type, '$') as c;
select is(v.fails is null or strpos(c.failures -> 0 ->> 'reason', v.fails) > 0, true, format('%s as %s fails as %s', v.value, v.type, v.fails))
from conversion as v cross join utils.convert_value(v.value, v.type, '$') as c;

-- Stored with their run.
select pg_temp.ask(:enrich_twice, '{"objects": ["a.example", "b.example"]}') as request \gset
select etl_api.create_run(:'request');
create temp view stored as
select s.key as source, o.original_object_value_name::text as object, d.key as datapoint, v.value, v.run_id, r.value_bytes, v.activity_request_id
from public.value as v
join public.run_queue as r on r.id = v.run_id and r.object_id = v.object_id
join public.source as s on s.id = v.source_id
join public.object as o on o.id = v.object_id
join public.datapoint as d on d.id = v.datapoint_id
where v.org_id = 'c0000000-0000-7000-8000-000000000001';
\set payload '''{"place": "Berlin", "results": [{"site": "b.example", "name": "B", "size": "12"}, {"site": "a.example", "name": "A", "size": "many", "at": {"city": "Bonn"}}, {"site": "b.example", "name": "B again"}, {"site": "c.example", "name": "C"}]}'''
select is(etl_api.store_value(:directory, :'request', :payload, :org), 5, 'five values fit');
select bag_eq(
    'select source, object, datapoint, value from stored',
    $$values ('directory', 'a.example', 'legal_name', '"A"'::jsonb), ('directory', 'a.example', 'city', '"Bonn"'),
             ('directory', 'b.example', 'legal_name', '"B"'), ('directory', 'b.example', 'employees', '12'),
             ('directory', 'b.example', 'city', '"Berlin"')$$,
    'of the objects that were asked about, by fall-backs and types; of two objects with one name the first');
select is(array_agg(distinct value_bytes order by value_bytes), array[9, 13], 'the runs know how large their values are') from stored;
select is(etl_api.store_value(:directory, :'request', :payload, :org), 0, 'stored twice, nothing changes');
select is(array_agg(distinct value_bytes order by value_bytes), array[9, 13], 'nor do the sizes') from stored;

-- A payload without names is about the only run that there is.
select is(etl_api.store_value(:registry, :'request', '{"name": "A"}', :org), 0, 'about one of two objects: nobody knows which');
select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as single \gset
select etl_api.create_run(:'single');
select is(etl_api.store_value(:registry, :'single', '{"name": null, "staff": 5, "listed": "true", "address": {"city": "Rome", "zip": 7}}', :org),
          5, 'about the only one');
select bag_eq(
    format('select datapoint, value from stored where activity_request_id = %L', :'single'),
    $$values ('legal_name', 'null'::jsonb), ('employees', '5'), ('listed', 'true'), ('address', '{"city": "Rome", "zip": 7}'), ('city', '"Rome"')$$,
    'null is null, and a whole object where JSON is asked for');

-- In a request that looks for objects, values are those of what was found.
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as sought \gset
select etl_api.create_run(:'sought');
select is(etl_api.store_value(:directory, :'sought', :payload, :org), 0, 'before anything was found there is nobody to have values');
select etl_api.store_object(:directory, :'sought', '{"results": [{"site": "c.example"}]}', :org);
select is(etl_api.store_value(:directory, :'sought', :payload, :org), 2, 'then what was found has its own');
select is(f.value_bytes, 3 + 8, 'whose size is noted') from public.object_finding as f where f.activity_request_id = :'sought';
select is(etl_api.reconstruct_values_to_activity_request(:'sought'), '[{"object": "c.example", "values": {"legal_name": "C", "city": "Berlin"}}]',
          'and the result shows');

select is(etl_api.store_value(s, :'request', v.payload::jsonb, :org), 0, 'stores nothing: ' || coalesce(v.payload, 'null'))
from unnest(array[:directory, :registry]::uuid[]) as s
cross join (values ('[]'), ('{}'), ('null'), ('"text"'), ('7'), ('{"invalid": "json"}'), ('{"results": [7, null, {"name": "nobody"}]}'), (null)) as v(payload);
select is(etl_api.store_value(:branches, :'request', '{"count": 5}', :org), 0, 'nor for a source that was not asked');

select throws_ok(format('select etl_api.store_value(%L, %L, ''{}'', %L)', v.source, v.request, v.org), 'P0002', null, 'refused: ' || v.title)
from (values ('another organization''s source', :source_a, :'request', :org), ('another organization''s request', :directory, :request_a, :org),
             ('another organization', :directory, :'request', :org_a), ('nobody', null, null, null)) as v(title, source, request, org);

-- What only processors can do is left to them.
update public.datapoint set normalization = '"whitespace"' where org_id = :org and key = 'city';
select throws_ok(format('select etl_api.store_value(%L, %L, %L, %L)', :registry, :'single', '{"staff": 6}', :org), '0A000',
                 'source registry yields city, whose values are normalized; only weir-processor can do that, so leave its answers to it',
                 'a datapoint that is normalized');
update public.datapoint set normalization = null where org_id = :org;

set local role service_role;
select is(etl_api.store_value(:directory, :'request', '[]', :org), 0, 'service_role may call it');
reset role;
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);

select * from finish();
rollback;
