-- What people and alerts look at: the log, counts and ages, transitions and how long states last, stuck work, default partitions.
begin;
\ir fixtures/catalogue.sql
select no_plan();

-- Log: who may write, what is kept, what is cut.
select ok(relrowsecurity and relforcerowsecurity, 'row-level security is forced on the log')
from pg_class where oid = 'etl_api.etl_log'::regclass;
select policies_are('etl_api', 'etl_log', array['owner_all', 'service_all']);
select policy_roles_are('etl_api', 'etl_log', 'service_all', array['weir_service']);

set local role weir_executor;
select etl_api.logger('error', 'weir-executor', 'a refusal', '{"from": "ready"}', :org_a, 'run_queue', :request_a);
select etl_api.logger(severity, 'pgtap', 'said ' || severity)
from unnest(array['debug', 'info', 'notice', 'warning', 'error', 'critical']) as severity;
reset role;
select results_eq(
    $$select severity, component, message, details, org_id, entity, entity_id from etl_api.etl_log where component = 'weir-executor'$$,
    format($$values ('error', 'weir-executor', 'a refusal', '{"from": "ready"}'::jsonb, %L::uuid, 'run_queue', %L::uuid)$$, :org_a, :request_a),
    'a service writes a line with all that belongs to it');
select is(count(*), 6::bigint, 'there are six severities, and a line needs no more than its words')
from etl_api.etl_log where component = 'pgtap' and message = 'said ' || severity and details = '{}' and org_id is null;
select throws_ok($$select etl_api.logger('fatal', 'pgtap', 'x')$$, '23514', null, 'there is no seventh severity');
select throws_ok($$select etl_api.logger('error', 'pgtap', null)$$, '23502', null, 'a line says something');

select etl_api.logger('info', repeat('c', 200), repeat('é', 5000), jsonb_build_object('k', repeat('x', 70000)), null, repeat('e', 200));
select is(
    row(component, length(message), right(message, 2), details, entity)::text,
    row(repeat('c', 100), 4000, 'é…', '{"left_out": "details of 70009 bytes, at most 65536 are kept"}'::jsonb, repeat('e', 100))::text,
    'what is too long is cut, not refused')
from etl_api.etl_log where component like 'cc%';

set local role weir_scheduler;
select is(etl_api.forget_log(), 0::bigint, 'nothing is old yet');
reset role;
insert into etl_api.etl_log (id, severity, component, message)
select utils.uuid_v7_floor(statement_timestamp() - interval '31 days' + k * interval '1 second'), 'info', 'old', 'x'
from generate_series(1, 3) as k;
insert into etl_api.etl_log (id, severity, component, message)
values (utils.uuid_v7_floor(statement_timestamp() - interval '29 days'), 'info', 'younger', 'x');
set local role weir_scheduler;
select is(etl_api.forget_log(), 3::bigint, 'lines of over thirty days go');
select is(etl_api.forget_log('1 year', 3), (select count(*) from etl_api.etl_log) - 3, 'so do the oldest of too many');
reset role;
select is(count(*), 3::bigint, 'the newest stay') from etl_api.etl_log where component not in ('younger', 'weir-executor');

-- Counts. Runs of two sources in all states that tell branches apart; the third of A is old.
insert into public.source (owner_org_id, id, key, name, run_request_template)
values (:org_a, 'a0000000-0000-7000-8000-0000000000f3', 'second', 'Second', '{}');
create temp table run (k integer, id uuid, source_id uuid);
insert into run
select k, utils.uuid_v7_floor(statement_timestamp() - make_interval(secs => 1000 - k)),
       case when k = 9 then 'a0000000-0000-7000-8000-0000000000f3' else :source_a end::uuid
from generate_series(1, 9) as k;
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state, due_at)
select :org_a, id, :request_a, source_id, k,
       (array['new', 'valid', 'ready', 'ready', 'waiting', 'ready', 'ready', 'ready', 'ready'])[k]::public.run_queue_state,
       case k when 5 then statement_timestamp() + interval '1 hour' end
