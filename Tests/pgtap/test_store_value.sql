-- etl_api.store_value: which value belongs to which object, by the vectors that Libraries/Mapping is tested with; and what is stored of it.
begin;
\ir fixtures/catalogue.sql
\ir fixtures/activities.sql
\set vectors `cat Tests/Vectors/path_patterns.json`
\set normalization_vectors `cat Tests/Vectors/normalization.json`
\set country_vectors `cat Tests/Vectors/countries.json`
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

-- Conversions and normalizations.
create temp table conversion as
select v ->> 'type' as type, v -> 'normalize' as normalization, v -> 'value' as value, v -> 'stored' as stored, v -> 'original' as original,
       v ->> 'fails' as fails, format('%s as %s %s', v -> 'value', v ->> 'type', v -> 'normalize') as title
from jsonb_array_elements(:'normalization_vectors'::jsonb -> 'vectors') as v;
select cmp_ok(count(*), '>=', 134::bigint, 'the conversions were read') from conversion;
select is(c.value, v.stored, v.title) from conversion as v cross join utils.convert_value(v.value, v.type, v.normalization, '$') as c;
select is(case when c.is_changed then c.original end, v.original, v.title || ': what the answer says')
from conversion as v cross join utils.convert_value(v.value, v.type, v.normalization, '$') as c;
select is(case when v.fails is null then c.failures = '[]' else strpos(c.failures -> 0 ->> 'reason', v.fails) > 0 end, true,
          v.title || coalesce(' fails: ' || v.fails, ' does not fail'))
from conversion as v cross join utils.convert_value(v.value, v.type, v.normalization, '$') as c;

create temp table several as
select v -> 'stored' as stored, v -> 'original' as original, (v -> 'failures')::integer as failures,
       (select jsonb_agg(jsonb_build_object('v', m) order by k) from jsonb_array_elements(v -> 'matches') with ordinality as e(m, k)) as document,
       jsonb_build_array(jsonb_build_array('v', v ->> 'type', '[["*", "v"]]'::jsonb, v -> 'normalize')) as datapoints
from jsonb_array_elements(:'normalization_vectors'::jsonb -> 'several') as v;
select cmp_ok(count(*), '>=', 4::bigint, 'the vectors of several matches were read') from several;
select is(array[m.value, m.original, to_jsonb(jsonb_array_length(m.failures))], array[v.stored, v.original, to_jsonb(v.failures)],
          format('%s as %s', v.document, v.datapoints))
from several as v cross join utils.map_answer(v.document, '[]', 'key', v.datapoints) as m;

create temp table country as
select c ->> 0 as code, n as name
from jsonb_array_elements(:'country_vectors'::jsonb -> 'countries') as c cross join jsonb_array_elements_text(c) as n;
select cmp_ok(count(distinct code), '=', 249::bigint, 'the countries were read') from country;
select is_empty('select * from country where utils.normalized_text(name, ''text'', ''"country"'') is distinct from code', 'every name stands for its country');
select set_eq('select utils.country_key(name) from country', 'select jsonb_object_keys(utils.country_codes())', 'and nothing else stands for one');

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

-- Normalized values, each with what the answer says where that differs.
update public.datapoint set normalization = '"country"' where org_id = :org and key = 'city';
update public.datapoint set normalization = '"separators"' where org_id = :org and key = 'employees';
update public.datapoint set data_type = 'date' where org_id = :org and key = 'listed';
select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as normalized \gset
select etl_api.create_run(:'normalized');
select is(etl_api.store_value(:registry, :'normalized', '{"name": "A", "staff": "1,234.5", "listed": "2024-01-31T10:00Z", "address": {"city": "IT"}}', :org),
          5, 'normalized values are stored');
select bag_eq(
    format('select d.key, v.value, v.original from public.value as v join public.datapoint as d on d.id = v.datapoint_id where v.activity_request_id = %L',
           :'normalized'),
    $$values ('legal_name', '"A"'::jsonb, null::jsonb), ('employees', '1234.5', '"1,234.5"'), ('listed', '"2024-01-31"', '"2024-01-31T10:00Z"'),
             ('address', '{"city": "IT"}', null), ('city', '"IT"', null)$$,
    'with what the answer says of those that were changed');
update public.datapoint set normalization = null where org_id = :org;
update public.datapoint set data_type = 'boolean' where org_id = :org and key = 'listed';

set local role service_role;
select is(etl_api.store_value(:directory, :'request', '[]', :org), 0, 'service_role may call it');
reset role;
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);

select * from finish();
rollback;
