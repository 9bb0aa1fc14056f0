-- The triggers that the specification names: what they announce to others, and what they do for somebody who works by SQL.
--
-- Other sessions see only what is committed, so that these rows are committed first and removed at the end.
\ir fixtures/activities.sql
select no_plan();

select has_trigger(t.schema, t.name, t.trigger, t.trigger || ' exists')
from (values
    ('public', 'activity_request', 'trg_process_activity_request'), ('public', 'workflow_request', 'after_insert_workflow_request'),
    ('public', 'run_request', 'trigger_run_request_execute'), ('public', 'run_result', 'trg_mark_run_done'),
    ('public', 'datapoint_source', 'trg_sync_datapoint_source'), ('public', 'object_source', 'trg_sync_object_source')
) as t(schema, name, trigger);
select is_empty(
    $$select t.tgname from pg_trigger as t
      where not t.tgisinternal and t.tgtype & 1 = 1 and t.tgrelid::regclass::text not like 'schema_migration%'
        and (t.tgrelid, t.tgname) <> ('public.delivery'::regclass, 'note_end')$$,
    'every trigger works by statement, but for the one that notes in a delivery when it was over (docs/decisions/0022)');

-- Announcements, and who makes none.
select dblink_connect('listener', format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                                         current_setting('port'), current_database(), current_user)) \g /dev/null
select dblink_exec('listener', 'listen ' || c) from unnest(array['weir_activity_request', 'weir_workflow_request', 'weir_run_request']) as c(c) \g /dev/null
create function pg_temp.announced(p_statement text) returns text[] language plpgsql as $$
begin
    perform dblink_exec('listener', p_statement);
    return coalesce((select array_agg(notify_name order by notify_name) from dblink_get_notify('listener')), '{}');
end
$$;
\set request 'insert into public.activity_request (org_id, activity_id, content, state) select org_id, id, ''{}'', ''%s'' from public.activity where key in (''enrich'', ''find'')'
\set workflow 'insert into public.workflow_request (org_id, state) select id, ''%s'' from public.org cross join generate_series(1, 2) where key = ''pgtap_activities'''
\set exchange 'insert into public.run_request (org_id, source_id, run_ids, state) select owner_org_id, id, ''{}'', ''%s'' from public.source where key in (''registry'', ''directory'')'
select is(pg_temp.announced(v.statement), v.announced::text[], v.title)
from (values
    ('two new activity requests, one announcement', format(:'request', 'new'), '{weir_activity_request}'),
    ('checked ones, as intake inserts them: none', format(:'request', 'valid'), '{}'),
    ('new workflow requests', format(:'workflow', 'new'), '{weir_workflow_request}'),
    ('checked ones', format(:'workflow', 'ready'), '{}'),
    ('those that SQL says are valid', format(:'workflow', 'valid'), '{weir_workflow_request}'),
    ('a service''s own, which it expands itself',
     'insert into public.workflow_request (org_id, state, origin) select id, ''valid'', ''http'' from public.org where key = ''pgtap_activities''', '{}'),
    ('exchanges that wait for somebody', format(:'exchange', 'ready'), '{weir_run_request}'),
    ('exchanges that somebody makes', format(:'exchange', 'in_progress'), '{}'),
    ('nothing at all', format(:'request', 'new') || ' and false', '{}'),
    ('an executor''s own', 'do $x$ begin set local role weir_executor; ' || format(:'exchange', 'ready') || '; end $x$', '{}')
) as v(title, statement, announced);
select is(count(*), 2::bigint, 'the executor''s were inserted') from public.run_request where source_id = :registry and state = 'ready';
select dblink_disconnect('listener') \g /dev/null

-- The specification's example: a request that was inserted comes to runs, not inside of the insert but by whoever hears of it.
select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as request \gset
select is(count(*), 0::bigint, 'the insert itself makes no run') from public.run_queue where activity_request_id = :'request';
select is(etl_api.process_activity_request_by_id(:'request'), 1, 'who hears of it makes them');

