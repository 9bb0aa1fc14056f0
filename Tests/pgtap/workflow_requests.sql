-- Workflow requests follow their activity requests in the same transaction: begun, over, taken up again.
begin;
\ir fixtures/catalogue.sql
select no_plan();

create temp table workflow as
select k, utils.uuid_v7() as id from unnest(array['mixed', 'lost', 'late', 'empty', 'going']) as k;
insert into public.workflow_request (org_id, id, state) select :org_a, id, 'ready' from workflow;
insert into public.workflow_progress (org_id, workflow_request_id) select :org_a, id from workflow;
create temp view state_of as
select w.k, r.state::text, r.state_substate from workflow as w join public.workflow_request as r using (id);
create function pg_temp.state_of(p_k text) returns text language sql as
$$ select concat_ws(' ', state, state_substate) from state_of where k = p_k $$;

-- Two activity requests each, in one statement over all of the workflows.
create temp table part as
select w.k, n, utils.uuid_v7() as id, w.id as workflow_id from workflow as w, generate_series(1, 2) as n where w.k <> 'empty';
insert into public.activity_request (org_id, id, activity_id, state, content, workflow_request_id)
select :org_a, id, :activity_a, 'in_progress', '{}', workflow_id from part;
select is(array_agg(requests_total order by w.k), array[0, 2, 2, 2, 2], 'they are counted')
from public.workflow_progress as p join workflow as w on w.id = p.workflow_request_id;
select is(pg_temp.state_of('mixed'), 'in_progress', 'a workflow begins with the first of them');
select is(pg_temp.state_of('empty'), 'ready', 'one without any does not');

create function pg_temp.end_part(p_k text, p_n int, p_state text) returns void language sql as $$
    update public.activity_request as r set state = p_state::public.activity_request_state
    from part as p where p.k = p_k and p.n = p_n and r.id = p.id
$$;
select pg_temp.end_part('mixed', 1, 'done'), pg_temp.end_part('mixed', 2, 'failed');
select is(pg_temp.state_of('mixed'), 'in_progress', 'while more may be planned, it is not over when all are');
create function pg_temp.complete() returns void language sql as $$
    update public.workflow_progress set expanded = true where workflow_request_id in (select id from workflow);
$$;
select pg_temp.complete();

-- From here on the last one ends it.
update public.activity_request as r set state = 'in_progress' from part as p where p.k = 'mixed' and p.n = 1 and r.id = p.id;
select is(pg_temp.state_of('mixed'), 'in_progress', 'one is taken up again');
select pg_temp.end_part('mixed', 1, 'done');
select is(pg_temp.state_of('mixed'), 'done partial', 'some succeeded: done, partial');
select is((select state_reason from public.workflow_request join workflow using (id) where k = 'mixed'),
          '1 of its 2 activity requests did not succeed', 'it says how many did not');
select pg_temp.end_part('lost', 1, 'failed'), pg_temp.end_part('lost', 2, 'timedout');
select is(pg_temp.state_of('lost'), 'failed', 'none succeeded: failed');
select pg_temp.end_part('late', 1, 'timedout'), pg_temp.end_part('late', 2, 'timedout');
select is(pg_temp.state_of('late'), 'timedout', 'all timed out: timed out');

-- Delivered counts as done.
select pg_temp.end_part('going', 1, 'done'), pg_temp.end_part('going', 2, 'done');
select is(pg_temp.state_of('going'), 'done', 'all succeeded: done');
select pg_temp.end_part('going', 1, 'delivered');
select is((select requests_done from public.workflow_progress join workflow on id = workflow_request_id where k = 'going'), 2,
          'a delivered request still counts as done');

-- Taken up again after the end.
update public.activity_request as r set state = 'ready' from part as p where p.k = 'lost' and p.n = 1 and r.id = p.id;
select is(pg_temp.state_of('lost'), 'in_progress', 'a failed workflow goes on with the request that does');
select results_eq(
    $$select h.from_state, h.to_state from public.state_history as h join workflow as w on w.id = h.entity_id
      where w.k = 'lost' order by h.at$$,
    $$values (null, 'ready'), ('ready', 'in_progress'), ('in_progress', 'failed'), ('failed', 'ready'), ('ready', 'in_progress')$$,
    'by allowed steps, all of them in the history');
update public.activity_request as r set state = 'in_progress' from part as p where p.k = 'lost' and p.n = 1 and r.id = p.id;
select pg_temp.end_part('lost', 1, 'done');
select is(pg_temp.state_of('lost'), 'done partial', 'and ends anew');

-- A refusal below refuses what follows from it.
select throws_ok($$select pg_temp.end_part('going', 1, 'failed')$$, 'WR001', null, 'delivered → failed is refused');
select is(pg_temp.state_of('going'), 'done', 'and the workflow has not moved');

select * from finish();
rollback;
