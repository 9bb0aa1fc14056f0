-- The limits of calls over all executors: shares of a source's and a group's calls, and starts of its rate.
begin;
\ir fixtures/catalogue.sql
select no_plan();

-- Executors by number; the fifth is a worker of another service.
create function pg_temp.executor(p_number integer) returns uuid language sql as $$
    select ('e0000000-0000-7000-8000-00000000000' || p_number)::uuid
$$;
insert into public.worker (id, service, host, pid)
select pg_temp.executor(n), case when n < 5 then 'weir-executor' else 'weir-processor' end, 'h', n from generate_series(1, 5) as n;
create function pg_temp.hold(
    p_number integer, p_wanted integer, p_keep integer default 0, p_starts integer default 0,
    p_source uuid default 'a0000000-0000-7000-8000-000000000003', p_within double precision default 0.025, p_busy boolean default false)
    returns table (slots integer, target integer, starts integer, wait double precision, others_want boolean, within double precision)
    language sql as $$
    select h.slots, h.target, h.starts, h.wait_seconds, h.others_want, h.starts_seconds
    from etl_api.hold_call_permits(
        pg_temp.executor(p_number), array[p_source], array[p_wanted], array[p_keep], array[p_starts], array[p_busy], p_within) as h
$$;
create function pg_temp.limit_source(p_setup jsonb) returns void language sql as $$
    update public.source set setup = p_setup where id = 'a0000000-0000-7000-8000-000000000003';
    delete from public.call_permit;
    delete from public.call_start;
$$;
select pg_temp.limit_source('{"concurrency": 10}') \g /dev/null

-- Shares.
select is((pg_temp.hold(1, 100)).target, 7, 'the first gets all but one for each executor that may come');
select is((pg_temp.hold(2, 100)).target, 1, 'the second gets what is free');
select ok((pg_temp.hold(2, 100)).others_want, 'it hears that another wants more');
select is((pg_temp.hold(1, 100, 7)).target, 4, 'the first is to come down to its share, two places being kept');
select is((pg_temp.hold(1, 100, 7)).slots, 7, 'calls that may be under way still count as its own');
select is((pg_temp.hold(2, 100, 1)).target, 1, 'so that nobody else gets them');
select is((pg_temp.hold(1, 100, 4)).slots, 4, 'when they have ended they are free');
select is((pg_temp.hold(2, 100, 1)).target, 4, 'and the second gets its share');
select is((pg_temp.hold(3, 100)).target, 1, 'the third begins at once with the place that was kept for it');
select is((pg_temp.hold(1, 1, 1)).slots, 1, 'who wants less holds less');
select is((pg_temp.hold(2, 100, 4)).target, 5, 'and leaves it to who wants more, the third keeping its share');
select is((pg_temp.hold(1, 0)).slots, 0, 'who wants nothing');
select is_empty('select 1 from public.call_permit where worker_id = pg_temp.executor(1)', 'holds nothing');

-- Nothing is left for those that have nothing to do by one that has more to do than it may call.
select pg_temp.limit_source('{"concurrency": 4}') \g /dev/null
select is((pg_temp.hold(1, 100)).target, 1, 'one of four gets one of four calls at first');
select is((pg_temp.hold(1, 100, 1, p_busy => true)).target, 4, 'and all of them once it has work for more');
select is((h).target || ' ' || (h).others_want, '0 true', 'whoever comes now has to wait') from (select pg_temp.hold(2, 100) as h) as x;
select is((pg_temp.hold(1, 100, 4, p_busy => true)).target, 2, 'until the first hears of it and comes down to its share');
select is((pg_temp.hold(2, 100)).target, 0, 'whose calls that are under way still count');
select is((pg_temp.hold(1, 100, 2, p_busy => true)).slots, 2, 'and when they have ended');
select is((pg_temp.hold(2, 100, p_busy => true)).target, 2, 'are free');

select pg_temp.limit_source('{"concurrency": 10}') \g /dev/null
select pg_temp.hold(n, 100) from generate_series(1, 4) as n \g /dev/null
select pg_temp.hold(n, 100, 0) from generate_series(1, 4) as n \g /dev/null
select results_eq(
    'select sum(slots)::int, max(slots) - min(slots) from public.call_permit', 'values (10, 1)',
    'four that want all share all of it evenly, the remainder too');
select pg_temp.limit_source('{"concurrency": 2}') \g /dev/null
select bag_eq('select (pg_temp.hold(n, 100)).target from generate_series(1, 4) as n', 'values (1), (1), (0), (0)',
              'fewer calls than executors: some get one each');
select is((pg_temp.hold(1, 100, 1)).target, 1, 'and keep it');

-- Whoever is gone holds nothing.
select pg_temp.limit_source('{"concurrency": 4}') \g /dev/null
select is((pg_temp.hold(1, 100)).slots, 1, 'one each for four');
select pg_temp.hold(1, 100, 1), pg_temp.hold(2, 100) \g /dev/null
update public.worker set ended_at = clock_timestamp() where id in (pg_temp.executor(1), pg_temp.executor(3), pg_temp.executor(4));
select is((pg_temp.hold(2, 100, 1)).target, 4, 'the calls of the dead are free');
select is_empty('select 1 from public.call_permit where worker_id = pg_temp.executor(1)', 'and nothing is left of them');
select is_empty('select pg_temp.hold(1, 100)', 'a worker that was given up gets nothing');
update public.worker set ended_at = null;