-- An answer that is put in by SQL, for one of two exchanges in progress.
select pg_temp.ask(:enrich, '{"objects": ["b.example"]}') as other \gset
select etl_api.process_activity_request_by_id(:'other');
create temp table exchange as
select r.id as run_id, utils.uuid_v7() as id, r.activity_request_id from public.run_queue as r where r.activity_request_id in (:'request', :'other');
insert into public.run_request (org_id, id, source_id, run_ids, state, attempt, worker_id)
select :org, e.id, :registry, array[e.run_id], 'in_progress', 1, :worker from exchange as e;
update public.run_queue as r set state = 'in_progress', attempt = 1, worker_id = :worker, run_request_id = e.id from exchange as e where r.id = e.run_id;
insert into public.run_result (org_id, run_request_id, status, body) select :org, id, 200, '{"staff": 3}' from exchange where activity_request_id = :'request';
select is(array[q.state::text, q.worker_id::text], array['done', null], 'its exchange is done')
from public.run_request as q join exchange as e on e.id = q.id where e.activity_request_id = :'request';
select is(array[r.state::text, r.state_substate, r.worker_id::text], array['in_progress', 'fetched', null], 'its run waits to be mapped')
from public.run_queue as r where r.activity_request_id = :'request';
select is(array[r.state::text, r.state_substate, r.worker_id::text], array['in_progress', null, :worker], 'the other one is left alone')
from public.run_queue as r where r.activity_request_id = :'other';
select is(etl_api.process_run_results_for_source(:registry), 1, 'and it goes on like any other');

-- An executor closes its exchanges itself, in the statement that records the answer.
set role weir_executor;
insert into public.run_result (org_id, run_request_id, status, body) select r.org_id, r.run_request_id, 200, '{}' from public.run_queue as r
where r.activity_request_id = :'other';
reset role;
select is(state::text, 'in_progress', 'an executor''s insert marks nothing') from public.run_queue where activity_request_id = :'other';

-- Mappings that are changed by SQL are read anew.
create function pg_temp.raised(p_statement text) returns text[] language plpgsql as $$
declare
    before jsonb;
begin
    select jsonb_object_agg(s.id, s.version) into before from public.source as s;
    execute p_statement;
    return coalesce((select array_agg(s.key order by s.key) from public.source as s where s.version > (before ->> s.id::text)::bigint), '{}');
end
$$;
select is(pg_temp.raised(v.statement), v.sources::text[], regexp_replace(v.statement, '\s+', ' ', 'g'))
from (values
    ('update public.datapoint_source set key_mapping = ''[["x"]]'' where source_id = ''c0000000-0000-7000-8000-000000000003''', '{registry}'),
    ('update public.datapoint_source set key_mapping = ''[["y"]]''', '{branches,directory,registry}'),
    ('update public.datapoint_source set key_mapping = ''[["z"]]'' where false', '{}'),
    ('update public.object_source set key_mapping_type = ''key''', '{directory}'),
    ('delete from public.datapoint_source where source_id = ''c0000000-0000-7000-8000-000000000005''', '{branches}'),
    ('delete from public.object_source', '{directory}'),
    ('insert into public.object_source (org_id, source_id, object_type_id, key_mapping)
      values (''c0000000-0000-7000-8000-000000000001'', ''c0000000-0000-7000-8000-000000000003'', ''c0000000-0000-7000-8000-000000000002'', ''["n"]'')', '{registry}'),
    ('insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping)
      select org_id, ''c0000000-0000-7000-8000-000000000005'', id, ''[["n"]]'' from public.datapoint where key = ''city''', '{branches}'),
    ('update public.datapoint set data_type = ''json'' where key = ''address''', '{registry}'),
    ('update public.source set name = name', '{}')
) as v(statement, sources);

delete from public.value where org_id = :org;
delete from public.run_result where org_id = :org;
delete from public.run_queue where org_id = :org;
delete from public.run_request where org_id = :org;
delete from public.workflow_request where org_id = :org;
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
