-- What takes two sessions to show: the next phase is started once, however many look, and a step that ends meanwhile is not overlooked.
--
-- Other sessions see only what is committed, so these rows are committed first and removed at the end.
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

create function pg_temp.address() returns text language sql as $$
    select format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'), current_database(), current_user)
$$;
select dblink_connect(name, pg_temp.address()) from unnest(array['first', 'second', 'holder']) as c(name) \g /dev/null
create temp table backend as
select name, (select pid from dblink(name, 'select pg_backend_pid()') as p(pid integer)) from unnest(array['first', 'second', 'holder']) as c(name);
create function pg_temp.wait_until_blocked(p_name text) returns void language plpgsql as $$
begin
    for i in 1..12000 loop
        if cardinality(pg_blocking_pids((select pid from backend where name = p_name))) > 0 then return; end if;
        perform pg_sleep(0.005);
    end loop;
    raise exception 'session % was not blocked within a minute', p_name;
end
$$;
-- What the statement of a session gave.
create function pg_temp.outcome(p_name text) returns integer language plpgsql as $$
declare
    given integer;
begin
    select value into given from dblink_get_result(p_name) as r(value integer);
    perform from dblink_get_result(p_name) as r(value integer);
    return given;
end
$$;
-- Two steps in phase 1, one in phase 2.
update public.workflow set data = jsonb_build_object(
    'a', jsonb_build_object('id', :find, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb,
                            'destination', jsonb_build_object('activity', jsonb_build_object('id', jsonb_build_array(:qualify)))),
    'b', jsonb_build_object('id', :enrich, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb,
                            'destination', jsonb_build_object('activity', jsonb_build_object('id', jsonb_build_array(:qualify)))),
    'c', jsonb_build_object('id', :qualify, 'type', 'activity', 'setup', '{"config": {"phase": 2}}'::jsonb))
where id = :flow;
create function pg_temp.ask_for_both() returns uuid language plpgsql as $$
declare
    request uuid := pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["z.example"], "input": {"query": "bakery"}}');
begin
    perform etl_api.process_workflow_request(request);
    perform etl_api.process_activity_request_by_id(pg_temp.step(request, 'a'));
    perform etl_api.process_activity_request_by_id(pg_temp.step(request, 'b'));
    return request;
end
$$;
create function pg_temp.finish(p_request uuid) returns text language sql as $$
    select format('update public.activity_request set state = ''done'' where id = %L', p_request)
$$;
create function pg_temp.look(p_request uuid) returns text language sql as $$
    select format('select etl_api.try_start_next_workflow_phase(%L)', p_request)
$$;

-- Both steps are over, and two look at once: somebody else holds the row that both of them need first.
select pg_temp.ask_for_both() as request \gset
update public.activity_request set state = 'done' where workflow_request_id = :'request' and workflow_phase = 1;
select dblink_exec('holder', 'begin'), dblink_exec('holder', format('update public.workflow_request set attempt = attempt + 1 where id = %L', :'request')) \g /dev/null
select dblink_send_query('first', pg_temp.look(pg_temp.step(:'request', 'a'))), pg_temp.wait_until_blocked('first') \g /dev/null
select dblink_send_query('second', pg_temp.look(pg_temp.step(:'request', 'b'))), pg_temp.wait_until_blocked('second') \g /dev/null
select dblink_exec('holder', 'commit') \g /dev/null
create temp table looks as select pg_temp.outcome('first') as first, pg_temp.outcome('second') as second;
select is(first + second, 1, 'of two that look at once one starts the next phase') from looks;
select is(count(*), 1::bigint, 'it was started once') from public.state_history
where entity_id = pg_temp.step(:'request', 'c') and to_state = 'ready';

-- One looks while the other step is just ending: it waits for the end, and starts the phase.
select pg_temp.ask_for_both() as request \gset
update public.activity_request set state = 'done' where id = pg_temp.step(:'request', 'a');
select dblink_exec('holder', 'begin'), dblink_exec('holder', pg_temp.finish(pg_temp.step(:'request', 'b'))) \g /dev/null
select dblink_send_query('first', pg_temp.look(pg_temp.step(:'request', 'a'))), pg_temp.wait_until_blocked('first') \g /dev/null
select dblink_exec('holder', 'commit') \g /dev/null
select is(pg_temp.outcome('first'), 1, 'whoever looks sees a step that was just ending');
select is(step_ended_at, null, 'nobody has to look again') from public.workflow_progress where workflow_request_id = :'request';

-- One ends a step while another looks: the note is written after the look has taken the one before away, and is not lost.
select pg_temp.ask_for_both() as request \gset
update public.activity_request set state = 'done' where id = pg_temp.step(:'request', 'a');
select dblink_exec('holder', 'begin') \g /dev/null
select is(started, 0, 'a look while one step is open starts nothing')
from dblink('holder', pg_temp.look(pg_temp.step(:'request', 'a'))) as l(started integer);
select dblink_send_query('first', pg_temp.finish(pg_temp.step(:'request', 'b')) || ' returning 7'), pg_temp.wait_until_blocked('first') \g /dev/null
select dblink_exec('holder', 'commit') \g /dev/null
select is(pg_temp.outcome('first'), 7, 'the step ends after the look');
select ok(step_ended_at is not null, 'and somebody has to look again') from public.workflow_progress where workflow_request_id = :'request';
select is(etl_api.try_start_next_workflow_phase(pg_temp.step(:'request', 'b')), 1, 'who finds the next phase to be started');

-- Two that expand the same workflow request at once.
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["z.example"], "input": {"query": "bakery"}}') as request \gset
select dblink_exec('holder', 'begin') \g /dev/null
select is(made, 3, 'one expands a workflow request') from dblink('holder', format('select etl_api.process_workflow_request(%L)', :'request')) as e(made integer);
select dblink_send_query('first', format('select etl_api.process_workflow_request(%L)', :'request')), pg_temp.wait_until_blocked('first') \g /dev/null
select dblink_exec('holder', 'commit') \g /dev/null
select is(pg_temp.outcome('first'), 0, 'the other finds it done');
select is(count(*), 3::bigint, 'it has each step once') from public.activity_request where workflow_request_id = :'request';

select * from finish();

select dblink_disconnect(name) from backend \g /dev/null
delete from public.run_queue where org_id = :org;
delete from public.request_object where org_id = :org;
delete from public.activity_request where org_id = :org;
delete from public.workflow_request where org_id = :org;
delete from public.workflow where org_id = :org;
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
