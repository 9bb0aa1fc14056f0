-- etl_api.create_run_enrichment: objects, their places, runs and counters, as weir-intake makes them; what is missing is said.
begin;
\ir fixtures/activities.sql
select no_plan();

-- Two sources, an object that exists, names that are not in order.
insert into public.object (org_id, object_type_id, original_object_value_name) values (:org, :company, 'b.example') returning id as known \gset
select pg_temp.ask(:enrich_twice, '{"objects": ["c.example", "b.example", "A.example", "é.example"]}') as request \gset
select is(etl_api.create_run_enrichment(:enrich_twice, :'request'), 8, 'a run for each object and source');
select results_eq(
    format('select * from pg_temp.runs(%L)', :'request'),
    $$select s, o, 'ready'::text, null::text from unnest(array['registry', 'directory']) with ordinality as s(s, k)
      cross join unnest(array['c.example', 'b.example', 'A.example', 'é.example']) with ordinality as o(o, l) order by k, l$$,
    'made source by source, each in the order of the request, all ready');
select results_eq(
    format('select position, name from public.request_object where activity_request_id = %L order by 1', :'request'),
    $$values (0, 'c.example' collate "C"), (1, 'b.example'), (2, 'A.example'), (3, 'é.example')$$, 'the objects have their places');
select is(object_id, :'known', 'an object that exists is the same') from public.request_object
where activity_request_id = :'request' and name = 'b.example';
select results_eq(
    format('select original_object_value_name from public.object where request_id = %L order by ctid', :'request'),
    $$values ('A.example' collate "C"), ('c.example'), ('é.example')$$, 'the others are made, each once, in the order of their names');
select is(array[objects_total, objects_expanded, runs_planned, calls_planned, runs_total], array[4, 4, 8, 5, 8],
          'counted: the directory takes ten objects in a call')
from public.request_progress where activity_request_id = :'request' and expanded;
select is(etl_api.create_run_enrichment(:enrich_twice, :'request'), 0, 'a second call makes nothing');
select is(count(*), 8::bigint, 'so that there are eight') from public.run_queue where activity_request_id = :'request';

-- Missing values: those that neither the request nor the object has.
insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value, created_at)
select :org, utils.uuid_v7(), o.id, d.id, :registry, :'request', v.value::jsonb, v.at::timestamptz
from (values ('b.example', '"Rome"', '2026-01-01'), ('c.example', '"Rome"', '2026-01-01'), ('c.example', 'null', '2026-02-01'))
         as v(name, value, at)
join public.object as o on o.org_id = :org and o.original_object_value_name = v.name
join public.datapoint as d on d.org_id = :org and d.key = 'city';
select pg_temp.ask(:enrich_branches, '{"objects": ["b.example", "c.example", "new.example"]}') as missing \gset
select is(etl_api.create_run_enrichment(:enrich_branches, :'missing'), 3, 'runs with missing values are made all the same');
select results_eq(
    format('select * from pg_temp.runs(%L)', :'missing'),
    $$values ('branches', 'b.example', 'ready', null), ('branches', 'c.example', 'invalid', 'missing_value'),
             ('branches', 'new.example', 'invalid', 'missing_value')$$,
    'invalid where the object has no value, or null');
select is(array_agg(distinct state_reason), array['there is no value for city, which the source''s request needs'],
          'the reason says what is missing')
from public.run_queue where activity_request_id = :'missing' and state = 'invalid';
select is(runs_invalid, 2, 'they are counted') from public.request_progress where activity_request_id = :'missing';
select pg_temp.ask(:enrich_branches, '{"objects": ["new.example"], "input": {"city": "Bonn"}}') as given \gset
select is(etl_api.create_run_enrichment(:enrich_branches, :'given'), 1, 'the request itself may bring it');
select is(state::text, 'ready', 'then nothing is missing') from public.run_queue where activity_request_id = :'given';
update public.source set run_request_template = '{"url": "/<<$zip>>/<<$city>>/<<$street>>", "body": "<<$secret.KEY>> <<$callback_url>> <<$zip|upper>>"}'
where id = :branches;
select pg_temp.ask(:enrich_branches, '{"objects": ["new.example"]}') as several \gset
select etl_api.create_run_enrichment(:enrich_branches, :'several');
select is(state_reason, 'there is no value for city, street, zip, which the source''s request needs',
          'several are named in their order; secrets and what only a call knows are not asked for')
from public.run_queue where activity_request_id = :'several';

-- The tenant's own objects only.
\ir fixtures/catalogue.sql
insert into public.activity_source values (:org_a, :activity_a, :source_a);
insert into public.activity_request (org_id, activity_id, content) values (:org_a, :activity_a, '{"objects": ["b.example"]}') returning id as other \gset
select etl_api.create_run_enrichment(:activity_a, :'other');
select is(r.org_id = :org_a and r.object_id <> :'known', true, 'a name is another object in another organization')
from public.run_queue as r where r.activity_request_id = :'other';

-- What cannot be.
select throws_ok(format('select etl_api.create_run_enrichment(%L, %L)', v.activity, v.request), v.code, v.message, v.message)
from (values
    (:find, :'request', 'P0002', format('activity request %s is for activity %s, not for %s', :'request', :enrich_twice, :find)),
    (null, :'request', 'P0002', format('activity request %s is for activity %s, not for null', :'request', :enrich_twice)),
    (:enrich, 'c0000000-0000-7000-8000-00000000dead', 'P0002', 'there is no activity request c0000000-0000-7000-8000-00000000dead'),
    (:find, pg_temp.ask(:find, '{"input": {"query": "x"}}')::text, '22023', 'activity find is of type extract, not enrichment')
) as v(activity, request, code, message);
delete from public.activity_source where activity_id = :enrich;
select throws_ok(format('select etl_api.create_run_enrichment(%L, %L)', :enrich, pg_temp.ask(:enrich, '{"objects": ["x"]}')), '55000',
                 'activity enrich has no source; add one to it', 'an activity without sources');

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
set local role service_role;
select is(etl_api.create_run_enrichment(:enrich_twice, :'request'), 0, 'service_role may call it');
reset role;

select * from finish();
rollback;
