-- etl_api.process_workflow_request: what a workflow request becomes, and what it refuses.
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

-- Names go to the steps of phase 1 that take some, each field of the input to the steps that declare it.
update public.activity set input = '{"query": {"type": "text"}, "size": {"type": "number"}}' where id = :qualify;
update public.workflow set data = pg_temp.definition('{"search": {"max_objects": 2}, "details": {"max_objects": 7}}') where id = :flow;
select pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery", "place": "Berlin", "size": 3}}') as request \gset
select is(etl_api.process_workflow_request(:'request'), 3, 'it becomes a request for each step');
select results_eq(
    format('select workflow_step, workflow_phase, objects_max, state::text, state_substate, content, origin from public.activity_request
            where workflow_request_id = %L order by 2', :'request'),
    $$values ('search', 1, 2, 'valid', null, '{"activity": "find", "input": {"query": "bakery", "place": "Berlin"}}'::jsonb, 'sql'),
             ('details', 2, 7, 'waiting', 'phase', '{"activity": "enrich"}', 'sql'),
             ('verdict', 3, null, 'waiting', 'phase', '{"activity": "qualify", "input": {"query": "bakery", "size": 3}}', 'sql')$$,
    'each with what concerns it');
select is((w.state, w.workflow_id, w.definition = pg_temp.definition('{"search": {"max_objects": 2}, "details": {"max_objects": 7}}'))::text,
          format('(in_progress,%s,t)', :flow), 'it keeps the workflow as it is now')
from public.workflow_request as w where w.id = :'request';
select is((p.expanded, p.requests_total)::text, '(t,3)', 'its requests are counted') from public.workflow_progress as p where p.workflow_request_id = :'request';
select is(count(*) filter (where deadline_at is not null), 1::bigint, 'the time of later steps has not begun')
from public.activity_request where workflow_request_id = :'request';
select is(etl_api.process_workflow_request(:'request'), 0, 'a second call makes none');
update public.workflow set data = '{}' where id = :flow;
select is(count(*), 3::bigint, 'a later change of the workflow changes nothing') from pg_temp.steps(:'request');

-- More names than the step takes.
update public.workflow set data = jsonb_build_object(
    'details', jsonb_build_object('id', :enrich, 'type', 'activity', 'setup', '{"config": {"phase": 1, "max_objects": 2}}'::jsonb)) where id = :flow;
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["c", "a", "b"]}') as many \gset
select etl_api.process_workflow_request(:'many');
select is(r.content -> 'objects', '["c", "a"]', 'the first ones go there') from public.activity_request as r where r.workflow_request_id = :'many';
select is((p.objects_total, p.objects_left_out)::text, '(2,1)', 'the others are counted') from public.request_progress as p
where p.activity_request_id = pg_temp.step(:'many', 'details');

-- By its id, and one that was inserted as checked.
insert into public.workflow_request (org_id, workflow_id, content, state) values (:org, :flow, '{"objects": ["x"]}', 'valid') returning id as byid \gset
select is(etl_api.process_workflow_request(:'byid'), 1, 'a workflow is named by its key or its id');

-- What is wrong.
create function pg_temp.refused(p_content jsonb) returns text language plpgsql as $$
declare
    request uuid := pg_temp.ask_workflow(p_content);
begin
    perform etl_api.process_workflow_request(request);
    return (select concat_ws(' ', w.state, w.state_substate, w.state_reason) from public.workflow_request as w where w.id = request);
