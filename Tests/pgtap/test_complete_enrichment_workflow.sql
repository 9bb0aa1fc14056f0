-- A workflow of one enrichment, from the request to the result (spec 11.3.1).
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

update public.workflow set data = jsonb_build_object(
    'details', jsonb_build_object('id', :enrich, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb)) where id = :flow;
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["a.example", "b.example"]}') as request \gset
select is(etl_api.process_workflow_request(:'request'), 1, 'one activity request');
select pg_temp.step(:'request', 'details') as details \gset
select is(r.content, '{"activity": "enrich", "objects": ["a.example", "b.example"]}', 'it asks for the objects')
from public.activity_request as r where r.id = :'details';
select is((p.objects_total, p.runs_planned, p.calls_planned)::text, '(2,2,2)', 'what it comes to is known before it starts')
from public.request_progress as p where p.activity_request_id = :'details';
select is(etl_api.process_activity_request_by_id(:'details'), 2, 'it comes to runs');
select pg_temp.run_details(:'details');
select is(count(*), 2::bigint, 'objects are stored') from public.object where request_id = :'details';
select is(count(*), 6::bigint, 'values are stored') from public.value where activity_request_id = :'details';
select is(r.state::text, 'done', 'the activity request is done') from public.activity_request as r where r.id = :'details';
select is(pg_temp.state_of(:'request'), 'in_progress', 'until somebody has looked whether more is to come, the workflow is not over');
select etl_api.try_start_next_workflow_phase(:'details');
select is(pg_temp.state_of(:'request'), 'done', 'then it is');
select is(etl_api.reconstruct_values_to_activity_request(:'details') -> 1,
    '{"object": "b.example", "values": {"city": "Berlin", "address": {"city": "Berlin"}, "employees": 500}}', 'the result is that of its request');

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
