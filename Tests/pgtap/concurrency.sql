-- What takes two sessions to show: notifications, and that opposite orders do not end in a deadlock.
--
-- Other sessions see only what is committed, so these rows are committed first and removed at the end.
\ir fixtures/catalogue.sql
select no_plan();

create function pg_temp.address() returns text language sql as $$
    select format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'), current_database(), current_user)
$$;
select dblink_connect(name, pg_temp.address()) from unnest(array['first', 'second', 'holder', 'listener']) as c(name) \g /dev/null
create temp table backend as
select name, (select pid from dblink(name, 'select pg_backend_pid()') as p(pid integer))
from unnest(array['first', 'second', 'holder', 'listener']) as c(name);
create function pg_temp.wait_until_blocked(p_name text) returns void language plpgsql as $$
begin
    for i in 1..12000 loop
        if cardinality(pg_blocking_pids((select pid from backend where name = p_name))) > 0 then return; end if;
        perform pg_sleep(0.005);
    end loop;
    raise exception 'session % was not blocked within a minute', p_name;
end
$$;
-- The SQLSTATE with which the statement of a session ended.
create function pg_temp.outcome(p_name text) returns text language plpgsql as $$
declare
    state text := '00000';
begin
    begin
        perform from dblink_get_result(p_name) as r(status text);
    exception when others then
        state := sqlstate;
    end;
    perform from dblink_get_result(p_name, false) as r(status text);
    return state;
end
$$;

-- NOTIFY: for requests in state new, and for nothing else.
select dblink_exec('listener', 'listen weir_activity_request') \g /dev/null
create function pg_temp.notified_by(p_statement text) returns bigint language plpgsql as $$
begin
    perform dblink_exec('listener', p_statement);
    return (select count(*) from dblink_get_notify('listener') where notify_name = 'weir_activity_request');
end
$$;
create function pg_temp.insert_request(p_state text) returns text language sql as $$
    select format('insert into public.activity_request (org_id, activity_id, content, state)
                   select org_id, activity_id, content, %L from public.activity_request where id = %L',
                  p_state, 'a0000000-0000-7000-8000-000000000007')
$$;
select is(pg_temp.notified_by(pg_temp.insert_request(s.state)), case s.state when 'new' then 1 else 0 end::bigint,
          'a request that is born ' || s.state)
from unnest(enum_range(null::public.activity_request_state)::text[]) as s(state);
select is(
    pg_temp.notified_by(
        'insert into public.activity_request (org_id, activity_id, content, state)
         select r.org_id, r.activity_id, ''{}'', s.state::public.activity_request_state from public.activity_request as r
         cross join (values (''new''), (''new''), (''valid'')) as s(state) where r.id = ''a0000000-0000-7000-8000-000000000007'''),
    1::bigint, 'three requests in one statement, two of them new: one notification');
select is(pg_temp.notified_by('update public.activity_request set state = ''valid'' where state = ''new'''), 0::bigint,
          'a change of state is not announced');
select is(pg_temp.notified_by('do $$ begin ' || pg_temp.insert_request('new') || '; raise exception ''no''; exception when others then end $$'),
          0::bigint, 'nor is what was rolled back');

-- Two requests name the same objects in opposite orders, in the statement of Store's "request.store_objects". A third
-- session holds the one in the middle until both are on their way.
create function pg_temp.upsert(p_names text[], p_order text) returns text language sql as $$
    select format(
        'insert into public.object (org_id, id, object_type_id, original_object_value_name)
         select %L, i.id, %L, i.name from unnest(%L::uuid[], %L::text[]) with ordinality as i(id, name, place) order by %s
         on conflict do nothing',
        'a0000000-0000-7000-8000-000000000001', 'a0000000-0000-7000-8000-000000000002',
        array(select gen_random_uuid() from unnest(p_names)), p_names, p_order)
$$;
create function pg_temp.meet(p_order text) returns text[] language plpgsql as $$
declare
    outcomes text[];
begin
    perform dblink_exec('holder', 'begin'), dblink_exec('holder', pg_temp.upsert(array['m'], 'i.name'));
    perform dblink_send_query('first', pg_temp.upsert(array['a', 'm', 'z'], p_order));
    perform pg_temp.wait_until_blocked('first');
    perform dblink_send_query('second', pg_temp.upsert(array['z', 'm', 'a'], p_order));
    perform pg_temp.wait_until_blocked('second');
    perform dblink_exec('holder', 'rollback');
    outcomes := array[pg_temp.outcome('first'), pg_temp.outcome('second')];
    perform dblink_exec('holder', 'delete from public.object where org_id = ''a0000000-0000-7000-8000-000000000001''');
    return outcomes;
