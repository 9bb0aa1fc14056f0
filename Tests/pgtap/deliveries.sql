-- Deliveries by endpoint: who is claimed, breakers, rates, orders, and what becomes of endpoints.
begin;
\ir fixtures/catalogue.sql
select no_plan();

\set worker '''c0000000-0000-7000-8000-000000000001'''
\set other '''a0000000-0000-7000-8000-000000000015'''
\set third '''a0000000-0000-7000-8000-000000000025'''
insert into public.worker (id, service, host, pid) values (:worker, 'weir-delivery', 'h', 1);
insert into public.webhook_endpoint (org_id, id, key, url, secret_name) values
    (:org_a, :other, 'other', 'https://example.org/other', 'other'), (:org_a, :third, 'third', 'https://example.org/third', null);

-- Endpoints by a letter: a, b (of the other organization), o and t.
create function pg_temp.endpoint(p_letter text) returns uuid language sql immutable as $$
    select (case p_letter when 'b' then 'b0000000-0000-7000-8000-000000000005' when 'o' then 'a0000000-0000-7000-8000-000000000015'
                          when 't' then 'a0000000-0000-7000-8000-000000000025' else 'a0000000-0000-7000-8000-000000000005' end)::uuid
$$;
create function pg_temp.org(p_letter text) returns uuid language sql immutable as $$
    select (case p_letter when 'b' then 'b' else 'a' end || '0000000-0000-7000-8000-000000000001')::uuid
$$;
-- Makes deliveries whose subjects are given, in this order; numbered by `state_reason`.
create function pg_temp.make(p_letter text, p_subjects text[]) returns void language sql as $$
    insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload, subject, state_reason, created_at)
    select pg_temp.org(p_letter), pg_temp.endpoint(p_letter), 'webhook_endpoint.test', '{}', s.subject, s.number::text,
           clock_timestamp() + s.number * interval '1 microsecond'
    from unnest(p_subjects) with ordinality as s(subject, number)
$$;
create function pg_temp.claim(p_letters text[], p_room integer default 100)
    returns table (letter text, number text, id uuid, attempt integer, secrets integer) language sql as $$
    select case when c.webhook_endpoint_id = pg_temp.endpoint('a') then 'a' when c.webhook_endpoint_id = pg_temp.endpoint('b') then 'b'
                when c.webhook_endpoint_id = pg_temp.endpoint('o') then 'o' else 't' end,
           (select d.state_reason from public.delivery as d where d.id = c.id), c.id, c.attempt, cardinality(c.secret_ids)
    from etl_api.claim_deliveries(
        'c0000000-0000-7000-8000-000000000001', array(select pg_temp.org(l) from unnest(p_letters) as l),
        array(select pg_temp.endpoint(l) from unnest(p_letters) as l), array_fill(p_room, array[cardinality(p_letters)]), 75) as c
$$;
-- What was claimed of an endpoint ends; gives what became of endpoints.
create function pg_temp.ends(p_letter text, p_finding text, p_days double precision default 5)
    returns setof text language plpgsql as $$
declare
    ids uuid[];
begin
    with ended as (
        update public.delivery as d
        set state = case p_finding when 'taken' then 'delivered' when 'gone' then 'failed' else 'ready' end, worker_id = null,
            due_at = clock_timestamp() + case when p_finding in ('taken', 'gone') then interval '0' else interval '5 minutes' end
        where d.webhook_endpoint_id = pg_temp.endpoint(p_letter) and d.state = 'in_progress'
        returning d.id
    ) select array_agg(e.id) into ids from ended as e;
    return query
    select n.event from etl_api.note_delivery_attempts(ids, array_fill(p_finding, array[cardinality(ids)]), p_days * 86400) as n;
end
$$;
create function pg_temp.anew() returns void language sql as $$
    delete from public.delivery; delete from public.endpoint_health;
    update public.webhook_endpoint set calls = null, per_seconds = null, is_ordered = false, disabled_at = null, disabled_reason = null;
