-- Row-level security: on and forced on whatever belongs to a tenant, as the catalogue tells, not a list.
begin;
select no_plan();
\ir fixtures/catalogue.sql

create temp view tenant_table as
select c.oid, c.relname::text as name, c.relispartition as is_partition, a.attname as tenant,
       c.relrowsecurity as is_enabled, c.relforcerowsecurity as is_forced
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attname in ('org_id', 'owner_org_id') and not a.attisdropped
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace;
grant select on tenant_table to public;

select cmp_ok(count(*), '>=', 23::bigint, 'the tenant tables were found') from tenant_table where not is_partition;
select ok(is_enabled, 'row-level security is enabled on ' || name) from tenant_table;
select ok(is_forced, 'row-level security is forced on ' || name) from tenant_table;

select policies_are('public', name, array['owner_all', 'service_all']) from tenant_table where not is_partition;
select policies_are('public', name, array['owner_all']) from tenant_table where is_partition;
select policy_roles_are('public', name, 'service_all', array['weir_service'])
from tenant_table where not is_partition;
select policy_roles_are('public', name, 'owner_all', array['weir_owner']) from tenant_table;

select is_empty(
    $$select rolname from pg_roles
      where (rolname like 'weir\_%' or rolname in ('anon', 'authenticated', 'service_role'))
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)$$,
    'no role of Weir may pass by row-level security or make roles or databases');

-- A role that no policy names sees nothing and writes nothing, whatever it was granted.
create role pgtap_stranger;
grant usage on schema public to pgtap_stranger;
grant select, insert, update, delete on all tables in schema public to pgtap_stranger;
grant usage on schema utils to pgtap_stranger;
grant execute on all functions in schema utils to pgtap_stranger;
set local role pgtap_stranger;
select is_empty('select from public.activity_request', 'a stranger sees no request');
select is_empty('select from public.source', 'a stranger sees no source');
select is_empty('select from public.state_history', 'a stranger sees no history');
select is_empty(format('select from public.%I', name), 'a stranger sees nothing of ' || name)
from tenant_table where is_partition and name like 'state_history%';
select throws_ok(
    format('insert into public.object_type (org_id, key, name) values (%L, ''x'', ''X'')', :org_a), '42501', null,
    'a stranger writes no object type');
select throws_ok(
    format('insert into public.activity_request (org_id, activity_id, content) values (%L, %L, ''{}'')', :org_a, :activity_a),
    '42501', null, 'a stranger writes no request');
select lives_ok('update public.activity_request set state = ''done''', 'a stranger''s update finds no row');
reset role;
select is((select count(*) from public.activity_request where state = 'done'), 0::bigint, 'and changes none');

set local role weir_intake;
select is((select count(distinct org_id) from public.activity_request where id in (:request_a, :request_b)), 2::bigint,
          'a service serves all tenants');
reset role;
set local role weir_owner;
select is((select count(distinct org_id) from public.activity_request where id in (:request_a, :request_b)), 2::bigint,
          'the owner passes by its policy, so that its triggers and functions work');
reset role;

select * from finish();
rollback;