end
$$;
select is(pg_temp.refused(v.content), 'invalid content ' || v.reason, v.content::text)
from (values
    ('{"workflow": "pipelin"}'::jsonb, '$.workflow: there is no workflow "pipelin"; there is pipeline'),
    ('{}', '$.workflow: there is no workflow ""; there is pipeline'),
    ('{"workflow": "pipeline"}', '$.objects: is missing; list the names of the objects'),
    ('{"workflow": "pipeline", "objects": ["a", "a"]}', '$.objects[1]: is the same name as $.objects[0]; name each object once'),
    ('{"workflow": "pipeline", "objects": ["a"], "input": {"x": 1}}', '$.input.x: there is no such field; the workflow takes no input'),
    ('{"workflow": "pipeline", "objects": ["a"], "extra": 1}', '$.extra: there is no such field; known are "workflow", "objects" and "input"')
) as v(content, reason);
update public.workflow set data = pg_temp.definition() where id = :flow;
select is(pg_temp.refused(v.content), 'invalid content ' || v.reason, v.content::text)
from (values
    ('{"workflow": "pipeline"}'::jsonb, '$.input.query: is missing; the activity needs it'),
    ('{"workflow": "pipeline", "objects": ["a"], "input": {"query": "x"}}',
     '$.objects: must be left out: the workflow finds its objects by its input'),
    ('{"workflow": "pipeline", "input": {"query": 7}}', '$.input.query: must be a string, not number')
) as v(content, reason);
update public.activity set input = '{"query": {"type": "number"}}' where id = :qualify;
select is(pg_temp.refused('{"workflow": "pipeline", "input": {"query": "x"}}'),
    'invalid content $.input.query: must be a number, not string; so step "verdict" takes it', 'two steps that want different things under one name');
update public.activity set input = '{}' where id = :qualify;
update public.activity set deleted_at = now() where id = :enrich;
select is(pg_temp.refused('{"workflow": "pipeline", "input": {"query": "x"}}'),
    'invalid content step "details" of the workflow names an activity that there is not any more; apply the workflow again', 'an activity is gone');
update public.activity set deleted_at = null where id = :enrich;
update public.workflow set data = pg_temp.definition('{"details": {"phase": 9}}') where id = :flow;
select is(pg_temp.refused('{"workflow": "pipeline", "input": {"query": "x"}}'),
    'invalid content step "details" of the workflow names no activity, or no phase from 1 to 5; apply the workflow again', 'a definition that nobody has checked');
update public.workflow set data = '{}' where id = :flow;
select is(pg_temp.refused('{"workflow": "pipeline"}'), 'invalid content the workflow has no step', 'a workflow without steps');
update public.workflow set deleted_at = now() where id = :flow;
select is(pg_temp.refused('{"workflow": "pipeline"}'), 'invalid content $.workflow: there is no workflow "pipeline"; there is none', 'a workflow that is gone');
insert into public.workflow_request (org_id, content, state, origin) values (:org, '{"workflow": "x"}', 'valid', 'http') returning id as checked \gset
select throws_ok(format('select etl_api.process_workflow_request(%L)', :'checked'), 'WR002', null, 'what a service says is checked and is not, is refused');
insert into public.workflow_request (org_id, content, state) values (:org, '{"workflow": "x"}', 'valid') returning id as claimed \gset
select is(etl_api.process_workflow_request(:'claimed'), 0, 'what SQL says is valid and is not makes nothing');
select is(concat_ws(' ', state, state_substate, state_reason), 'failed content $.workflow: there is no workflow "x"; there is none', 'and has failed, with the reason')
from public.workflow_request where id = :'claimed';
select throws_ok('select etl_api.process_workflow_request(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no workflow request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');
select throws_ok('select etl_api.process_workflow_request(null)', 'P0002', 'there is no workflow request null', 'nothing');

-- Another organization's workflow is none of its own.
insert into public.org (id, key, name) values ('d0000000-0000-7000-8000-000000000001', 'pgtap_other', 'Other');
update public.workflow set deleted_at = null, data = pg_temp.definition() where id = :flow;
insert into public.workflow_request (org_id, content) values ('d0000000-0000-7000-8000-000000000001', '{"workflow": "pipeline"}') returning id as foreigner \gset
select etl_api.process_workflow_request(:'foreigner');
select is(pg_temp.state_of(:'foreigner'), 'invalid content', 'another organization''s workflow cannot be asked for');

insert into public.workflow_request (org_id, content, state) values (:org, '{"workflow": "pipeline", "input": {"query": "x"}}', 'valid') returning id as valid \gset
select is(etl_api.process_workflow_request(:'valid'), 3, 'one that SQL has inserted as valid is expanded like a new one');

select pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "x"}}') as servant \gset
set local role service_role;
select is(etl_api.process_workflow_request(:'servant'), 3, 'service_role may do it');
reset role;
select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