$$;

-- Each endpoint as many as there is room for.
select pg_temp.make('a', array_fill('s'::text, array[50])), pg_temp.make('o', array['s', 's']), pg_temp.make('b', array['s']) \g /dev/null
select results_eq(
    'select letter, count(*)::int from pg_temp.claim(array[''a'', ''o'', ''b''], 5) group by 1 order by 1',
    $$values ('a', 5), ('b', 1), ('o', 2)$$, 'of each endpoint as many as there is room for');
select is(min(attempt), 1, 'the attempt is counted') from public.delivery where state = 'in_progress';
select results_eq('select number::int from pg_temp.claim(array[''a''], 3) order by 1', 'values (6), (7), (8)', 'the longest due first');
update public.worker set ended_at = clock_timestamp() where id = :worker;
select is_empty('select from pg_temp.claim(array[''a''])', 'a worker that was given up gets nothing');
update public.worker set ended_at = null where id = :worker;
update public.webhook_endpoint set disabled_at = now() where id = :endpoint_a;
select is_empty('select from pg_temp.claim(array[''a''])', 'nor does anybody for an endpoint that is disabled');
select results_eq(
    'select is_ended, is_proven from etl_api.endpoints_with_deliveries() where webhook_endpoint_id = pg_temp.endpoint(''a'')',
    'values (true, false)', 'which is said of it');
select pg_temp.anew() \g /dev/null
select results_eq(
    format('select distinct webhook_endpoint_id from public.delivery'), 'select null::uuid where false', 'anew');

-- Who has work.
select pg_temp.make(l, array['s', 's']) from unnest(array['a', 'b', 'o', 't']) as l \g /dev/null
update public.delivery set due_at = 'infinity' where webhook_endpoint_id = pg_temp.endpoint('o');
select results_eq(
    $$select webhook_endpoint_id, due_at <= clock_timestamp() from etl_api.endpoints_with_deliveries()$$,
    $$values (pg_temp.endpoint('a'), true), (pg_temp.endpoint('o'), false), (pg_temp.endpoint('t'), true), (pg_temp.endpoint('b'), true)$$,
    'each endpoint once, in the order of their ids');
select results_eq(
    $$select webhook_endpoint_id from etl_api.endpoints_with_deliveries(pg_temp.endpoint('a'), 2)$$,
    $$values (pg_temp.endpoint('o')), (pg_temp.endpoint('t'))$$, 'a part of them');

-- Secrets: those that have not expired.
insert into public.webhook_secret (org_id, webhook_endpoint_id, kind, sealed, expires_at) values
    (:org_a, :third, 'whsec', '\x01', null), (:org_a, :third, 'whsk', '\x02', clock_timestamp() + interval '1 hour'),
    (:org_a, :third, 'whsec', '\x03', clock_timestamp() - interval '1 hour');
select results_eq('select secrets from pg_temp.claim(array[''t''], 1)', 'values (2)', 'what has expired does not sign');
select pg_temp.anew() \g /dev/null

-- The breaker.
select pg_temp.make('a', array_fill('s'::text, array[100])) \g /dev/null
select pg_temp.claim(array['a'], 9) \g /dev/null
select is_empty('select pg_temp.ends(''a'', ''not_taken'')', 'nine failures open nothing');
select pg_temp.claim(array['a'], 1) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''not_taken'')', $$values ('opened')$$, 'ten do');
select is_empty('select from pg_temp.claim(array[''a''])', 'nothing is posted while it is open');
select results_eq(
    $$select held_until > clock_timestamp() + interval '20 seconds', is_proven from etl_api.endpoints_with_deliveries()$$,
    'values (true, false)', 'which is said of the endpoint');
