-- etl_api.create_run_extract: a run for each source, which asks about no object but looks for some.
begin;
\ir fixtures/activities.sql
select no_plan();

select pg_temp.ask(:find, '{"input": {"query": "bakery", "place": "Berlin"}}') as request \gset
select is(etl_api.create_run_extract(:find, :'request'), 1, 'a run for its source');
select results_eq(format('select * from pg_temp.runs(%L)', :'request'), $$values ('directory', null::text, 'ready', null::text)$$,
                  'ready, and about no object');
select is(array[objects_total, objects_expanded, runs_planned, calls_planned, runs_total], array[0, 0, 1, 1, 1], 'it names no objects yet')
from public.request_progress where activity_request_id = :'request' and expanded;
select is(count(*), 0::bigint, 'no object is made of nothing') from public.object where org_id = :org;
select is(etl_api.create_run_extract(:find, :'request'), 0, 'a second call makes nothing');
select is(count(*), 1::bigint, 'so that there is one') from public.run_queue where activity_request_id = :'request';

-- Search criteria that a source needs and nobody gave.
update public.source set run_request_template = '{"url": "/in/<<$place>>", "query": {"q": "<<$query>>", "min": "<<$size_min>>"}}' where id = :directory;
select pg_temp.ask(:find, '{"input": {"query": "bakery"}}') as nowhere \gset
select is(etl_api.create_run_extract(:find, :'nowhere'), 1, 'a run that lacks a criterion is made');
select is(array[state::text, state_substate, state_reason],
          array['invalid', 'missing_value', 'there is no value for place, which the source''s request needs'],
          'and says which; a field''s default is a value')
from public.run_queue where activity_request_id = :'nowhere';
update public.source set run_request_template = '{"url": "/<<$object>>"}' where id = :directory;
select pg_temp.ask(:find, '{"input": {"query": "bakery"}}') as about_one \gset
select etl_api.create_run_extract(:find, :'about_one');
select is(state_substate, 'missing_value', 'a source that asks about an object cannot look for some')
from public.run_queue where activity_request_id = :'about_one';

-- A target that cannot be reached: the source does not say where its answers name objects.
insert into public.activity_source (org_id, activity_id, source_id) values (:org, :find, :registry);
select throws_ok(format('select etl_api.create_run_extract(%L, %L)', :find, pg_temp.ask(:find, '{"input": {"query": "x"}}')), '55000',
                 'source registry does not say where its answers name the objects that activity find looks for; declare its object_source',
                 'a source without object_source');
select throws_ok(format('select etl_api.create_run_extract(%L, %L)', :enrich, pg_temp.ask(:enrich, '{"objects": ["x"]}')), '22023',
                 'activity enrich is of type enrichment, not extract', 'an activity of another type');
select throws_ok('select etl_api.create_run_extract(null, null)', 'P0002', 'there is no activity request null', 'nothing at all');

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
set local role service_role;
select is(etl_api.create_run_extract(:find, :'request'), 0, 'service_role may call it');
reset role;

select * from finish();
rollback;