from run;
insert into public.worker (id, service, host, pid) values ('c0000000-0000-7000-8000-000000000001', 'executor', 'here', 1);
insert into public.run_request (org_id, id, source_id, run_ids, state, worker_id)
select :org_a, 'a0000000-0000-7000-8000-0000000000e1', :source_a, array_agg(id), 'in_progress', 'c0000000-0000-7000-8000-000000000001'
from run where k in (6, 7);
update public.run_queue as q set state = 'in_progress', run_request_id = 'a0000000-0000-7000-8000-0000000000e1'
from run as r where r.id = q.id and r.k in (6, 7, 8);
update public.run_queue as q set state_substate = 'fetched' from run as r where r.id = q.id and r.k = 7;
update public.run_queue as q set state = 'done' from run as r where r.id = q.id and r.k = 8;
insert into public.delivery (org_id, activity_request_id, webhook_endpoint_id, payload) values (:org_a, :request_a, :endpoint_a, '');
insert into public.workflow_request (org_id, state) values (:org_b, 'waiting');

select bag_eq(
    format($$select entity, source_id, state, state_substate, rows from etl_api.state_counts where org_id = %L$$, :org_a),
    format($$values ('activity_request', null::uuid, 'in_progress', null, 1::bigint), ('run_queue', %1$L, 'new', null, 1),
                    ('run_queue', %1$L, 'valid', null, 1), ('run_queue', %1$L, 'ready', null, 2), ('run_queue', %1$L, 'waiting', null, 1),
                    ('run_queue', %1$L, 'in_progress', null, 1), ('run_queue', %1$L, 'in_progress', 'fetched', 1),
                    ('run_queue', %1$L, 'done', null, 1), ('run_queue', 'a0000000-0000-7000-8000-0000000000f3', 'ready', null, 1),
                    ('run_request', %1$L, 'in_progress', null, 1), ('delivery', null, 'ready', null, 1)$$, :source_a),
    'rows are counted by table, source, state and substate');
select bag_eq(
    'select entity, org_id, source_id, state, state_substate, rows, oldest_at from etl_api.open_state_counts',
    $$select entity, org_id, source_id, state, state_substate, rows, oldest_at from etl_api.state_counts
      where state in ('new', 'valid', 'waiting', 'ready', 'in_progress')$$,
    'open work, found through indexes, is counted alike');
select is(oldest_at, date_trunc('milliseconds', utils.uuid_v7_time((select id from run where k = 3))), 'the age is that of the oldest')
from etl_api.state_counts where entity = 'run_queue' and state = 'ready' and source_id = :source_a;
select ok(oldest_age between interval '990 seconds' and interval '1 hour', 'and is given as an interval')
from etl_api.state_counts where entity = 'run_queue' and state = 'ready' and source_id = :source_a;

-- Each branch of the open counts reads an index, whatever lies finished in the tables.
create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
    line text;
    plan text := '';
begin
    for line in execute 'explain ' || p_query loop
        plan := plan || line || chr(10);
    end loop;
    return plan;
end
$$;
set local enable_seqscan = off;
select unalike(pg_temp.plan_of('select * from etl_api.open_state_counts'), '%Seq Scan%', 'open work is never searched for in whole tables');
reset enable_seqscan;

-- Transitions: a run that was ready for 10 s, in progress for 1 to 100 s.
create temp table measured (k integer, id uuid);
insert into measured select k, utils.uuid_v7() from generate_series(1, 100) as k;
delete from public.state_history;
insert into public.state_history (org_id, entity_id, entity, from_state, to_state, attempt, actor, at)
select :org_a, m.id, 'run_queue', h.from_state, h.to_state, 1, 'pgtap', '2026-03-04 10:00:00+00'::timestamptz + h.seconds * interval '1 second'
from measured as m
cross join lateral (values
    (null, 'ready', 0.0), ('ready', 'in_progress', 10.0), ('in_progress', 'done', 10.0 + m.k)) as h(from_state, to_state, seconds)
-- Entries of one row come from several sessions, whose numbers do not follow the time.
order by h.seconds desc;

select results_eq(
    $$select hour, entity, from_state, to_state, transitions, p50_seconds, p95_seconds, round(p99_seconds::numeric, 2)
      from etl_api.state_durations('2026-03-04 10:00:00+00', '2026-03-04 11:00:00+00')$$,
    $$values ('2026-03-04 10:00:00+00'::timestamptz, 'run_queue', 'in_progress', 'done', 100::bigint, 50.5::double precision,
              95.05::double precision, 99.01::numeric),
             ('2026-03-04 10:00:00+00', 'run_queue', 'ready', 'in_progress', 100, 10, 10, 10)$$,
    'durations are those of the state that was left, by time and not by sequence');
select results_eq(
    $$select from_state, to_state, transitions, p50_seconds
      from etl_api.state_durations('2026-03-04 10:00:10.000001+00', '2026-03-04 10:00:12.5+00')$$,
    $$values ('in_progress', 'done', 2::bigint, 1.5::double precision)$$,
    'when a state was entered before the time asked for, that is looked up');
