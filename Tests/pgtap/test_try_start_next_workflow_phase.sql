-- etl_api.try_start_next_workflow_phase: what the end of a step leads to, by what the step declares for its failure, and after a retry.
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

create function pg_temp.begin_flow(p_settings jsonb) returns uuid language plpgsql as $$
declare
    request uuid;
begin
    update public.workflow set data = pg_temp.definition(p_settings) where id = 'c0000000-0000-7000-8000-0000000000e1';
    request := pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery"}}');
    perform etl_api.process_workflow_request(request);
    perform pg_temp.run_step(pg_temp.step(request, 'search'), 'c0000000-0000-7000-8000-000000000004',
        '{"results": [{"site": "a.example"}, {"site": "b.example"}, {"site": "c.example"}]}');
    perform etl_api.try_start_next_workflow_phase(pg_temp.step(request, 'search'));
    return request;
end
$$;

-- Continue, the default: what succeeded flows.
select pg_temp.begin_flow('{}') as continued \gset
select pg_temp.run_details(pg_temp.step(:'continued', 'details'), 'a.example');
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'continued', 'details')), 1, 'continue: it goes on');
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'continued', 'verdict')), 2, 'with what succeeded');

-- Skip: it goes on without the step.
select pg_temp.begin_flow('{"details": {"on_failure": "skip"}}') as skipped \gset
select pg_temp.run_details(pg_temp.step(:'skipped', 'details'), 'a.example');
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'skipped', 'details')), 1, 'skip: it goes on');
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'skipped', 'verdict')), 0, 'without anything of the step');
select pg_temp.begin_flow('{"details": {"on_failure": "skip"}}') as whole \gset
select pg_temp.run_details(pg_temp.step(:'whole', 'details'));
select etl_api.try_start_next_workflow_phase(pg_temp.step(:'whole', 'details'));
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'whole', 'verdict')), 3, 'unless it has succeeded wholly');

-- Stop: nothing starts any more.
select pg_temp.begin_flow('{"details": {"on_failure": "stop"}}') as stopped \gset
select pg_temp.run_details(pg_temp.step(:'stopped', 'details'), 'b.example');
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'stopped', 'details')), 0, 'stop: it does not go on');
select results_eq(format('select * from pg_temp.steps(%L)', :'stopped'),
    $$values ('search', 1, 'done'), ('details', 2, 'done partial'), ('verdict', 3, 'failed workflow_stopped')$$, 'what waits has failed');
select is(state_reason, 'the workflow was stopped: its step "details" succeeded in part only, and it stops then', 'it says which step was it')
from public.activity_request where id = pg_temp.step(:'stopped', 'verdict');
select is(pg_temp.state_of(:'stopped'), 'done partial', 'the workflow is over');
select is(state_reason, 'its step "details" succeeded in part only, and it stops then; 1 of its 3 activity requests did not succeed; '
          '1 of its 3 activity requests succeeded in part', 'and says why') from public.workflow_request where id = :'stopped';
select pg_temp.begin_flow('{"details": {"on_failure": "stop"}, "search": {"on_failure": "stop"}}') as whole_stop \gset
select pg_temp.run_details(pg_temp.step(:'whole_stop', 'details'));
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'whole_stop', 'details')), 1, 'stop: one that has succeeded wholly stops nothing');

-- A step that failed as a whole, with each of the policies; nothing succeeded.
create function pg_temp.fail_search(p_policy text) returns uuid language plpgsql as $$
declare
    request uuid;
begin
    update public.workflow set data = pg_temp.definition(jsonb_build_object('search', jsonb_build_object('on_failure', p_policy)))
    where id = 'c0000000-0000-7000-8000-0000000000e1';
    request := pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery"}}');
    perform etl_api.process_workflow_request(request);
    perform pg_temp.run_step(pg_temp.step(request, 'search'), 'c0000000-0000-7000-8000-000000000004', 'no JSON');
    perform etl_api.try_start_next_workflow_phase(pg_temp.step(request, 'search'));
    return request;
end
$$;
select results_eq(format('select state from pg_temp.steps(%L)', pg_temp.fail_search(v.policy)), v.states, 'a failed step, ' || v.policy)
from (values ('continue', array['failed', 'ready', 'waiting phase']), ('skip', array['failed', 'ready', 'waiting phase']),
             ('stop', array['failed', 'failed workflow_stopped', 'failed workflow_stopped'])) as v(policy, states);
select is(count(*), 1::bigint, 'a workflow of which nothing succeeded has failed')
from public.workflow_request where state = 'failed' and state_substate is null and stopped_by = 'step';

