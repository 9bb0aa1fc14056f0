-- Deliveries note when they are over, are found by that, are deleted after a while, and can be sent again until then.
begin;
\ir fixtures/catalogue.sql
select no_plan();

insert into public.delivery (org_id, id, activity_request_id, webhook_endpoint_id, payload, round)
select :org_a, ('a0000000-0000-7000-8000-0000000000d' || k)::uuid, :request_a, :endpoint_a, '{}', k from generate_series(1, 5) as k;
insert into public.delivery_attempt (org_id, delivery_id, attempt, duration_ms) select org_id, id, 1, 1 from public.delivery;
create function pg_temp.ended() returns integer[] language sql as $$
    select coalesce(array_agg(round order by round), '{}') from public.delivery where ended_at is not null
$$;

select is(pg_temp.ended(), '{}', 'what waits is not over');
update public.delivery set state = 'in_progress' where round = 1;
select is(pg_temp.ended(), '{}', 'nor is what is posted');
update public.delivery set state = 'delivered', delivered_at = clock_timestamp() where round = 1;
update public.delivery set state = 'failed' where round in (2, 3);
update public.delivery set state = 'superseded' where round = 4;
select is(pg_temp.ended(), array[1, 2, 3, 4], 'what was taken, given up or superseded is');
select ok(ended_at > clock_timestamp() - interval '1 minute', 'since just now') from public.delivery where round = 1;
update public.delivery set ended_at = ended_at - interval '2 days' where round = 2;
update public.delivery set state = 'superseded' where round = 2;
select ok(ended_at < clock_timestamp() - interval '1 day', 'what was over stays over since then') from public.delivery where round = 2;
update public.delivery set state = 'ready' where round = 3;
select is(pg_temp.ended(), array[1, 2, 4], 'what is sent again is not over');
update public.delivery set state = 'failed' where round = 3;
select is(pg_temp.ended(), array[1, 2, 3, 4], 'until it is over again');

-- As services plan.
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local enable_bitmapscan = off;
create function pg_temp.plan(p_statement text) returns text language plpgsql as $$
declare
    line text;
    plan text := '';
begin
    for line in execute 'explain ' || p_statement loop
        plan := plan || line || E'\n';
    end loop;
    return plan;
end
$$;
set local role weir_scheduler;
select matches(
    pg_temp.plan($$select id from public.delivery where ended_at < (select clock_timestamp() - interval '30 days') order by ended_at limit 1000$$),
    'delivery_ended.*\n.*Index Cond: .*ended_at <', 'old ones are found by their end');
set local role weir_intake;
select matches(
    pg_temp.plan(format(
        $$select id from public.delivery where webhook_endpoint_id = %L and state = 'failed' and ended_at >= now() and ended_at <= (select now())
          order by ended_at limit 1000$$, :endpoint_a)),
    'delivery_failed.*\n.*Index Cond: .*webhook_endpoint_id.*ended_at', 'those that were given up in a time are found by it');
select matches(
    pg_temp.plan(format(
        $$select id from public.delivery where webhook_endpoint_id = %L and id < %L order by id desc limit 1000$$, :endpoint_a, :endpoint_a)),
    'delivery_of_endpoint.*\n.*Index Cond: .*webhook_endpoint_id.*id <', 'those of an endpoint are found by it');

set local role weir_scheduler;
select lives_ok(
    $$delete from public.delivery where ended_at < clock_timestamp() - interval '1 day'$$, 'the scheduler deletes old ones');
select throws_ok('delete from public.delivery_attempt', '42501', null, 'but no attempts alone');
reset role;
select is(array_agg(round order by round), array[1, 3, 4, 5], 'and those only') from public.delivery;
select is(count(*), 4::bigint, 'their attempts go with them') from public.delivery_attempt;
set local role weir_intake;
select throws_ok('delete from public.delivery', '42501', null, 'intake deletes none');
select throws_ok('update public.delivery set payload = ''x''', '42501', null, 'and changes no payload');
set local role weir_processor;
select throws_ok('select sealed from public.webhook_secret', '42501', null, 'who does not sign sees no secret, sealed as it is');
reset role;

-- A request that was delivered stays so when its delivery is sent again, and when it is deleted.
create function pg_temp.differences() returns bigint language sql as $$
    select count(*) from etl_api.check_delivery_consistency('a0000000-0000-7000-8000-000000000001')
$$;
delete from public.delivery where round > 1;
update public.request_progress set objects_total = 0, objects_expanded = 0, expanded = true where activity_request_id = :request_a;
update public.activity_request set state = 'done' where id = :request_a;
select is(pg_temp.differences(), 1::bigint, 'taken, and only done');
update public.activity_request set state = 'delivered' where id = :request_a;
select is(pg_temp.differences(), 0::bigint, 'taken and delivered');
update public.delivery set state = 'ready';
select is(pg_temp.differences(), 0::bigint, 'taken once and sent again');
update public.delivery set state = 'failed';
select is(pg_temp.differences(), 0::bigint, 'and not taken this time');
update public.delivery set delivered_at = null;
select is(pg_temp.differences(), 1::bigint, 'never taken, and delivered');
delete from public.delivery;
select is(pg_temp.differences(), 1::bigint, 'a request of this hour cannot have lost its delivery');
update public.activity_request set created_at = created_at - interval '2 hours' where id = :request_a;
select is(pg_temp.differences(), 0::bigint, 'an older one can');

select * from finish();
rollback;
