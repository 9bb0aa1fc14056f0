-- etl_api.store_object: the objects that a payload names, once each, and nothing of what is no name.
begin;
\ir fixtures/catalogue.sql
\ir fixtures/activities.sql
select no_plan();

select pg_temp.ask(:enrich_twice, '{"objects": ["a.example"]}') as request \gset
create function pg_temp.names() returns setof text language sql as $$
    select original_object_value_name::text from public.object where org_id = 'c0000000-0000-7000-8000-000000000001' order by ctid
$$;

select is(etl_api.store_object(:directory, :'request',
    '{"results": [{"site": "https://www.b.example/"}, {"site": "info@a.example"}, {"site": "https://b.example/again"}, {"site": "C"}]}', :org),
    3, 'three objects are named, one of them twice');
select results_eq('select * from pg_temp.names()', $$values ('C'), ('a.example'), ('b.example')$$, 'stored with their names in one order for all');
select is(count(*), 3::bigint, 'of the request''s type, found by the request') from public.object
where org_id = :org and object_type_id = :company and request_id = :'request';
select is(etl_api.store_object(:directory, :'request', '{"results": [{"site": "C"}, {"site": "D"}]}', :org), 1, 'only new ones count');
select is(etl_api.store_object(:directory, :'request', '{"results": [{"site": "C"}, {"site": "D"}]}', :org), 0, 'stored twice, nothing changes');

select is(etl_api.store_object(:directory, :'request', v.payload::jsonb, :org), 0, 'stores nothing: ' || coalesce(left(v.payload, 60), 'null'))
from (values ('[]'), ('{}'), ('null'), ('"text"'), ('7'), ('{"invalid": "json"}'), ('{"results": "none"}'), ('{"results": [{"site": null}, {"site": " "}, {}]}'),
             ('{"results": [{"site": {"url": "x"}}, {"site": ["x"]}, ["site"]]}'), (null),
             (jsonb_build_object('results', jsonb_build_array(jsonb_build_object('site', repeat('x', 1001))))::text)) as v(payload);
select is(etl_api.store_object(:registry, :'request', '{"name": "x", "results": [{"site": "x"}]}', :org), 0,
          'of a source whose answers are about the one object asked for there is nothing to store');
select is(count(*), 4::bigint, 'nothing was stored') from pg_temp.names();

select is(etl_api.store_object(:directory, :'request',
              (select jsonb_build_object('results', jsonb_agg(jsonb_build_object('site', 'n' || k))) from generate_series(1, 2000) as k), :org),
          2000, 'two thousand at once');

-- A request that looks for objects gets them, each once and in the order of finding, and no more than it has room for.
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as sought \gset
select etl_api.create_run(:'sought');
update public.activity set max_objects = 3 where id = :find;
select is(etl_api.store_object(:directory, :'sought', '{"results": [{"site": "found.example"}, {"site": "C"}, {"site": "found.example"}]}', :org), 1, 'one is new');
select is(etl_api.store_object(:directory, :'sought', '{"results": [{"site": "C"}, {"site": "more.example"}, {"site": "most.example"}]}', :org), 2, 'two are new');
select results_eq(
    format('select o.position, o.name, f.source_id from public.request_object as o
            join public.object_finding as f on f.activity_request_id = o.activity_request_id and f.object_id = o.object_id
            where o.activity_request_id = %L order by 1', :'sought'),
    format($$values (0, 'found.example' collate "C", %1$L::uuid), (1, 'C', %1$L), (2, 'more.example', %1$L)$$, :directory), 'linked to request and source');
select is(array[objects_total, objects_expanded], array[3, 3], 'and counted') from public.request_progress where activity_request_id = :'sought';
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);

-- Nothing of one organization for another.
select throws_ok(format('select etl_api.store_object(%L, %L, ''{}'', %L)', v.source, v.request, v.org), 'P0002', v.message, v.message)
from (values
    (:source_a, :'request', :org, format('organization %s has no source %s', :org, :source_a)),
    (:directory, :request_a, :org, format('organization %s has no activity request %s', :org, :request_a)),
    (:directory, :'request', :org_a, format('organization %s has no source %s', :org_a, :directory)),
    (null, :'request', :org, format('organization %s has no source null', :org)),
    (:directory, null, :org, format('organization %s has no activity request null', :org)),
    (:directory, :'request', null, format('organization null has no source %s', :directory))
) as v(source, request, org, message);

set local role service_role;
select is(etl_api.store_object(:directory, :'request', '[]', :org), 0, 'service_role may call it');
reset role;

select * from finish();
rollback;