update public.endpoint_health set open_until = clock_timestamp();
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'then one probes');
select is_empty('select from pg_temp.claim(array[''a''])', 'and nobody else');
select results_eq('select pg_temp.ends(''a'', ''not_taken'')', $$values ('still open')$$, 'it fails');
select ok(open_until > clock_timestamp() + interval '50 seconds', 'and the next probe is longer away') from public.endpoint_health;
update public.endpoint_health set open_until = clock_timestamp();
select pg_temp.claim(array['a']) \g /dev/null
update public.endpoint_health set open_until = clock_timestamp();
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'a probe that was lost is made again');
select results_eq('select pg_temp.ends(''a'', ''taken'')', $$values ('closed')$$, 'it gets through');
select results_eq('select count(*)::int from pg_temp.claim(array[''a''], 20)', 'values (20)', 'and all are posted again');
select results_eq('select is_proven from etl_api.endpoints_with_deliveries()', 'values (true)', 'since it is proven');
select pg_temp.anew() \g /dev/null

-- Seven of ten are no reason, eight are; what is older than five minutes does not count.
select pg_temp.make('a', array_fill('s'::text, array[100])) \g /dev/null
select pg_temp.claim(array['a'], 3) \g /dev/null
select pg_temp.ends('a', 'taken') \g /dev/null
select pg_temp.claim(array['a'], 7) \g /dev/null
select is_empty('select pg_temp.ends(''a'', ''not_taken'')', 'seven of ten are not over 70 %');
select pg_temp.claim(array['a'], 1) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''not_taken'')', $$values ('opened')$$, 'eight of eleven are');
update public.endpoint_health set open_until = null, probe_id = null, counted_at = counted_at - interval '5 minutes';
select pg_temp.claim(array['a'], 9) \g /dev/null
select is_empty('select pg_temp.ends(''a'', ''not_taken'')', 'what is older than five minutes does not count');
select is(etl_api.minute_counts('{1,2,3,4,5}', 0, 10), '{11,2,3,4,5}', 'within a minute');
select is(etl_api.minute_counts('{1,2,3,4,5}', 2, 10), '{10,0,1,2,3}', 'two minutes later');
select is(etl_api.minute_counts('{1,2,3,4,5}', 9, 10), '{10,0,0,0,0}', 'long after');
select pg_temp.anew() \g /dev/null

-- Whoever is gone, or has taken nothing for too long.
select pg_temp.make('a', array['s', 's', 's']) \g /dev/null
update public.webhook_endpoint set event_types = array['activity_request.completed'] where id = :third;
select pg_temp.claim(array['a'], 1) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''gone'')', $$values ('disabled')$$, 'HTTP 410 disables');
select is(disabled_reason, 'it answered HTTP 410 (Gone)', 'with the reason') from public.webhook_endpoint where id = :endpoint_a;
select results_eq(
    $$select webhook_endpoint_id, event_type, state, convert_from(payload, 'UTF8')::jsonb #>> '{data,endpoint}', convert_from(payload, 'UTF8')::jsonb ->> 'type'
      from public.delivery where event_type <> 'webhook_endpoint.test'$$,
    $$values (pg_temp.endpoint('o'), 'webhook_endpoint.disabled', 'ready', 'hook', 'webhook_endpoint.disabled')$$,
    'the other endpoints of the organization hear of it, but for those that want other events only');
select is_empty('select from pg_temp.claim(array[''a''])', 'what waits is not posted');
select pg_temp.anew() \g /dev/null
select pg_temp.make('a', array['s', 's', 's']) \g /dev/null
select pg_temp.claim(array['a'], 1) \g /dev/null
select is_empty('select pg_temp.ends(''a'', ''not_taken'')', 'a failure disables nothing');
update public.endpoint_health set failing_since = clock_timestamp() - interval '6 days';
select pg_temp.claim(array['a'], 1) \g /dev/null
select is_empty('select pg_temp.ends(''a'', null::text)', 'nor does what was not posted');
select pg_temp.claim(array['a'], 1) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''not_taken'')', $$values ('disabled')$$, 'five days of failure do');
select is_empty('select from pg_temp.claim(array[''a''])', 'what waits is not posted then either');
select pg_temp.anew() \g /dev/null