-- A retry: only what failed runs again, and what is new flows on.
select pg_temp.step(:'continued', 'details') as details, pg_temp.step(:'continued', 'verdict') as verdict \gset
select pg_temp.run_step(:'verdict', :directory, '{"results": [{"site": "b.example", "size": 300}, {"site": "c.example", "size": 3}]}');
select etl_api.try_start_next_workflow_phase(:'verdict');
select is(pg_temp.state_of(:'continued'), 'done partial', 'the workflow is over');
update public.workflow_request set unannounced_since = null where id = :'continued';
update public.run_queue set state = 'ready', run_request_id = null where activity_request_id = :'details' and state = 'failed';
update public.activity_request set state = 'in_progress', state_substate = 'retried', round = 2 where id = :'details';
select is((w.state, w.round)::text, '(in_progress,2)', 'with its step it goes on, in a second round') from public.workflow_request as w where w.id = :'continued';
select pg_temp.answer(:'details', :registry, '{"staff": 500}');
select etl_api.process_run_results_for_source(:registry);
select pg_temp.collect(:'details');
select is(etl_api.try_start_next_workflow_phase(:'details'), 1, 'the step after it is taken up again');
select is((r.state, r.state_substate, r.round)::text, '(in_progress,retried,2)', 'in a second round') from public.activity_request as r where r.id = :'verdict';
select is(etl_api.process_activity_request_by_id(:'verdict'), 1, 'for the one object that it has not had');
select is(pg_temp.objects(:'verdict'), array['b.example', 'c.example', 'a.example'], 'which comes after the others');
delete from public.object_qualification where activity_request_id = :'verdict';
select pg_temp.run_step(:'verdict', :directory, '{"results": [{"site": "a.example", "size": 300}]}');
select is(etl_api.try_start_next_workflow_phase(:'verdict'), 0, 'nothing is left');
select is(pg_temp.state_of(:'continued'), 'done', 'now it has succeeded wholly');
select ok(unannounced_since is not null, 'and is to be announced anew') from public.workflow_request where id = :'continued';

-- A retry that brings nothing new takes nothing up again.
update public.activity_request set state = 'in_progress', state_substate = 'retried', round = 3 where id = :'details';
select pg_temp.collect(:'details');
select is(etl_api.try_start_next_workflow_phase(:'details'), 0, 'what has all its objects is left alone');
select is(pg_temp.state_of(:'continued'), 'done', 'and the workflow is over again');

-- One whose phase has begun waits all the same when a step before it is taken up again: what it gathered now would not be all.
select pg_temp.begin_flow('{}') as early \gset
select pg_temp.step(:'early', 'search') as search, pg_temp.step(:'early', 'details') as details \gset
update public.activity_request set state = 'in_progress', state_substate = 'retried', round = 2 where id = :'search';
select is(etl_api.process_activity_request_by_id(:'details'), 0, 'nothing flows from a step that is open');
select is(etl_api.create_run(:'details'), 0, 'nor has the step after it any runs');
select is((r.state, p.expanded)::text, '(ready,)', 'it is left as it is')
from public.activity_request as r left join public.request_progress as p on p.activity_request_id = r.id where r.id = :'details';
select pg_temp.collect(:'search');
select is(etl_api.try_start_next_workflow_phase(:'search'), 0, 'when that has ended, there is nothing to be started');
select is(etl_api.process_activity_request_by_id(:'details'), 3, 'and the step has all objects');

-- A step that came to an end too early, when SQL said so, gets what has come since.
select pg_temp.begin_flow('{}') as hasty \gset
select pg_temp.step(:'hasty', 'search') as search, pg_temp.step(:'hasty', 'details') as details \gset
update public.activity_request set state = 'in_progress', state_substate = 'retried', round = 2 where id = :'search';
insert into public.request_progress (org_id, activity_request_id, expanded) values (:org, :'details', true);
update public.activity_request set state = 'in_progress' where id = :'details';
update public.activity_request set state = 'done', state_substate = 'empty' where id = :'details';
select is(etl_api.try_start_next_workflow_phase(:'details'), 0, 'nothing goes on meanwhile');
select pg_temp.collect(:'search');
select is(etl_api.try_start_next_workflow_phase(:'search'), 1, 'when the step before it has ended, it is taken up again');