insert into public.state_history (org_id, entity_id, entity, from_state, to_state, attempt, actor, at)
values (:org_a, utils.uuid_v7(), 'run_queue', 'ready', 'in_progress', 1, 'pgtap', '2026-03-04 12:00:00+00');
select results_eq(
    $$select transitions, p50_seconds from etl_api.state_durations('2026-03-04 12:00:00+00', '2026-03-04 13:00:00+00')$$,
    $$values (1::bigint, null::double precision)$$, 'a transition counts also when its row''s earlier history is gone');
insert into public.state_history (org_id, entity_id, entity, from_state, to_state, attempt, actor, at)
select :org_a, id, 'run_queue', 'done', 'in_progress', 1, 'pgtap', statement_timestamp() - interval '23 hours' from measured where k <= 7;
select results_eq(
    'select from_state, to_state, transitions from etl_api.state_durations_of_last_day',
    $$values ('done', 'in_progress', 7::bigint)$$, 'the view shows the last 24 hours');

set local role weir_scheduler;
select bag_eq(
    $$select * from etl_api.transition_counts('2026-03-04 10:00:00+00', '2026-03-04 10:00:12+00')$$,
    $$values ('run_queue', null::text, 'ready', 100::bigint), ('run_queue', 'ready', 'in_progress', 100), ('run_queue', 'in_progress', 'done', 1)$$,
    'transitions are counted from a time on, to a time that is left out');
select bag_eq(
    $$select * from etl_api.state_duration_buckets('2026-03-04 10:00:00+00', '2026-03-04 11:00:00+00', 1, array[10.5, 50.5])$$,
    $$values ('run_queue', 'ready', 0, 100::bigint, 1000::double precision), ('run_queue', 'in_progress', 0, 10, 55),
             ('run_queue', 'in_progress', 1, 40, 1220), ('run_queue', 'in_progress', 2, 50, 3775)$$,
    'durations fall into buckets');
select is(sum(rows), 40::numeric, 'of many transitions every fifth is looked at')
from etl_api.state_duration_buckets('2026-03-04 10:00:00+00', '2026-03-04 11:00:00+00', 5, array[1.0]);
reset role;

-- The index on the time: on every partition, those of later weeks too.
select is(
    (select count(*) from pg_index as i join pg_class as c on c.oid = i.indexrelid join pg_am as a on a.oid = c.relam
     where i.indrelid = p.inhrelid and a.amname = 'brin'), 1::bigint, p.inhrelid::regclass || ' has a BRIN index')
from (select inhrelid from pg_inherits where inhparent = 'public.state_history'::regclass and etl_api.ensure_partitions('2031-12-24', '7 days') >= 0) as p;

-- Stuck work: one row of each kind, beside one of the same that is young, held or hindered.
delete from public.run_queue; delete from public.run_request; delete from public.delivery; delete from public.workflow_request;
delete from public.request_progress; delete from public.activity_request; delete from public.state_history; delete from public.worker;
create temp table moment as select statement_timestamp() as now;
create function pg_temp.ago(p_minutes numeric) returns timestamptz language sql stable as
$$ select now - make_interval(secs => p_minutes * 60) from moment $$;
create function pg_temp.id_of(p_minutes numeric, p_number integer) returns uuid language sql stable as
$$ select (left(utils.uuid_v7_floor(pg_temp.ago(p_minutes))::text, 24) || lpad(p_number::text, 12, '0'))::uuid $$;
insert into public.worker (id, service, host, pid, heartbeat_at, ended_at) values
    ('c0000000-0000-7000-8000-000000000001', 'executor', 'here', 11, clock_timestamp() + interval '1 hour', null),
    ('c0000000-0000-7000-8000-000000000002', 'executor', 'there', 12, pg_temp.ago(30), pg_temp.ago(30)),
    ('c0000000-0000-7000-8000-000000000003', 'executor', 'there', 13, pg_temp.ago(1), pg_temp.ago(1));
create temp table holder (name text, id uuid);
insert into holder values ('nobody', null), ('alive', 'c0000000-0000-7000-8000-000000000001'),
    ('gone', 'c0000000-0000-7000-8000-000000000002'), ('just gone', 'c0000000-0000-7000-8000-000000000003'),
    ('forgotten', 'c0000000-0000-7000-8000-00000000000f');