end
$$;
select is(pg_temp.meet('i.name'), array['00000', '00000'], 'in the order of the conflict key nobody dies');
select set_has('select unnest(pg_temp.meet(''i.place''))', $$values ('40P01')$$,
               'in the order of the input one of them does, so the test above can fail');

-- Batches over the same requests, given in opposite orders: the counters are locked in one order. A third session holds
-- those of the first request; whoever waits for them must not hold those of the second.
create function pg_temp.counters_of_second_are_free() returns boolean language sql as $$
    select exists (select from dblink('listener', format(
        'select 1 from public.request_progress where activity_request_id = %L for no key update skip locked',
        'b0000000-0000-7000-8000-000000000007')) as p(one integer))
$$;
create function pg_temp.meet_at_counters(p_first text, p_second text, out free boolean, out outcomes text[])
language plpgsql as $$
begin
    perform dblink_exec('holder', 'begin');
    perform dblink_exec('holder', format('update public.request_progress set expanded = true where activity_request_id = %L',
                                         'a0000000-0000-7000-8000-000000000007'));
    perform dblink_send_query('first', p_first);
    perform pg_temp.wait_until_blocked('first');
    perform dblink_send_query('second', p_second);
    perform pg_temp.wait_until_blocked('second');
    free := pg_temp.counters_of_second_are_free();
    perform dblink_exec('holder', 'rollback');
    outcomes := array[pg_temp.outcome('first'), pg_temp.outcome('second')];
end
$$;
create function pg_temp.insert_runs(p_position integer, p_direction text) returns text language sql as $$
    select format(
        'insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
         select org_id, id, %L, %s, ''in_progress'' from public.activity_request where id in (%L, %L) order by id %s',
        'a0000000-0000-7000-8000-000000000003', p_position, 'a0000000-0000-7000-8000-000000000007',
        'b0000000-0000-7000-8000-000000000007', p_direction)
$$;
create function pg_temp.finish_runs(p_position integer, p_direction text) returns text language sql as $$
    select format(
        'with given as materialized (
             select id from public.run_queue where position = %s and activity_request_id in (%L, %L)
             order by activity_request_id %s)
         update public.run_queue as r set state = ''done'' from given where r.id = given.id',
        p_position, 'a0000000-0000-7000-8000-000000000007', 'b0000000-0000-7000-8000-000000000007', p_direction)
$$;
create temp table met as
select 'insert' as what, m.* from pg_temp.meet_at_counters(pg_temp.insert_runs(1, 'asc'), pg_temp.insert_runs(2, 'desc')) as m;
insert into met
select 'update', m.* from pg_temp.meet_at_counters(pg_temp.finish_runs(1, 'asc'), pg_temp.finish_runs(2, 'desc')) as m;
select ok(free, what || ': both wait for the first request and hold none of the second') from met;
select is(outcomes, array['00000', '00000'], what || ': both batches go through') from met;
select results_eq(
    $$select runs_total, runs_done from public.request_progress where activity_request_id in (
          'a0000000-0000-7000-8000-000000000007', 'b0000000-0000-7000-8000-000000000007')$$,
    $$values (2, 2), (2, 2)$$, 'and both are counted');

-- Two executors ask for the calls of a source while it moves to another rate group: the one that still saw the old group is waited for.
insert into public.rate_group (id, key, concurrency) values
    ('c0000000-0000-7000-8000-000000000001', 'pgtap_old', 9), ('c0000000-0000-7000-8000-000000000002', 'pgtap_new', 9);
update public.source set setup = '{"concurrency": 4}', rate_group_id = 'c0000000-0000-7000-8000-000000000001' where id = :source_a;
insert into public.worker (id, service, host, pid)
select ('e0000000-0000-7000-8000-00000000000' || n)::uuid, 'weir-executor', 'h', n from generate_series(1, 2) as n;
create function pg_temp.hold(p_number integer) returns text language sql as $$
    select format('select sum(slots)::text from etl_api.hold_call_permits(%L, array[%L::uuid], ''{4}'', ''{0}'', ''{0}'', ''{t}'', 0.025)',
                  'e0000000-0000-7000-8000-00000000000' || p_number, 'a0000000-0000-7000-8000-000000000003')
$$;
select dblink_exec('holder', 'begin') \g /dev/null
select is(slots, '4', 'the first has all calls') from dblink('holder', pg_temp.hold(1)) as h(slots text);
update public.source set rate_group_id = 'c0000000-0000-7000-8000-000000000002' where id = :source_a;
select dblink_send_query('first', pg_temp.hold(2)) \g /dev/null
select lives_ok('select pg_temp.wait_until_blocked(''first'')', 'the second waits for it, though it sees another group');
select dblink_exec('holder', 'commit') \g /dev/null
select is(pg_temp.outcome('first'), '00000', 'and goes on');
select is(sum(slots)::int, 4, 'within the source''s own limit') from public.call_permit where source_id = :source_a;

