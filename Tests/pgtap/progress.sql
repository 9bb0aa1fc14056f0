-- Counters of requests follow their runs, in batches over several requests and on the way back too.
begin;
\ir fixtures/catalogue.sql
select no_plan();

-- What the counters should say, counted from the runs.
create temp view counted as
select r.id as activity_request_id, count(q.id) as total,
       count(*) filter (where q.state = 'done') as done, count(*) filter (where q.state = 'failed') as failed,
       count(*) filter (where q.state = 'invalid') as invalid, count(*) filter (where q.state = 'timedout') as timedout
from public.activity_request as r
left join public.run_queue as q on q.activity_request_id = r.id
where r.org_id in ('a0000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000001')
group by r.id;
create function pg_temp.counters_follow(p_title text) returns text language sql as $$
    select bag_eq(
        'select activity_request_id, runs_total::bigint, runs_done::bigint, runs_failed::bigint, runs_invalid::bigint,
                runs_timedout::bigint from public.request_progress join counted using (activity_request_id)',
        'select activity_request_id, total, done, failed, invalid, timedout from counted', p_title)
$$;
create function pg_temp.set_state(p_from text, p_to text, p_positions int4range default '[0,1000)') returns void language sql as $$
    update public.run_queue set state = p_to::public.run_queue_state
    where state = p_from::public.run_queue_state and position <@ p_positions
      and activity_request_id in (select activity_request_id from counted)
$$;

-- A third request of the first organization, so that one batch meets two of one tenant and one of another.
insert into public.activity_request (org_id, id, activity_id, state, content)
values (:org_a, 'a0000000-0000-7000-8000-000000000008', :activity_a, 'in_progress', '{}');
insert into public.request_progress (org_id, activity_request_id) values (:org_a, 'a0000000-0000-7000-8000-000000000008');

select pg_temp.counters_follow('no runs, nothing counted');
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
select r.org_id, r.id, :source_a, k, 'ready'
from public.activity_request as r cross join generate_series(0, 9) as k
where r.id in (select activity_request_id from counted);
select is((select array_agg(runs_total) from public.request_progress join counted using (activity_request_id)),
          array[10, 10, 10], 'ten runs each in one insert over three requests');
select pg_temp.counters_follow('runs that are ready are counted in total only');

select pg_temp.set_state('ready', 'in_progress');
select pg_temp.counters_follow('a claim is not an outcome');
select pg_temp.set_state('in_progress', 'done', '[0,4)');
select pg_temp.counters_follow('done');
select is((select sum(runs_done) from public.request_progress join counted using (activity_request_id)), 12::bigint,
          'twelve done over three requests');
select pg_temp.set_state('in_progress', 'failed', '[4,6)');
select pg_temp.set_state('in_progress', 'timedout', '[6,8)');
select pg_temp.counters_follow('failed and timed out');

-- One statement with different outcomes for different requests.
update public.run_queue
set state = case when activity_request_id = :request_a then 'done' when activity_request_id = :request_b then 'failed'
                 else 'waiting' end::public.run_queue_state
where state = 'in_progress' and activity_request_id in (select activity_request_id from counted);
select pg_temp.counters_follow('one batch, three requests, three outcomes');

select pg_temp.set_state('waiting', 'invalid', '[8,9)');
select pg_temp.counters_follow('invalid');
select pg_temp.set_state('failed', 'ready');
select pg_temp.counters_follow('a retry takes the outcome back');
select pg_temp.set_state('timedout', 'ready', '[6,7)');
select pg_temp.set_state('invalid', 'ready');
select pg_temp.set_state('done', 'in_progress', '[0,1)');
select pg_temp.counters_follow('retries of all kinds and a replay');
update public.run_queue set state_substate = 'again' where activity_request_id in (select activity_request_id from counted);
select pg_temp.counters_follow('an update that keeps the states changes no counter');

-- A run may be born in any state.
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
select r.org_id, r.id, :source_a, 100, s.state
from public.activity_request as r cross join unnest(enum_range(null::public.run_queue_state)) as s(state)
where r.id in (select activity_request_id from counted);
select pg_temp.counters_follow('runs that are born with an outcome count at once');
select pg_temp.set_state('failed', 'ready', '[100,101)');
select pg_temp.counters_follow('and not below nothing when they are tried again');

-- What is refused is not counted.
select throws_ok(
    format('update public.run_queue set state = ''done'' where activity_request_id = %L', :request_a), 'WR001', null,
    'a batch is refused');
select pg_temp.counters_follow('a refused batch counts nothing');

-- A service counts without holding a right on the counters.
set local role weir_executor;
update public.run_queue set state = 'failed' where state = 'ready' and activity_request_id = :request_b;
reset role;
select pg_temp.counters_follow('a service''s outcome is counted with the rights of the owner');

select * from finish();
rollback;
