-- etl_api.create_run_sourcing: objects that are named are asked about, else some are looked for; factors come when all runs are closed.
begin;
\ir fixtures/activities.sql
select no_plan();

select pg_temp.ask(:qualify, '{"objects": ["b.example", "a.example"]}') as named \gset
select is(etl_api.create_run_sourcing(:qualify, :'named'), 2, 'a run for each object that is named');
select results_eq(format('select * from pg_temp.runs(%L)', :'named'),
                  $$values ('directory', 'b.example', 'ready', null::text), ('directory', 'a.example', 'ready', null)$$,
                  'ready, in the order of the request');
select is(array[objects_total, objects_expanded, runs_planned, calls_planned, runs_total], array[2, 2, 2, 1, 2], 'both in one call')
from public.request_progress where activity_request_id = :'named' and expanded;

select pg_temp.ask(:qualify, '{"input": {"query": "bakery"}}') as sought \gset
select is(etl_api.create_run_sourcing(:qualify, :'sought'), 1, 'without objects, a run for each source');
select results_eq(format('select * from pg_temp.runs(%L)', :'sought'), $$values ('directory', null::text, 'ready', null::text)$$,
                  'which looks for some');
select is(etl_api.create_run_sourcing(:qualify, r), 0, 'a second call makes nothing') from unnest(array[:'named', :'sought']::uuid[]) as r;

-- However many factors an activity combines, its runs are the same: factors look at values, not at runs.
update public.activity set factors = '{"all": ["large", {"any": ["in_berlin", "large"]}]}' where id = :qualify;
select pg_temp.ask(:qualify, '{"objects": ["b.example", "a.example"]}') as combined \gset
select is(etl_api.create_run_sourcing(:qualify, :'combined'), 2, 'several factors combined come to the same runs');

-- A source that names no objects can be asked about named ones only.
insert into public.activity_source (org_id, activity_id, source_id) values (:org, :qualify, :registry);
select is(etl_api.create_run_sourcing(:qualify, pg_temp.ask(:qualify, '{"objects": ["x.example"]}')), 2, 'named objects, two sources');
select throws_ok(format('select etl_api.create_run_sourcing(%L, %L)', :qualify, pg_temp.ask(:qualify, '{"input": {"query": "x"}}')), '55000',
                 'source registry does not say where its answers name the objects that activity qualify looks for; declare its object_source',
                 'it cannot find any');
select throws_ok(format('select etl_api.create_run_sourcing(%L, %L)', :enrich, pg_temp.ask(:enrich, '{"objects": ["x"]}')), '22023',
                 'activity enrich is of type enrichment, not sourcing', 'an activity of another type');

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
set local role service_role;
select is(etl_api.create_run_sourcing(:qualify, :'named'), 0, 'service_role may call it');
reset role;

select * from finish();
rollback;