-- It never exceeds the limit, whoever asks for what in whatever order.
select pg_temp.limit_source('{"concurrency": 7}') \g /dev/null
select setseed(0.5) \g /dev/null
create temp table trial (total integer);
do $$
declare
    n integer;
    held integer;
begin
    for i in 1..500 loop
        n := 1 + floor(random() * 4);
        held := coalesce((select p.slots from public.call_permit as p where p.worker_id = pg_temp.executor(n)), 0);
        perform pg_temp.hold(n, floor(random() * 12)::int, floor(random() * (held + 1))::int, p_busy => random() < 0.5);
        insert into trial select sum(p.slots) from public.call_permit as p;
    end loop;
end
$$;
select ok(max(total) = 7, 'of 500 questions none led beyond the limit, some to it') from trial;

-- A limit that was lowered.
select pg_temp.limit_source('{"concurrency": 8}') \g /dev/null
update public.worker set ended_at = clock_timestamp() where id in (pg_temp.executor(3), pg_temp.executor(4));
select pg_temp.hold(1, 8), pg_temp.hold(2, 8), pg_temp.hold(1, 8), pg_temp.hold(2, 8) \g /dev/null
update public.source set setup = '{"concurrency": 2}' where id = :source_a;
select is((pg_temp.hold(1, 8, 4)).target, 0, 'nothing is free until the other has come down');
select is((pg_temp.hold(2, 8, 0)).target, 0, 'the calls under way elsewhere still count');
select is((pg_temp.hold(1, 8, 0)).target, 1, 'then each has its share');
select is((pg_temp.hold(2, 8, 0)).target, 1, 'of the new limit');
update public.worker set ended_at = null;

-- Rates, of so many seconds that none is over while this runs.
select pg_temp.limit_source('{"concurrency": 10, "rate": {"calls": 5, "per_seconds": 1000}}') \g /dev/null
select is((pg_temp.hold(1, 10, 0, 9)).starts, 5, 'as many starts as the rate allows');
select is((pg_temp.hold(1, 10, 0, 9)).starts, 0, 'no more in that time');
select ok((h).starts = 0 and (h).wait between 900 and 1100, 'and when there are some again')
from (select pg_temp.hold(1, 10, 0, 9) as h) as x;
update public.call_start set starts_by = starts_by - interval '1200 seconds';
select is((pg_temp.hold(1, 10, 0, 2)).starts, 2, 'what lies further back does not count');
select is((pg_temp.hold(2, 10, 0, 5)).starts, 1, 'of the rest somebody else gets what is free of slots');
select is((select sum(calls)::int from public.call_start where limit_id = :source_a), 3, 'what was given is counted');
select pg_temp.hold(2, 10, 0, 0) \g /dev/null
select is((pg_temp.hold(1, 10, 7, 5)).starts, 2, 'the rest');
select pg_temp.limit_source('{"concurrency": 10, "rate": {"calls": 5, "per_seconds": 1000}}') \g /dev/null
select pg_temp.hold(1, 10), pg_temp.hold(2, 10), pg_temp.hold(1, 10) \g /dev/null
select is((pg_temp.hold(1, 10, 5, 5)).starts, 3, 'of two who want some each gets its turn');
select is((pg_temp.hold(1, 10, 5, 5, p_within => 500)).starts, 2, 'which it may use later');
select ok(max(starts_by) > clock_timestamp() + interval '400 seconds', 'and which counts for as long') from public.call_start;
select is((pg_temp.hold(1, 10)).starts, 0, 'who asks for none gets none');
select pg_temp.limit_source('{"concurrency": 10, "rate": {"calls": 5, "per_seconds": 3600}}') \g /dev/null
select is((h).starts || ' ' || (h).within, '1 36', 'a start of an hour may be used for longer')
from (select pg_temp.hold(1, 10, 0, 1) as h) as x;
select ok(max(starts_by) > clock_timestamp() + interval '30 seconds', 'and counts for as long') from public.call_start;
select pg_temp.limit_source('{"concurrency": 10}') \g /dev/null
select is((pg_temp.hold(1, 10, 0, 5)).starts, null, 'a source without a rate needs no starts');

-- A group shared by sources of two organizations.
select pg_temp.limit_source('{"concurrency": 10}') \g /dev/null
insert into public.rate_group (id, key, concurrency, calls, per_seconds)
values ('c0000000-0000-7000-8000-000000000001', 'shared', 4, 3, 60);
update public.source set rate_group_id = 'c0000000-0000-7000-8000-000000000001' where id in (:source_a, :source_b);
select is((pg_temp.hold(1, 10)).target, 4, 'one source has all of the group');
select is((pg_temp.hold(2, 10, p_source => :source_b)).target, 0, 'until it hears of the other');
select is((pg_temp.hold(1, 10, 4)).target, 2, 'then it is to leave half');
select is((pg_temp.hold(1, 10, 2, 5)).starts, 2, 'starts are shared, too');
select is((pg_temp.hold(2, 10, 0, 5, p_source => :source_b)).starts, 1, 'over both organizations');
select is((pg_temp.hold(2, 10, 1, 5, p_source => :source_b)).starts, 0, 'and no further');