-- Rows are told apart by the last figures of their id: 1 to 99 are stuck, 100 and more are not.
insert into public.workflow_request (org_id, id, state, created_at) values
    (:org_a, pg_temp.id_of(10, 1), 'new', pg_temp.ago(10)), (:org_a, pg_temp.id_of(1, 101), 'new', pg_temp.ago(1)),
    (:org_a, pg_temp.id_of(10, 102), 'in_progress', pg_temp.ago(10));
insert into public.workflow_request (org_id, id, state, created_at) values
    (:org_a, pg_temp.id_of(10, 9), 'in_progress', pg_temp.ago(10)), (:org_a, pg_temp.id_of(10, 104), 'in_progress', pg_temp.ago(10));
insert into public.workflow_request (org_id, id, state, created_at, unannounced_since) values
    (:org_a, pg_temp.id_of(10, 8), 'done', pg_temp.ago(10), pg_temp.ago(6)), (:org_a, pg_temp.id_of(10, 103), 'done', pg_temp.ago(10), pg_temp.ago(1));
insert into public.workflow_progress (org_id, workflow_request_id, step_ended_at) values
    (:org_a, pg_temp.id_of(10, 9), pg_temp.ago(7)), (:org_a, pg_temp.id_of(10, 104), pg_temp.ago(1));
insert into public.activity_request (org_id, id, activity_id, content, state, created_at, worker_id, deadline_at, stopping)
select :org_a, pg_temp.id_of(r.minutes, r.number), :activity_a, '{}', r.state::public.activity_request_state, pg_temp.ago(r.minutes),
       h.id, pg_temp.ago(r.overdue), r.stopping
from (values
    (10, 2, 'valid', 'nobody', null::numeric, null), (10, 3, 'in_progress', 'nobody', null, null), (10, 4, 'in_progress', 'nobody', null, null),
    (10, 5, 'valid', 'gone', null, null), (20, 6, 'in_progress', 'forgotten', null, null), (10, 7, 'waiting', 'nobody', 6, null),
    (1, 110, 'valid', 'nobody', null, null), (10, 111, 'valid', 'alive', null, null), (10, 112, 'valid', 'just gone', null, null),
    (10, 113, 'in_progress', 'nobody', null, null), (10, 114, 'waiting', 'nobody', 4, null), (10, 115, 'waiting', 'nobody', 6, 'deadline'),
    (10, 116, 'done', 'nobody', 6, null)
) as r(minutes, number, state, holder, overdue, stopping)
join holder as h on h.name = r.holder;
insert into public.request_progress (org_id, activity_request_id, expanded, runs_total, runs_done, runs_failed)
select r.org_id, r.id, right(r.id::text, 3) <> '003', 3, case right(r.id::text, 3) when '113' then 1 else 2 end, 1
from public.activity_request as r where state = 'in_progress';
-- Its history began when it was inserted; the last run was closed long ago.
update public.state_history set at = pg_temp.ago(8);
-- Of two later steps of a workflow one became ready a moment ago, however old it is.
insert into public.activity_request (org_id, id, activity_id, content, state, created_at, workflow_request_id, workflow_phase, workflow_step)
select :org_a, pg_temp.id_of(10, r.number), :activity_a, '{}', 'ready', pg_temp.ago(10), pg_temp.id_of(10, 102), 2, 'step ' || r.number
from (values (14), (117)) as r(number);
update public.state_history set at = pg_temp.ago(8) where entity_id = pg_temp.id_of(10, 14);

insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state, state_substate, due_at, run_request_id)
select :org_a, pg_temp.id_of(r.minutes, r.number), pg_temp.id_of(10, 113), s.id, r.number, r.state::public.run_queue_state, r.substate,
       pg_temp.ago(r.overdue), case when r.fetched_minutes is not null then pg_temp.id_of(r.fetched_minutes, r.number) end
from (values
    (10, 10, 'a', 'new', null, null::numeric, null::numeric), (10, 11, 'a', 'ready', null, null, null),
    (10, 12, 'a', 'waiting', null, 6, null), (10, 13, 'a', 'in_progress', 'fetched', null, 8),
    (1, 120, 'a', 'valid', null, null, null), (1, 121, 'a', 'ready', null, null, null), (10, 122, 'second', 'ready', null, null, null),
    (10, 123, 'a', 'ready', null, null, null), (10, 124, 'a', 'waiting', null, -1, null),
    (10, 125, 'a', 'in_progress', 'fetched', null, 1), (10, 126, 'a', 'done', null, null, null)
) as r(minutes, number, source, state, substate, overdue, fetched_minutes)
join (values ('a', :source_a), ('second', 'a0000000-0000-7000-8000-0000000000f3')) as k(name, id) on k.name = r.source
cross join lateral (select k.id::uuid) as s;
update public.state_history set at = pg_temp.ago(9) where entity = 'run_queue' and right(entity_id::text, 3) <> '123';

