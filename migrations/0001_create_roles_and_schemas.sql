-- Roles, schemas and the identifiers that everything else is built on.
--
-- Roles belong to the cluster, not to the database: they are created when missing and never dropped on the way down,
-- because another database of the same cluster may live by them.

-- migrate:up

do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('weir_owner', 'nologin noinherit'),     -- owns every table; nobody logs in as it
            ('weir_service', 'nologin noinherit'),   -- what all services have in common
            ('weir_intake', 'login inherit'),
            ('weir_executor', 'login inherit'),
            ('weir_processor', 'login inherit'),
            ('weir_delivery', 'login inherit'),
            ('weir_scheduler', 'login inherit'),
            ('anon', 'nologin noinherit'),
            ('authenticated', 'nologin noinherit'),
            ('service_role', 'nologin noinherit')
        ) as r(name, attributes)
    loop
        begin
            execute format('create role %I %s', wanted.name, wanted.attributes);
        exception when duplicate_object or unique_violation then
            null;  -- another database of this cluster made it first
        end;
    end loop;
    for wanted in
        select 'weir_service' as role, s.name as member
        from unnest(array['weir_intake', 'weir_executor', 'weir_processor', 'weir_delivery', 'weir_scheduler']) as s(name)
        union all
        -- Whoever migrates acts as the owner from here on, so that the owner owns what is made.
        select 'weir_owner', current_user
    loop
        begin
            execute format('grant %I to %I', wanted.role, wanted.member);
        exception when unique_violation or internal_error then
            null;  -- granted at the same moment by another database's migration
        end;
    end loop;
    execute format('grant create on database %I to weir_owner', current_database());
end
$$;

revoke create on schema public from public;
grant usage, create on schema public to weir_owner;
grant usage on schema public to weir_service;

create schema etl_api authorization weir_owner;
create schema utils authorization weir_owner;
create schema auth authorization weir_owner;
grant usage on schema etl_api, utils, auth to weir_service;

set local role weir_owner;
alter default privileges revoke execute on functions from public;
alter default privileges revoke usage on types from public;

-- A UUIDv7 (RFC 9562, section 5.7) on the database's clock: time first, so that keys made together lie together.
create function utils.uuid_v7() returns uuid
    language sql volatile parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select encode(
        set_bit(set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- The smallest UUID of an instant: the bound of a partition, and of a search by time.
create function utils.uuid_v7_floor(p_at timestamptz) returns uuid
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select (lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The instant, to the millisecond, at which a UUIDv7 was made.
create function utils.uuid_v7_time(p_id uuid) returns timestamptz
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select to_timestamp(('x0000' || left(replace(p_id::text, '-', ''), 12))::bit(64)::bigint / 1000.0)
$$;

grant execute on all functions in schema utils to weir_service;

-- migrate:down

set local role weir_owner;
drop function utils.uuid_v7_time(uuid);
drop function utils.uuid_v7_floor(timestamptz);
drop function utils.uuid_v7();
alter default privileges grant usage on types to public;
alter default privileges grant execute on functions to public;
reset role;
drop schema auth;
drop schema utils;
drop schema etl_api;
revoke usage on schema public from weir_service;
revoke usage, create on schema public from weir_owner;
do $$ begin execute format('revoke create on database %I from weir_owner', current_database()); end $$;
