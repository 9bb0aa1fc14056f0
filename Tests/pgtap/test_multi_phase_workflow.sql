-- A workflow of three phases by SQL alone: a phase starts when the one before it is over, and what that has found flows on (spec 11.3.1).
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

select pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery"}}') as request \gset
select is(etl_api.process_workflow_request(:'request'), 3, 'three steps, three activity requests');
select results_eq(format('select * from pg_temp.steps(%L)', :'request'),
    $$values ('search', 1, 'valid'), ('details', 2, 'waiting phase'), ('verdict', 3, 'waiting phase')$$, 'the first phase can start, the others wait');
select is(pg_temp.state_of(:'request'), 'in_progress', 'the workflow is in progress');

select pg_temp.step(:'request', 'search') as search, pg_temp.step(:'request', 'details') as details, pg_temp.step(:'request', 'verdict') as verdict \gset
select is(etl_api.process_activity_request_by_id(:'search'), 1, 'phase 1 starts immediately');
select is(etl_api.process_activity_request_by_id(:'details'), 0, 'phase 2 does not');
select is(etl_api.try_start_next_workflow_phase(:'search'), 0, 'it does not start before phase 1 is over, whoever asks');
select is(count(*), 0::bigint, 'and has no runs') from public.run_queue where activity_request_id = :'details';

select pg_temp.run_step(:'search', :directory, :'found');
select is(etl_api.try_start_next_workflow_phase(:'search'), 1, 'phase 2 starts after phase 1');
select results_eq(format('select * from pg_temp.steps(%L)', :'request'),
    $$values ('search', 1, 'done'), ('details', 2, 'ready'), ('verdict', 3, 'waiting phase')$$, 'and only phase 2');
select is(etl_api.process_activity_request_by_id(:'details'), 3, 'it has a run for each object that was found');
select is(pg_temp.objects(:'details'), array['a.example', 'b.example', 'c.example'], 'in the order of finding');
select is((p.objects_total, p.objects_asked, p.runs_planned, p.calls_planned, p.expanded)::text, '(3,3,3,3,t)', 'they are counted')
from public.request_progress as p where p.activity_request_id = :'details';

select pg_temp.run_details(:'details', 'b.example');
select is(pg_temp.state_of(:'request'), 'in_progress', 'while a phase is to come, the workflow is in progress');
select is(etl_api.try_start_next_workflow_phase(:'details'), 1, 'phase 3 starts after phase 2');
select is(etl_api.process_activity_request_by_id(:'verdict'), 2, 'with what succeeded');
select is(pg_temp.objects(:'verdict'), array['a.example', 'c.example'], 'in the same order');
select pg_temp.run_step(:'verdict', :directory, '{"results": [{"site": "a.example", "size": 3}, {"site": "c.example", "size": 300}]}');
select is(etl_api.try_start_next_workflow_phase(:'verdict'), 0, 'nothing follows the last phase');
select is(pg_temp.state_of(:'request'), 'done partial', 'the workflow is over, and says that a part is missing');
select is(state_reason, '1 of its 3 activity requests succeeded in part', 'and where') from public.workflow_request where id = :'request';
select ok(unannounced_since is not null, 'its deliveries are to be made') from public.workflow_request where id = :'request';
select results_eq(format('select o.name collate "default", q.qualified from public.object_qualification as q join public.request_object as o using (activity_request_id, position)
                          where q.activity_request_id = %L order by 1', :'verdict'),
    $$values ('a.example', false), ('c.example', true)$$, 'each object was judged by the values that the phases have found');
select is(array_agg(to_state order by at, sequence), array['new', 'valid', 'ready', 'in_progress', 'done'], 'by allowed steps, all of them in the history')
from public.state_history where entity_id = :'request';

-- Two steps of one phase that lead to the same third one: it waits for both, and has each object once.
update public.workflow set data = jsonb_build_object(
    'b', jsonb_build_object('id', :enrich, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb,
                            'destination', jsonb_build_object('activity', jsonb_build_object('id', jsonb_build_array(:qualify)))),
    'a', jsonb_build_object('id', :find, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb,
                            'destination', jsonb_build_object('activity', jsonb_build_object('id', jsonb_build_array(:qualify)))),
    'c', jsonb_build_object('id', :qualify, 'type', 'activity', 'setup', '{"config": {"phase": 2, "max_objects": 3}}'::jsonb))
where id = :flow;
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["z.example", "c.example"], "input": {"query": "bakery"}}') as joined \gset
select is(etl_api.process_workflow_request(:'joined'), 3, 'two steps lead to one');
select pg_temp.run_details(pg_temp.step(:'joined', 'b'));
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'joined', 'b')), 0, 'one of them is not enough');
select pg_temp.run_step(pg_temp.step(:'joined', 'a'), :directory, :'found');
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'joined', 'a')), 1, 'both are');
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'joined', 'c')), 3, 'as many objects as the step takes');
select is(pg_temp.objects(pg_temp.step(:'joined', 'c')), array['a.example', 'b.example', 'c.example'], 'by the key of the step, each once');
select is(p.objects_left_out, 1, 'the rest is counted') from public.request_progress as p where p.activity_request_id = pg_temp.step(:'joined', 'c');

-- A step to which nothing flows is done at once.
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["nobody.example"], "input": {"query": "nothing"}}') as nothing \gset
select etl_api.process_workflow_request(:'nothing');
select pg_temp.run_step(pg_temp.step(:'nothing', 'a'), :directory, '{"results": []}'), pg_temp.run_details(pg_temp.step(:'nothing', 'b'), 'nobody.example');
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'nothing', 'b')), 1, 'its turn comes');
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'nothing', 'c')), 0, 'it has no objects');
select is((r.state, p.expanded, p.objects_total)::text, '(in_progress,t,0)', 'and waits to be collected')
from public.activity_request as r join public.request_progress as p on p.activity_request_id = r.id where r.id = pg_temp.step(:'nothing', 'c');
select pg_temp.collect(pg_temp.step(:'nothing', 'c'));
select etl_api.try_start_next_workflow_phase(pg_temp.step(:'nothing', 'c'));
select is(pg_temp.state_of(:'nothing'), 'done partial', 'one of three failed');

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
