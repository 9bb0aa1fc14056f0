-- Who may do what, and that nobody else may anything. Rights change only together with this page.
begin;
select no_plan();

create temp table service (name text primary key);
insert into service values ('weir_intake'), ('weir_executor'), ('weir_processor'), ('weir_delivery'), ('weir_scheduler');

-- Every right that a role of Weir holds on a table by itself, as read from the access lists.
create temp view held as
select g.rolname::text as role, c.relname::text as name, x.privilege_type as privilege, null::text as columns
from pg_class as c
cross join lateral aclexplode(c.relacl) as x
join pg_roles as g on g.oid = x.grantee
where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
  and pg_get_userbyid(c.relowner) = 'weir_owner' and x.grantee <> c.relowner
union all
select g.rolname, c.relname, x.privilege_type, string_agg(a.attname, ' ' order by a.attname)
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid
cross join lateral aclexplode(a.attacl) as x
join pg_roles as g on g.oid = x.grantee
where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
  and pg_get_userbyid(c.relowner) = 'weir_owner' and x.grantee <> c.relowner
group by 1, 2, 3;

select set_eq(
    $$select role, name, privilege, columns from held where privilege <> 'SELECT'$$,
    $$select role, name, privilege, columns from (values
        ('weir_service', 'worker', 'INSERT', null),
        ('weir_service', 'worker', 'UPDATE', 'ended_at ended_reason heartbeat_at'),
        ('weir_service', 'dead_message', 'INSERT', null),
        ('weir_service', 'etl_log', 'INSERT', null),
        ('weir_scheduler', 'etl_log', 'DELETE', null),
        ('weir_intake', 'activity_request', 'INSERT', null),
        ('weir_intake', 'activity_request', 'UPDATE',
         'attempt deadline_at round state state_reason state_substate stopping stopping_reason worker_id'),
        ('weir_intake', 'request_progress', 'INSERT', null),
        ('weir_intake', 'request_progress', 'UPDATE', 'calls_planned expanded objects_expanded objects_total runs_planned'),
        ('weir_intake', 'workflow_progress', 'UPDATE', 'expanded step_ended_at'),
        ('weir_intake', 'workflow_request', 'INSERT', null),
        ('weir_intake', 'workflow_request', 'UPDATE', 'state state_reason state_substate stopped_by stopped_reason'),
        ('weir_processor', 'workflow_request', 'UPDATE', 'unannounced_since'),
        ('weir_scheduler', 'workflow_request', 'UPDATE', 'worker_id'),
        ('weir_scheduler', 'request_progress', 'INSERT', null),
        ('weir_intake', 'object', 'INSERT', null),
        ('weir_intake', 'request_object', 'INSERT', null),
        ('weir_intake', 'run_queue', 'INSERT', null),
        ('weir_intake', 'run_queue', 'UPDATE', 'attempt due_at replayed_at retried_at state state_reason state_substate worker_id'),
        ('weir_intake', 'request_mapping', 'INSERT', null),
        ('weir_intake', 'request_mapping', 'UPDATE', null),
        ('weir_intake', 'request_mapping', 'DELETE', null),
        ('weir_intake', 'object_finding', 'DELETE', null),
        ('weir_intake', 'run_request', 'UPDATE', 'state state_reason state_substate worker_id'),
        ('weir_intake', 'delivery', 'INSERT', null),
        ('weir_intake', 'delivery', 'UPDATE', 'due_at state state_reason worker_id'),
        ('weir_intake', 'webhook_endpoint', 'UPDATE', 'disabled_at disabled_reason'),
        ('weir_intake', 'endpoint_health', 'UPDATE', 'attempts failing_since failures last_success_at open_until opened probe_id'),
        ('weir_intake', 'webhook_secret', 'INSERT', null),
        ('weir_intake', 'webhook_secret', 'UPDATE', 'expires_at'),
        ('weir_intake', 'webhook_secret', 'DELETE', null),
        ('weir_scheduler', 'delivery', 'DELETE', null),
        ('weir_executor', 'run_request', 'INSERT', null),
        ('weir_executor', 'run_request', 'UPDATE', 'attempt state state_reason state_substate worker_id'),
        ('weir_executor', 'run_result', 'INSERT', null),
        ('weir_executor', 'run_log', 'INSERT', null),
        ('weir_executor', 'source', 'UPDATE', 'paused_reason paused_until unusable_by unusable_reason unusable_version'),
        ('weir_executor', 'source_token', 'INSERT', null),
        ('weir_executor', 'source_token', 'UPDATE', 'claim_id claimed_until generation sealed used_until'),
        ('weir_executor', 'run_queue', 'UPDATE', 'attempt due_at run_request_id state state_reason state_substate worker_id'),
        ('weir_executor', 'call_permit', 'INSERT', null),
        ('weir_executor', 'call_permit', 'UPDATE', null),
        ('weir_executor', 'call_permit', 'DELETE', null),
        ('weir_executor', 'external_job', 'INSERT', null),
        ('weir_executor', 'external_job', 'UPDATE', null),
        ('weir_executor', 'external_job', 'DELETE', null),
        ('weir_executor', 'snapshot_run_rel', 'INSERT', null),
        ('weir_intake', 'external_job', 'UPDATE', 'called_back_at due_at'),
        ('weir_scheduler', 'external_job', 'UPDATE', 'due_at phase tries worker_id'),
        ('weir_scheduler', 'snapshot_run_rel', 'DELETE', null),
        ('weir_executor', 'call_start', 'INSERT', null),
        ('weir_executor', 'call_start', 'UPDATE', null),
        ('weir_executor', 'call_start', 'DELETE', null),
        ('weir_processor', 'value', 'INSERT', null),
        ('weir_processor', 'value', 'DELETE', null),
        ('weir_processor', 'conversion_failure', 'DELETE', null),
        ('weir_processor', 'conversion_failure', 'INSERT', null),
        ('weir_processor', 'object', 'INSERT', null),
        ('weir_processor', 'object_finding', 'INSERT', null),
        ('weir_processor', 'object_qualification', 'INSERT', null),
        ('weir_processor', 'object_qualification', 'DELETE', null),
        ('weir_processor', 'request_progress', 'UPDATE', 'objects_expanded objects_qualified objects_total objects_unqualified'),
        ('weir_processor', 'delivery', 'INSERT', null),
        ('weir_processor', 'request_result', 'INSERT', null),
        ('weir_processor', 'request_result', 'DELETE', null),
        ('weir_processor', 'run_queue', 'UPDATE', 'state state_reason state_substate value_bytes'),
        ('weir_processor', 'activity_request', 'UPDATE', 'attempt state state_reason state_substate worker_id'),
        ('weir_delivery', 'delivery', 'INSERT', null),
        ('weir_delivery', 'delivery', 'UPDATE', 'attempt attempts_before delivered_at due_at state state_reason worker_id'),
        ('weir_delivery', 'endpoint_health', 'INSERT', null),
        ('weir_delivery', 'endpoint_health', 'UPDATE', null),
        ('weir_delivery', 'webhook_endpoint', 'UPDATE', 'disabled_at disabled_reason'),
        ('weir_delivery', 'workflow_request', 'UPDATE', 'state state_reason'),
        ('weir_delivery', 'delivery_attempt', 'INSERT', null),
        ('weir_delivery', 'activity_request', 'UPDATE', 'attempt state state_reason state_substate worker_id'),
        ('weir_scheduler', 'worker', 'UPDATE', 'released_at'),
        ('weir_scheduler', 'worker', 'DELETE', null),
        ('weir_scheduler', 'activity_request', 'UPDATE',
         'attempt state state_reason state_substate stopping stopping_reason worker_id'),
        ('weir_scheduler', 'run_queue', 'UPDATE', 'attempt due_at run_request_id state state_reason state_substate worker_id'),
        ('weir_scheduler', 'run_request', 'UPDATE', 'attempt state state_reason state_substate worker_id'),
        ('weir_scheduler', 'delivery', 'UPDATE', 'attempt delivered_at due_at state state_reason worker_id')
    ) as v(role, name, privilege, columns)$$,
    'services write what they need and nothing else');

