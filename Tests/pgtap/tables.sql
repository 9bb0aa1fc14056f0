-- Every table of the specification is there, has a primary key, says who its tenant is, and refers to others by index.
begin;
select no_plan();

select has_table('public', t.name, t.name || ' exists')
from unnest(array[
    'org', 'api_key', 'activity_type', 'object_type', 'datapoint', 'source', 'object_source', 'datapoint_source',
    'webhook_endpoint', 'factor', 'activity', 'activity_source', 'activity_endpoint', 'worker', 'activity_request',
    'request_progress', 'object', 'request_object', 'run_queue', 'run_request', 'run_result', 'run_log', 'dead_message',
    'call_permit', 'call_start', 'external_job', 'rate_group', 'snapshot_run_rel', 'source_token', 'value', 'conversion_failure', 'request_mapping', 'request_result', 'delivery', 'delivery_attempt', 'workflow', 'workflow_endpoint', 'workflow_request', 'webhook_secret', 'endpoint_health', 'state_transition', 'state_history']) as t(name);

create temp view weir_table as
select c.oid, c.relname::text as name, c.relispartition as is_partition,
       (select a.attname from pg_attribute as a
        where a.attrelid = c.oid and a.attname in ('org_id', 'owner_org_id') and not a.attisdropped) as tenant
from pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = 'weir_owner';

select set_eq(
    'select name from weir_table where tenant is null',
    array['org', 'activity_type', 'state_transition', 'worker', 'dead_message', 'rate_group', 'call_start'],
    'only these tables are global');

select ok(
    exists (select from pg_constraint as k where k.conrelid = t.oid and k.contype = 'p'),
    t.name || ' has a primary key')
from weir_table as t;

select ok(
    exists (
        select from pg_constraint as k
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = any (k.conkey) and a.attname = t.tenant
        where k.conrelid = t.oid and k.contype = 'p'),
    'the primary key of ' || t.name || ' carries the organization')
from weir_table as t
where t.tenant is not null;

select col_not_null('public', t.name, t.tenant, 'every row of ' || t.name || ' has an organization')
from weir_table as t
where t.tenant is not null;

-- A key from one tenant table to another: the organization's column must be paired with the organization's column.
select ok(
    exists (
        select from unnest(k.conkey, k.confkey) as pair(own, other)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = pair.own and a.attname = c.tenant
        join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = pair.other and b.attname = p.tenant),
    format('%s of %s carries the organization', k.conname, c.name))
from pg_constraint as k
join weir_table as c on c.oid = k.conrelid and c.tenant is not null
join weir_table as p on p.oid = k.confrelid and p.tenant is not null
where k.contype = 'f';

select is_empty(
    $$select k.conname from pg_constraint as k join pg_class as c on c.oid = k.confrelid
      where k.contype = 'f' and (c.relkind = 'p' or c.relispartition)$$,
    'no foreign key refers to a partitioned table, because its partitions could not be dropped then');

select is_empty(
    $$select c.oid::regclass from pg_class as c
      where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace, 'utils'::regnamespace, 'auth'::regnamespace)
        and c.relkind in ('r', 'p', 'S', 'v', 'm') and pg_get_userbyid(c.relowner) <> 'weir_owner'
        and c.relname not like 'schema\_migration%'
        and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')$$,
    'the owner owns everything but the list of migrations');

select is(
    enum_range(null::public.run_queue_state)::text,
    '{new,valid,invalid,waiting,ready,in_progress,timedout,failed,done,delivered}', 'the states of the specification');
select is(enum_range(null::public.activity_request_state)::text, enum_range(null::public.run_queue_state)::text,
          'requests have the same states as runs');
select is(enum_range(null::public.run_request_state)::text, enum_range(null::public.run_queue_state)::text,
          'exchanges have the same states as runs');
select is(enum_range(null::public.workflow_request_state)::text, enum_range(null::public.run_queue_state)::text,
          'workflow requests have the same states as runs');

select * from finish();
rollback;
