-- The flow's functions work side by side with services: what a processor has locked is left to it, and the other way round; requests that
-- name the same objects in opposite orders do not end in a deadlock.
--
-- Other sessions see only what is committed, so that these rows are committed first and removed at the end.
\ir fixtures/activities.sql
select no_plan();

create function pg_temp.address() returns text language sql as $$
    select format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'), current_database(), current_user)
$$;
select dblink_connect(name, pg_temp.address()) from unnest(array['first', 'second', 'holder']) as c(name) \g /dev/null

select pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example", "c.example"]}') as request \gset
select etl_api.process_activity_request_by_id(:'request') \g /dev/null
select pg_temp.answer(:'request', :registry, '{"staff": 1}', n) from unnest(array['a.example', 'b.example', 'c.example']) as n \g /dev/null

-- A processor has picked the run of the second object, in the way of Store's "run.pick".
select dblink_exec('holder', 'begin') \g /dev/null
select * from dblink('holder', format(
    'select r.id from public.run_queue as r where r.activity_request_id = %L and r.position = 1 and r.state = ''in_progress''
     and r.state_substate = ''fetched'' for no key update skip locked', :'request')) as r(id uuid) \g /dev/null
select is(etl_api.process_run_results_for_source(:registry), 2, 'what a processor has locked is passed over, not waited for');
select results_eq(format('select state from pg_temp.runs(%L)', :'request'), array['done', 'in_progress', 'done'], 'the others are done');
select dblink_exec('holder', 'rollback') \g /dev/null

-- The function has picked it, and a processor comes.
select dblink_exec('holder', 'begin') \g /dev/null
select is(r.count, 1, 'the one that is left') from dblink('holder', format('select etl_api.process_run_results_for_source(%L)', :registry)) as r(count integer);
select is_empty(
    format('select from public.run_queue as r where r.activity_request_id = %L and r.state = ''in_progress'' and r.state_substate = ''fetched''
            for no key update skip locked', :'request'),
    'what the function has locked, a processor passes over');
select dblink_exec('holder', 'commit') \g /dev/null
select results_eq(format('select state from pg_temp.runs(%L)', :'request'), array['done', 'done', 'done'], 'all are done, each once');
select is(count(*), 3::bigint, 'with a value each') from public.value where activity_request_id = :'request';

-- A service expands the request at this moment.
select pg_temp.ask(:enrich, '{"objects": ["x"]}') as expanding \gset
update public.activity_request set state = 'valid' where id = :'expanding';
update public.activity_request set state = 'ready', worker_id = :worker where id = :'expanding';
select is(etl_api.process_activity_request_by_id(:'expanding'), 0, 'a request that a service has is left to it');

-- Two requests with the same new objects, in opposite orders, twenty times.
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
select pg_temp.ask(:enrich, jsonb_build_object('objects', o.objects))
from generate_series(1, 20) as r(round)
cross join lateral (
    select jsonb_agg('r' || r.round || '-' || k order by k) as objects from generate_series(1, 200) as k
    union all
    select jsonb_agg('r' || r.round || '-' || k order by k desc) from generate_series(1, 200) as k
) as o \g /dev/null
-- Request by request, as callers do.
select dblink_send_query(n.name, format('do $x$ declare asked uuid; begin
    for asked in select id from public.activity_request where activity_id = %L and state = ''new'' and content -> ''objects'' ->> 0 like %L
                 order by content ->> ''objects''
    loop
        perform etl_api.process_activity_request_by_id(asked);
        commit;
    end loop;
end $x$', :enrich, n.pattern))
from (values ('first', 'r%-1'), ('second', 'r%-200')) as n(name, pattern) \g /dev/null
select is(pg_temp.outcome(n), '00000', n || ' is not the victim of a deadlock') from unnest(array['first', 'second']) as n;
select is(count(*), 8000::bigint, 'every request has its runs') from public.run_queue as r
join public.activity_request as q on q.id = r.activity_request_id where q.content -> 'objects' ->> 0 like 'r%';
select is(count(*), 4000::bigint, 'and every object is there once') from public.object where org_id = :org and original_object_value_name like 'r%-%';
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org) where id <> :'expanding';

select dblink_disconnect(name) from unnest(array['first', 'second', 'holder']) as c(name) \g /dev/null
delete from public.value where org_id = :org;
delete from public.run_result where org_id = :org;
delete from public.run_request where org_id = :org;
delete from public.run_queue where org_id = :org;
delete from public.request_object where org_id = :org;
delete from public.activity_request where org_id = :org;
delete from public.state_history where org_id = :org;
delete from public.object where org_id = :org;
delete from public.activity_source where org_id = :org;
delete from public.activity where org_id = :org;
delete from public.factor where org_id = :org;
delete from public.datapoint_source where org_id = :org;
delete from public.object_source where org_id = :org;
delete from public.source where owner_org_id = :org;
delete from public.datapoint where org_id = :org;
delete from public.object_type where org_id = :org;
delete from public.org where id = :org;
delete from public.worker where id = :worker;

select * from finish();