select set_eq(
    $$select role, name from held where privilege = 'SELECT'$$,
    $$select case c.relname when 'api_key' then 'weir_intake' when 'source_token' then 'weir_executor' else 'weir_service' end, c.relname::text from pg_class as c
      where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace) and pg_get_userbyid(c.relowner) = 'weir_owner'
        and c.relkind in ('r', 'p', 'v') and not c.relispartition and c.relname not in ('dead_message', 'webhook_secret')
      union all values ('weir_intake', 'webhook_secret'), ('weir_delivery', 'webhook_secret')$$,
    'services read all tables but the keys of clients, which intake reads, the tokens of sources, which executors read, the secrets of endpoints, which intake makes and delivery signs with, and dead messages, which people read');

select is_empty(
    $$select * from held join pg_class as c on c.relname = held.name and c.relnamespace = 'public'::regnamespace
      where c.relispartition$$,
    'nobody holds a right on a partition');
select cmp_ok(count(*), '>=', 10::bigint, 'there are partitions to say so of') from pg_class where relispartition and relkind = 'r';

select is_empty(
    $$select r.rolname from pg_roles as r cross join pg_class as c
      where r.rolname in ('anon', 'authenticated', 'service_role')
        and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
        and c.relkind in ('r', 'p', 'S', 'v') and pg_get_userbyid(c.relowner) = 'weir_owner'
        and (has_table_privilege(r.oid, c.oid, 'select') or has_any_column_privilege(r.oid, c.oid, 'insert')
             or has_any_column_privilege(r.oid, c.oid, 'update') or has_table_privilege(r.oid, c.oid, 'delete'))$$,
    'anon, authenticated and service_role may nothing yet');

