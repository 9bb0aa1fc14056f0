-- History: who, why, which attempt, from, to, when; one entry for each change and none for anything else.
begin;
\ir fixtures/catalogue.sql
select no_plan();
set local application_name = 'pgtap-actor';

create temp table run (id uuid primary key, k integer);
insert into run select utils.uuid_v7(), k from generate_series(1, 4) as k;
create temp view entry as
select r.k, h.entity, h.from_state, h.to_state, h.substate, h.reason, h.attempt, h.actor
from public.state_history as h join run as r on r.id = h.entity_id;

create temp table started as select clock_timestamp() as at;
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state, attempt)
select :org_a, id, :request_a, :source_a, k, case k when 4 then 'waiting' else 'ready' end::public.run_queue_state, 0 from run;
select bag_eq(
    'select * from entry',
    $$values (1, 'run_queue', null, 'ready', null, null, 0, 'pgtap-actor'),
             (2, 'run_queue', null, 'ready', null, null, 0, 'pgtap-actor'),
             (3, 'run_queue', null, 'ready', null, null, 0, 'pgtap-actor'),
             (4, 'run_queue', null, 'waiting', null, null, 0, 'pgtap-actor')$$,
    'an insert of four rows is recorded with one entry each');
select is((select count(*) from public.state_history as h join run as r on r.id = h.entity_id, started as s
           where h.org_id = :org_a and h.at between s.at and clock_timestamp()), 4::bigint,
          'entries carry the organization and the time');

update public.run_queue as q set state = 'in_progress', attempt = 1, worker_id = utils.uuid_v7()
from run as r where r.id = q.id and r.k <= 3;
select bag_eq(
    'select * from entry where from_state is not null',
    $$values (1, 'run_queue', 'ready', 'in_progress', null::text, null::text, 1, 'pgtap-actor'),
             (2, 'run_queue', 'ready', 'in_progress', null, null, 1, 'pgtap-actor'),
             (3, 'run_queue', 'ready', 'in_progress', null, null, 1, 'pgtap-actor')$$,
    'a change of three rows is recorded with one entry each');

update public.run_queue as q set state_substate = 'fetched', worker_id = null from run as r where r.id = q.id and r.k <= 3;
select is((select count(*) from entry), 7::bigint, 'an update that keeps the state is not recorded');

-- One statement, rows that differ: each entry says what its own row says.
set local application_name = 'another-actor';
update public.run_queue as q
set state = n.state::public.run_queue_state, state_substate = n.substate, state_reason = n.reason, attempt = n.attempt
from run as r
join (values (1, 'done', null, null, 1), (2, 'failed', 'http', 'HTTP 500', 2), (3, 'in_progress', 'fetched', 'waits', 3),
             (4, 'timedout', 'deadline', 'too late', 0)) as n(k, state, substate, reason, attempt) on n.k = r.k
where r.id = q.id;
select bag_eq(
    $$select * from entry where actor = 'another-actor'$$,
    $$values (1, 'run_queue', 'in_progress', 'done', null, null, 1, 'another-actor'),
             (2, 'run_queue', 'in_progress', 'failed', 'http', 'HTTP 500', 2, 'another-actor'),
             (4, 'run_queue', 'waiting', 'timedout', 'deadline', 'too late', 0, 'another-actor')$$,
    'in a batch each row brings its own states, reason and attempt');

-- Twice in one transaction, and a statement that finds nothing.
update public.run_queue as q set state = 'ready', state_substate = null, state_reason = 'retry'
from run as r where r.id = q.id and r.k = 2;
update public.run_queue set state = 'ready' where id = utils.uuid_v7();
select results_eq(
    $$select to_state from public.state_history as h join run as r on r.id = h.entity_id where r.k = 2 order by h.sequence$$,
    array['ready', 'in_progress', 'failed', 'ready'], 'the entries of one session come in the order of what happened');

-- The other tables with states.
insert into public.run_request (org_id, id, source_id, run_ids, state, attempt)
select :org_a, 'a0000000-0000-7000-8000-0000000000e1', :source_a, array_agg(id), 'in_progress', 1 from run;
update public.run_request set state = 'failed', state_substate = 'lease_expired', state_reason = 'gone'
where id = 'a0000000-0000-7000-8000-0000000000e1';
select results_eq(
    $$select entity, from_state, to_state, substate, reason, attempt from public.state_history
      where entity_id = 'a0000000-0000-7000-8000-0000000000e1' order by sequence$$,
    $$values ('run_request', null, 'in_progress', null, null, 1),
             ('run_request', 'in_progress', 'failed', 'lease_expired', 'gone', 1)$$,
    'exchanges have a history');
update public.activity_request set state = 'done', state_reason = 'all runs', attempt = 2 where id = :request_a;
select results_eq(
    $$select entity, from_state, to_state, reason, attempt from public.state_history
      where entity_id = 'a0000000-0000-7000-8000-000000000007' order by sequence$$,
    $$values ('activity_request', null, 'in_progress', null, 0), ('activity_request', 'in_progress', 'done', 'all runs', 2)$$,
    'requests have a history');

-- A service writes history without holding any right on it.
set local role weir_executor;
update public.run_queue set state = 'in_progress', attempt = 3 where state = 'ready' and activity_request_id = :request_a;
reset role;
select is((select count(*) from entry where to_state = 'in_progress' and attempt = 3), 1::bigint,
          'a service''s change is recorded with the rights of the owner');

select * from finish();
rollback;