-- The second source works; the first one has exchanges of workers that are gone, which keep it from being idle only while they are there.
insert into public.run_request (org_id, id, source_id, run_ids, state, worker_id)
select :org_a, pg_temp.id_of(r.minutes, r.number), 'a0000000-0000-7000-8000-0000000000f3', '{}', r.state::public.run_request_state, h.id
from (values
    (10, 20, 'in_progress', 'gone'), (10, 21, 'in_progress', 'nobody'), (10, 22, 'in_progress', 'alive'),
    (5.2, 130, 'in_progress', 'alive'), (10, 131, 'in_progress', 'just gone'), (10, 132, 'done', 'gone')
) as r(minutes, number, state, holder)
join holder as h on h.name = r.holder;
-- An endpoint takes one delivery of a request in each round.
insert into public.delivery (org_id, id, activity_request_id, webhook_endpoint_id, payload, state, due_at, worker_id, created_at, round)
select :org_a, pg_temp.id_of(10, d.number), pg_temp.id_of(10, 113), :endpoint_a, '', d.state, pg_temp.ago(d.overdue), h.id, pg_temp.ago(10), d.number
from (values
    (30, 'ready', 6, 'nobody'), (31, 'in_progress', 8, 'gone'), (140, 'ready', 4, 'nobody'), (141, 'ready', -10, 'nobody'),
    (142, 'in_progress', 8, 'alive'), (143, 'delivered', 8, 'gone')
) as d(number, state, overdue, holder)
join holder as h on h.name = d.holder;

set local role weir_scheduler;
create temp view stuck as select kind, right(id::text, 3)::integer as number, org_id, since, why from etl_api.stuck_work();
select bag_eq(
    'select kind, number from stuck',
    $$values ('workflow_not_expanded', 1), ('request_not_expanded', 2), ('request_not_expanded', 3), ('request_not_collected', 4),
             ('request_not_expanded', 14), ('workflow_not_announced', 8), ('workflow_not_advanced', 9),
             ('request_abandoned', 5), ('request_abandoned', 6), ('request_overdue', 7), ('run_not_ready', 10), ('run_not_claimed', 11),
             ('run_not_woken', 12), ('run_not_processed', 13), ('exchange_abandoned', 20), ('exchange_abandoned', 21),
             ('exchange_overdue', 22), ('delivery_not_posted', 30), ('delivery_abandoned', 31)$$,
    'what is stuck is found, and nothing else');
reset role;
select is(s.since, pg_temp.ago(v.minutes), s.kind || ' says since when')
from stuck as s
join (values (1, 10.0), (2, 10), (4, 8), (5, 30), (6, 20), (7, 6), (8, 6), (9, 7), (11, 9), (12, 6), (20, 30), (30, 6), (31, 30)) as v(number, minutes)
    using (number);
select is(org_id, :org_a::uuid, kind || ' names its organization') from stuck;
select is(why, 'its worker is gone: executor on there (process 12)', kind || ' names who held it') from stuck where number in (5, 20, 31);
select is(why, 'its worker is gone: forgotten by now', kind || ' says when nobody knows who') from stuck where number in (6, 21);
select is(count(*), 0::bigint, 'within an hour nothing is stuck but what a worker left half an hour ago')
from etl_api.stuck_work('1 hour');
select bag_eq(
    $$select kind, count(*) from etl_api.stuck_work('5 minutes', 1) group by kind$$,
    'select distinct kind, 1::bigint from stuck', 'the limit holds for each kind, so that none hides another');

-- Default partitions.
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select :org_a, utils.uuid_v7_floor('2040-01-01'::timestamptz + k * interval '1 ms'), pg_temp.id_of(10, 113), :source_a, k, 'ready' from generate_series(1, 5) as k;
set local role weir_scheduler;
select is(rows, 5::bigint, 'rows of the default partition are counted') from etl_api.default_partition_rows() where table_name = 'run_queue';
select is(rows, 3::bigint, 'up to a limit') from etl_api.default_partition_rows(3) where table_name = 'run_queue';
reset role;
select set_eq(
    'select table_name from etl_api.default_partition_rows()',
    $$select relname::text from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace$$, 'of every partitioned table');

select * from finish();
rollback;