-- One that lacks a secret or a header is left alone until somebody has mended that.
select pg_temp.make('a', array_fill('s'::text, array[100])) \g /dev/null
select pg_temp.claim(array['a'], 2) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''incomplete'')', $$values ('held')$$, 'whoever cannot post says so once');
select is_empty('select from pg_temp.claim(array[''a''])', 'what waits is left alone');
select is(sum(n), 0::bigint, 'it is no attempt at the endpoint') from public.endpoint_health as h, unnest(h.attempts) as n;
update public.endpoint_health set open_until = clock_timestamp();
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'after a while one looks again');
select results_eq('select pg_temp.ends(''a'', ''incomplete'')', $$values ('still open')$$, 'in vain');
select ok(open_until > clock_timestamp() + interval '50 seconds', 'and the next look is longer away') from public.endpoint_health;
update public.endpoint_health set open_until = clock_timestamp();
select pg_temp.claim(array['a']) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''taken'')', $$values ('closed')$$, 'it was mended');
select results_eq('select count(*)::int from pg_temp.claim(array[''a''], 20)', 'values (20)', 'and all are posted');
select pg_temp.ends('a', 'incomplete') \g /dev/null
update public.endpoint_health set open_until = clock_timestamp(), failing_since = clock_timestamp() - interval '4 days';
select pg_temp.claim(array['a']) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''incomplete'')', $$values ('still open')$$, 'for days nobody mends it');
update public.endpoint_health set open_until = clock_timestamp(), failing_since = clock_timestamp() - interval '6 days';
select pg_temp.claim(array['a']) \g /dev/null
select results_eq('select pg_temp.ends(''a'', ''incomplete'')', $$values ('still open'), ('disabled')$$, 'after five it is disabled');
select pg_temp.anew() \g /dev/null

-- A rate holds over all that claim.
select pg_temp.make('a', array_fill('s'::text, array[100])) \g /dev/null
update public.webhook_endpoint set calls = 20, per_seconds = 1900 where id = :endpoint_a;
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (2)', 'a tenth of the rate at once');
select is_empty('select from pg_temp.claim(array[''a''])', 'then nothing');
select ok(held_until between clock_timestamp() + interval '90 seconds' and clock_timestamp() + interval '101 seconds', 'until the next may go')
from etl_api.endpoints_with_deliveries();
update public.endpoint_health set paced_until = paced_until - interval '101 seconds';
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'which then goes alone');
select results_eq('select max(attempt) from public.delivery where state = ''ready''', 'values (0)', 'who waits has used up no attempt');
-- However one asks, no more than the rate within any stretch of its time.
update public.endpoint_health set paced_until = null;
create temp table started (at integer, n integer);
do $$
declare
    n integer;
begin
    update public.delivery set state = 'ready', worker_id = null;
    for second in 0..5700 by 19 loop
        select count(*) into n from pg_temp.claim(array['a'], 1 + second % 7);
        insert into started values (second, n);
        update public.delivery set state = 'ready', worker_id = null where state = 'in_progress';
        update public.endpoint_health set paced_until = paced_until - interval '19 seconds';
    end loop;
end
$$;
select cmp_ok(max(n), '<=', 20::bigint, 'never more than the rate within its time')
from (select sum(s.n) over (order by s.at range between 1899 preceding and current row) as n from started as s) as w;
select cmp_ok(sum(n), '>=', 54::bigint, 'and not much less than the rate on the whole') from started;
select pg_temp.anew() \g /dev/null