-- Who belongs to whom.
select set_eq(
    $$select m.rolname::text from pg_auth_members as b join pg_roles as m on m.oid = b.member
      where b.roleid = 'weir_service'::regrole and not b.admin_option$$,
    'select name from service', 'the services, and they alone, are what weir_service stands for');
select is_empty(
    $$select s.name from service as s where pg_has_role(s.name, 'weir_owner', 'member')$$, 'no service can become the owner');
select ok(not rolcanlogin, rolname || ' cannot log in') from pg_roles
where rolname in ('weir_owner', 'weir_service', 'anon', 'authenticated', 'service_role');
select ok(rolcanlogin and rolinherit, rolname || ' logs in with the rights of weir_service') from pg_roles
where rolname in (select name from service);

-- Nothing is granted to PUBLIC; a missing access list stands for the default one, which may grant it something.
create temp view owned_schema as
select oid from pg_namespace where nspname in ('etl_api', 'utils', 'auth');
select is_empty(
    $$select p.oid::regprocedure from pg_proc as p
      cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as x
      where x.grantee = 0 and (p.pronamespace in (select oid from owned_schema) or p.proowner = 'weir_owner'::regrole)$$,
    'PUBLIC may execute no function');
select is_empty(
    $$select c.oid::regclass from pg_class as c
      cross join lateral aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) as x
      where x.grantee = 0 and pg_get_userbyid(c.relowner) = 'weir_owner'$$,
    'PUBLIC may nothing on any table or sequence');
select is_empty(
    $$select a.attrelid::regclass, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid
      cross join lateral aclexplode(a.attacl) as x where x.grantee = 0 and pg_get_userbyid(c.relowner) = 'weir_owner'$$,
    'PUBLIC may nothing on any column');
select is_empty(
    $$select t.oid::regtype from pg_type as t
      cross join lateral aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) as x
      where x.grantee = 0 and t.typowner = 'weir_owner'::regrole and t.typtype in ('e', 'd')$$,
    'PUBLIC may use no type');
select is_empty(
    $$select n.nspname from pg_namespace as n
      cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as x
      where x.grantee = 0 and (n.oid in (select oid from owned_schema) or (n.nspname = 'public' and x.privilege_type = 'CREATE'))$$,
    'PUBLIC may use no schema of Weir and make nothing in schema public');
select is_empty(
    $$select s.name from service as s cross join owned_schema as o
      where has_schema_privilege(s.name, o.oid, 'create') or has_schema_privilege(s.name, 'public', 'create')$$,
    'services make nothing in any schema');