-- Fewer calls than sources that want one.
delete from public.call_permit;
update public.rate_group set concurrency = 1;
select pg_temp.hold(1, 10), pg_temp.hold(1, 10, p_source => :source_b), pg_temp.hold(2, 10), pg_temp.hold(2, 10, p_source => :source_b) \g /dev/null
update public.call_permit set slots = 0;
select is(
    array_agg(array[t.a, t.b] order by t.turn), '{{1,0},{0,1},{1,0},{0,1}}', 'they take turns')
from (
    select turn, sum(s.group_share) filter (where s.source_id = :source_a)::int as a,
           sum(s.group_share) filter (where s.source_id = :source_b)::int as b
    from generate_series(1, 4) as turn
    cross join generate_series(1, 2) as n
    cross join etl_api.shares_of_calls(
        pg_temp.executor(n), array[:source_a, :source_b]::uuid[],
        array_fill('c0000000-0000-7000-8000-000000000001'::uuid, array[2]), '{false,false}', turn) as s
    group by turn) as t;
update public.rate_group set concurrency = 4;

-- A source that moves to another group stays within its own limit, and what it has in flight counts there.
delete from public.call_permit;
delete from public.call_start;
insert into public.rate_group (id, key, concurrency) values ('c0000000-0000-7000-8000-000000000002', 'narrow', 3);
update public.source set setup = '{"concurrency": 4}' where id = :source_a;
select pg_temp.hold(1, 2, p_busy => true), pg_temp.hold(2, 2, p_busy => true) \g /dev/null
update public.source set rate_group_id = 'c0000000-0000-7000-8000-000000000002' where id = :source_a;
select is((pg_temp.hold(3, 9)).target, 0, 'all of its calls are made');
select is((pg_temp.hold(3, 9, p_source => :source_b)).target, 4, 'those of its old group are free');
update public.source set rate_group_id = 'c0000000-0000-7000-8000-000000000002' where id = :source_b;
select is((pg_temp.hold(4, 9, p_source => :source_b)).target, 0, 'those of its new group are not');
select is(sum(slots)::int, 8, 'nor are they taken away') from public.call_permit where rate_group_id = 'c0000000-0000-7000-8000-000000000002';
update public.source set rate_group_id = 'c0000000-0000-7000-8000-000000000001' where id in (:source_a, :source_b);

-- Neither a source's limit nor its group's is ever exceeded by several sources asked about at once.
delete from public.call_permit;
update public.source set setup = jsonb_build_object('concurrency', case id when :source_a then 3 else 4 end) where id in (:source_a, :source_b);
update public.rate_group set concurrency = 5 where key = 'shared';
create temp table group_trial (of_a integer, of_b integer, of_group integer);
do $$
declare
    n integer;
    sources constant uuid[] := '{a0000000-0000-7000-8000-000000000003, b0000000-0000-7000-8000-000000000003}';
    busy boolean[];
begin
    for i in 1..500 loop
        n := 1 + floor(random() * 4);
        busy := array[random() < 0.5, random() < 0.5];
        perform etl_api.hold_call_permits(
            pg_temp.executor(n), sources, array[floor(random() * 5)::int, floor(random() * 5)::int],
            array(select floor(random() * (coalesce((select p.slots from public.call_permit as p
                                                     where p.worker_id = pg_temp.executor(n) and p.source_id = s.id), 0) + 1))::int
                  from unnest(sources) with ordinality as s(id, k) order by s.k), '{0,0}', busy, 0.025);
        insert into group_trial
        select sum(p.slots) filter (where p.source_id = sources[1]), sum(p.slots) filter (where p.source_id = sources[2]), sum(p.slots)
        from public.call_permit as p;
    end loop;
end
$$;
select is(array[max(of_a), max(of_b), max(of_group)], array[3, 4, 5], 'of 500 questions none led beyond a limit, some to each') from group_trial;
update public.source set setup = '{"concurrency": 10}' where id in (:source_a, :source_b);

-- A paused source.
update public.source set rate_group_id = null, paused_until = clock_timestamp() + interval '1 minute' where id = :source_a;
select ok((h).target = 0 and (h).wait between 50 and 60, 'nobody calls a paused source')
from (select pg_temp.hold(1, 10, 2) as h) as x;
update public.source set paused_until = clock_timestamp() - interval '1 minute' where id = :source_a;
select ok((pg_temp.hold(1, 10)).target > 0, 'until its pause is over');

-- Several in one statement, and sources that there are not.
select is(
    (select count(*)::int from etl_api.hold_call_permits(
        pg_temp.executor(1), array[:source_a, :source_b, :org_a]::uuid[], '{1,1,1}', '{0,0,0}', '{0,0,0}', '{f,f,f}', 0.025)),
    2, 'of a source that there is not there is no permit');
select * from finish();
rollback;