-- What a slower rate has used up is waited for as long as the present one needs, and no longer.
select pg_temp.make('a', array_fill('s'::text, array[10])) \g /dev/null
update public.webhook_endpoint set calls = 1, per_seconds = 86400 where id = :endpoint_a;
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'one a day');
select ok(held_until > clock_timestamp() + interval '23 hours', 'so that the next is a day away') from etl_api.endpoints_with_deliveries();
update public.webhook_endpoint set calls = 20, per_seconds = 1900 where id = :endpoint_a;
select is_empty('select from pg_temp.claim(array[''a''])', 'under a faster rate all of it counts as used up');
select ok(held_until between clock_timestamp() + interval '90 seconds' and clock_timestamp() + interval '101 seconds',
          'and the next is as far away as that one says')
from etl_api.endpoints_with_deliveries();
update public.endpoint_health set paced_until = paced_until - interval '101 seconds';
select results_eq('select count(*)::int from pg_temp.claim(array[''a''])', 'values (1)', 'when it goes');
select pg_temp.anew() \g /dev/null

-- Deliveries of one subject in their order.
update public.webhook_endpoint set is_ordered = true where id = :endpoint_a;
select pg_temp.make('a', array['x', 'x', 'y', null, 'x', null]) \g /dev/null
select results_eq('select number from pg_temp.claim(array[''a'']) order by 1', $$values ('1'), ('3'), ('4'), ('6')$$,
                  'the first of each subject, and all without one');
select is_empty('select from pg_temp.claim(array[''a''])', 'the others wait');
select is(count(*), 2::bigint, 'off the index of what is due') from public.delivery
where state = 'ready' and due_at > clock_timestamp() + interval '10 minutes';
select pg_temp.ends('a', 'not_taken') \g /dev/null
select is_empty('select from pg_temp.claim(array[''a''])', 'a first one that is tried again holds the others');
update public.delivery set due_at = clock_timestamp() where attempt = 1;
select results_eq('select number from pg_temp.claim(array[''a'']) order by 1', $$values ('1'), ('3'), ('4'), ('6')$$, 'and is the next');
select pg_temp.ends('a', 'taken') \g /dev/null
select results_eq('select number from pg_temp.claim(array[''a''])', $$values ('2')$$, 'when it has got through, the second is');
select pg_temp.ends('a', 'gone') \g /dev/null
update public.webhook_endpoint set disabled_at = null where id = :endpoint_a;
select results_eq('select number from pg_temp.claim(array[''a''])', $$values ('5')$$, 'and when that is given up the third');
select pg_temp.anew() \g /dev/null

-- What is held is not stuck.
select pg_temp.make(l, array['s', 's']) from unnest(array['a', 'o']) as l \g /dev/null
update public.delivery set due_at = clock_timestamp() - interval '10 minutes';
insert into public.endpoint_health (org_id, webhook_endpoint_id, open_until) values (:org_a, :endpoint_a, clock_timestamp() + interval '1 minute');
select results_eq(
    $$select d.webhook_endpoint_id, count(*)::int from etl_api.stuck_work() as s join public.delivery as d on d.id = s.id
      where s.kind = 'delivery_not_posted' group by 1$$,
    $$values (pg_temp.endpoint('o'), 2)$$, 'what is due and held by nothing is stuck, what the breaker holds is not');
select pg_temp.anew() \g /dev/null

-- With the rights of the service.
select pg_temp.make('a', array['s']) \g /dev/null
update public.webhook_endpoint set calls = 1, per_seconds = 1, is_ordered = true where id = :endpoint_a;
grant usage on schema public to weir_delivery;
create temp table claimed as select id from public.delivery;
grant select on claimed to weir_delivery;
set local role weir_delivery;
select is(count(*), 1::bigint, 'weir-delivery claims') from etl_api.claim_deliveries(:worker, array[:org_a::uuid], array[:endpoint_a::uuid], array[1], 75);
update public.delivery set state = 'failed', worker_id = null where state = 'in_progress';
select is(min(event), 'disabled', 'and notes')
from etl_api.note_delivery_attempts(array(select id from claimed), array['gone'], 1);
reset role;

select * from finish();
rollback;