-- service_role works by the functions of the flow, and anon and authenticated by none.
select set_eq(
    $$select p.oid::regprocedure::text from pg_proc as p cross join lateral aclexplode(p.proacl) as x
      where x.grantee = 'service_role'::regrole and p.proowner = 'weir_owner'::regrole and p.provolatile <> 'i'$$,
    array['utils.resolve_json_variables(text,uuid,uuid,uuid)', 'etl_api.create_run(uuid)', 'etl_api.create_run_enrichment(uuid,uuid)',
          'etl_api.create_run_extract(uuid,uuid)', 'etl_api.create_run_sourcing(uuid,uuid)', 'etl_api.process_activity_request_by_id(uuid)',
          'etl_api.store_object(uuid,uuid,jsonb,uuid)', 'etl_api.store_value(uuid,uuid,jsonb,uuid)',
          'etl_api.process_run_results_for_source(uuid,integer)', 'etl_api.reconstruct_values_to_activity_request(uuid,boolean)',
          'etl_api.qualify_objects(uuid)', 'etl_api.process_workflow_request(uuid)', 'etl_api.try_start_next_workflow_phase(uuid)', 'etl_api.allocate_source_runs(uuid,text,integer,jsonb)'],
    'service_role may run the flow''s functions, besides some that read no table');
select is_empty(
    $$select p.oid::regprocedure, x.grantee::regrole from pg_proc as p cross join lateral aclexplode(p.proacl) as x
      where x.grantee in ('anon'::regrole, 'authenticated'::regrole) and p.proowner = 'weir_owner'::regrole$$,
    'anon and authenticated may run nothing yet');

-- Trying is better than reading.
\ir fixtures/catalogue.sql
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
values (:org_a, :request_a, :source_a, 1, 'ready');
create temp table denied as
select s.name as role, t.statement
from service as s
cross join (
    select format('update %s set state = %L', p.oid::regclass, 'done') from pg_class as p
    where p.relispartition and p.relkind = 'r' and p.relname like 'run\_queue\_%'
    union all values
        ('update public.run_queue set org_id = ''b0000000-0000-7000-8000-000000000001'''),
        ('update public.run_queue set activity_request_id = utils.uuid_v7()'),
        ('delete from public.run_queue'), ('truncate public.run_queue'),
        ('update public.request_progress set runs_done = 7'),
        ('insert into public.state_history (org_id, entity_id, entity, to_state, attempt, actor, at)
          select org_id, id, ''run_queue'', ''done'', 0, '''', now() from public.run_queue'),
        ('delete from public.state_history'),
        ('insert into public.state_transition values (''run_queue'', ''ready'', ''done'', ''normal'', ''mine'')'),
        ('insert into public.rate_group (key, concurrency) values (''mine'', 1024)'),
        ('update public.rate_group set concurrency = 1024'),
        ('alter table public.run_queue disable trigger all'),
        ('select etl_api.record_update_of_run_queue()'),
        ('update etl_api.etl_log set message = ''nothing happened''')
) as t(statement);
grant select on denied to public;
create function pg_temp.try_as(p_role text, p_statement text) returns text language plpgsql as $$
declare
    outcome text;
begin
    execute format('set local role %I', p_role);
    outcome := throws_ok(p_statement, '42501', null, p_role || ' may not ' || regexp_replace(p_statement, '\s+', ' ', 'g'));
    reset role;
    return outcome;
end
$$;
select pg_temp.try_as(role, statement) from denied;

select function_privs_are('etl_api', f.name, f.arguments::text[], s.name,
    case when s.name = 'weir_scheduler' or not f.is_schedulers then array['EXECUTE'] else array[]::text[] end)
from service as s
cross join (values
    ('logger', '{text, text, text, jsonb, uuid, text, uuid}', false),
    ('state_durations', '{timestamptz, timestamptz}', false),
    ('stuck_work', '{interval, integer}', false),
    ('forget_log', '{interval, integer}', true),
    ('transition_counts', '{timestamptz, timestamptz}', true),
    ('state_duration_buckets', '{timestamptz, timestamptz, integer, double precision[]}', true),
    ('default_partition_rows', '{integer}', true)
) as f(name, arguments, is_schedulers);
select function_privs_are('etl_api', f.name, f.arguments, s.name,
    case s.name when 'weir_scheduler' then array['EXECUTE'] else array[]::text[] end)
from service as s
cross join (values ('ensure_partitions', array['timestamptz', 'interval']), ('check_state_consistency', array['uuid'])) as f(name, arguments);
-- A step waits for the phases before its own: who expands requests asks that, and who says again which of them wait.
select function_privs_are('etl_api', 'round_before', array['uuid'], s.name,
    case when s.name in ('weir_intake', 'weir_scheduler') then array['EXECUTE'] else array[]::text[] end)
from service as s;

select * from finish();
rollback;