-- A stopped workflow goes on once its step has succeeded.
select pg_temp.step(:'stopped', 'details') as details \gset
update public.run_queue set state = 'ready', run_request_id = null where activity_request_id = :'details' and state = 'failed';
update public.activity_request set state = 'in_progress', state_substate = 'retried', round = 2 where id = :'details';
select pg_temp.answer(:'details', :registry, '{"staff": 500}');
select etl_api.process_run_results_for_source(:registry);
select pg_temp.collect(:'details');
select is(etl_api.try_start_next_workflow_phase(:'details'), 1, 'what was stopped starts');
select is(etl_api.process_activity_request_by_id(pg_temp.step(:'stopped', 'verdict')), 3, 'with all objects');
select is((r.round, r.deadline_at is not null)::text, '(1,t)', 'for the first time') from public.activity_request as r
where r.id = pg_temp.step(:'stopped', 'verdict');

-- A cancelled workflow starts nothing, whatever succeeds.
select pg_temp.begin_flow('{}') as cancelled \gset
update public.workflow_request set stopped_by = 'cancelled', stopped_reason = 'somebody wants it no more' where id = :'cancelled';
select pg_temp.run_details(pg_temp.step(:'cancelled', 'details'));
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'cancelled', 'details')), 0, 'a cancelled workflow does not go on');
select is(pg_temp.state_of(:'cancelled'), 'done partial', 'what had succeeded stays');

-- Outside of workflows, and without any request.
select pg_temp.ask(:enrich, '{"objects": ["alone.example"]}') as alone \gset
select is(etl_api.try_start_next_workflow_phase(:'alone'), 0, 'a request of no workflow has no next phase');
select throws_ok('select etl_api.try_start_next_workflow_phase(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no activity request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');
set local role service_role;
select is(etl_api.try_start_next_workflow_phase(:'alone'), 0, 'service_role may ask');
reset role;

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
-- Each of the rules finds what it is for.
create function pg_temp.found_after(p_plant text) returns text[] language plpgsql as $$
declare
    rules text[];
begin
    begin
        execute 'set local session_replication_role = replica; ' || p_plant;
        rules := array(select distinct c.rule from etl_api.check_workflow_consistency('c0000000-0000-7000-8000-000000000001') as c order by 1);
        raise 'undo' using errcode = 'UNDOO';
    exception when sqlstate 'UNDOO' then
        return rules;
    end;
end
$$;
select is(pg_temp.found_after(v.plant), array[v.rule], v.rule)
from (values
    ('update public.workflow_progress set requests_partial = requests_partial + 1', 'the counters of a workflow request equal its activity requests'),
    (format('delete from public.activity_request where id = %L', pg_temp.step(:'skipped', 'verdict')),
     'a workflow request has an activity request for each of its steps'),
    (format('update public.activity_request set state = ''waiting'', state_substate = ''phase'' where id = %L', pg_temp.step(:'skipped', 'verdict')),
     'a step waits only while a step before it is open'),
    (format('update public.workflow_request set state = ''in_progress'', unannounced_since = null where id = %L', :'continued'),
     'a workflow request is over when all of its steps are'),
    (format('update public.workflow_request set unannounced_since = now() where id = %L', :'skipped'), 'only a workflow request that is over is announced'),
    (format('update public.workflow_request set state = ''delivered'' where id = %L', :'continued'),
     'a workflow request is delivered exactly when all deliveries of its round are'),
    (format('update public.request_object set object_id = utils.uuid_v7() where activity_request_id = %L', pg_temp.step(:'continued', 'verdict')),
     'an object of a later step comes from a step before it'),
    (format('update public.request_progress set objects_asked = 0 where activity_request_id = %L', pg_temp.step(:'continued', 'verdict')),
     'a later step is expanded when all of its objects have runs')
) as v(plant, rule);

-- What was found before a replay and not again has flowed all the same.
create temp view lost as
select rule, count(*) from etl_api.check_workflow_consistency('c0000000-0000-7000-8000-000000000001') group by rule;
delete from public.object_finding as f using public.request_object as o
where f.activity_request_id = pg_temp.step(:'whole', 'search') and o.activity_request_id = f.activity_request_id and o.object_id = f.object_id and o.position = 0;
delete from public.request_object where activity_request_id = pg_temp.step(:'whole', 'search') and position = 0;
select results_eq('select * from lost', $$values ('an object of a later step comes from a step before it', 1::bigint)$$, 'an object that has come from nowhere is a fault');
update public.run_queue set replayed_at = now() where activity_request_id = pg_temp.step(:'whole', 'search');
select is_empty('select * from lost', 'but not when the step that it came from was mapped anew');
select * from finish();
rollback;