-- Deliveries are locked in the order of their ids by who takes their workflow request up again: while a session holds the one with the lowest
-- id, whoever waits for it must not hold another. Along the index their endpoints come in the opposite order.
\set flow_request '''a0000000-0000-7000-8000-0000000000f0'''
insert into public.webhook_endpoint (org_id, id, key, url, secret_name, is_ordered)
values (:org_a, 'a0000000-0000-7000-8000-000000000015', 'second', 'https://example.org', 'hook', true);
insert into public.workflow_request (org_id, id, state) values (:org_a, :flow_request, 'done');
insert into public.workflow_progress (org_id, workflow_request_id, requests_total) values (:org_a, :flow_request, 1);
insert into public.delivery (org_id, id, webhook_endpoint_id, workflow_request_id, event_type, payload) values
    (:org_a, 'a0000000-0000-7000-8000-0000000000d9', :endpoint_a, :flow_request, 'workflow_request.completed', '{}'),
    (:org_a, 'a0000000-0000-7000-8000-0000000000d1', 'a0000000-0000-7000-8000-000000000015', :flow_request, 'workflow_request.completed', '{}');
select dblink_exec('holder', 'begin') \g /dev/null
select dblink_exec('holder', 'update public.delivery set state_reason = null where id = ''a0000000-0000-7000-8000-0000000000d1''') \g /dev/null
select dblink_send_query('first', format('select etl_api.follow_activity_requests(array[%L::uuid])::text', :flow_request)) \g /dev/null
select pg_temp.wait_until_blocked('first') \g /dev/null
select isnt_empty(
    $$select from dblink('listener', 'select 1 from public.delivery where id = ''a0000000-0000-7000-8000-0000000000d9'' for no key update skip locked') as d(n integer)$$,
    'who waits for the first delivery of a workflow request does not hold the second');
select dblink_exec('holder', 'rollback') \g /dev/null
select is(pg_temp.outcome('first'), '00000', 'and goes on');
select is(array_agg(state), array['superseded', 'superseded'], 'with both') from public.delivery where workflow_request_id = :flow_request;

-- Whoever notes the end of a delivery does not wait for the next one of its subject, should somebody hold it.
insert into public.delivery (org_id, id, webhook_endpoint_id, event_type, subject, payload, state, due_at) values
    (:org_a, 'a0000000-0000-7000-8000-0000000000e1', 'a0000000-0000-7000-8000-000000000015', 'webhook_endpoint.test', 's', '{}', 'delivered', now()),
    (:org_a, 'a0000000-0000-7000-8000-0000000000e2', 'a0000000-0000-7000-8000-000000000015', 'webhook_endpoint.test', 's', '{}', 'ready', now() + interval '1 hour');
create function pg_temp.note() returns text language plpgsql as $$
begin
    perform dblink_send_query('first', 'select etl_api.note_delivery_attempts(array[''a0000000-0000-7000-8000-0000000000e1''::uuid], ''{taken}'', 1000)::text');
    return pg_temp.outcome('first');
end
$$;
select dblink_exec('first', 'set lock_timeout = ''1s''') \g /dev/null
select dblink_exec('holder', 'begin') \g /dev/null
select dblink_exec('holder', 'update public.delivery set state_reason = null where id = ''a0000000-0000-7000-8000-0000000000e2''') \g /dev/null
select is(pg_temp.note(), '00000', 'a next delivery that somebody holds is not waited for');
select dblink_exec('holder', 'rollback') \g /dev/null
select is(pg_temp.note(), '00000', 'nor is one that nobody does');
select ok(due_at <= clock_timestamp(), 'which is woken') from public.delivery where id = 'a0000000-0000-7000-8000-0000000000e2';

select * from finish();

select dblink_disconnect(name) from backend \g /dev/null
delete from public.delivery where org_id = :org_a;
delete from public.workflow_progress where org_id = :org_a;
delete from public.call_permit where source_id = :source_a;
delete from public.worker where service = 'weir-executor';
update public.source set rate_group_id = null where id = :source_a;
delete from public.rate_group where key in ('pgtap_old', 'pgtap_new');
delete from public.state_history where org_id in (:org_a, :org_b);
delete from public.run_queue where org_id in (:org_a, :org_b);
delete from public.activity_request where org_id in (:org_a, :org_b);
delete from public.workflow_request where org_id = :org_a;
delete from public.activity where org_id in (:org_a, :org_b);
delete from public.webhook_endpoint where org_id in (:org_a, :org_b);
delete from public.datapoint where org_id in (:org_a, :org_b);
delete from public.source where owner_org_id in (:org_a, :org_b);
delete from public.object_type where org_id in (:org_a, :org_b);
delete from public.org where id in (:org_a, :org_b);
