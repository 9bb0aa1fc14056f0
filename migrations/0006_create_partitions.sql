-- Partitions: a week each, made ahead, with a default partition that is watched and should stay empty.

-- migrate:up

set local role weir_owner;

-- Services reach partitions through their parents only, so a partition has no policy but the owner's.
create function etl_api.force_row_security(p_table regclass) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format('create policy owner_all on %s to weir_owner using (true) with check (true)', p_table);
end
$$;
comment on function etl_api.force_row_security(regclass) is
    'Row-level security for everybody, the owner too, whom a policy then lets pass.';

create function etl_api.ensure_partitions(p_now timestamptz, p_ahead interval default '7 days') returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    -- Everybody queues up behind a lock that is waited for, so wait briefly: the caller tries again.
    set lock_timeout = '2s'
as $$
declare
    parent record;
    week timestamptz;
    partition text;
    lower_bound uuid;
    upper_bound uuid;
    made integer := 0;
begin
    -- One maker at a time; whoever comes second finds nothing to do.
    perform pg_advisory_xact_lock(hashtext('weir.partitions'));
    for parent in
        select * from (values
            ('run_queue', 'id'), ('run_request', 'id'), ('run_result', 'run_request_id'), ('run_log', 'run_request_id'),
            ('state_history', 'entity_id')
        ) as p(name, key)
    loop
        week := date_trunc('week', p_now, 'UTC');
        while week <= p_now + p_ahead loop
            partition := format('%s_%s', parent.name, to_char(week at time zone 'UTC', 'IYYY"w"IW'));
            if to_regclass(format('public.%I', partition)) is null then
                lower_bound := utils.uuid_v7_floor(week);
                upper_bound := utils.uuid_v7_floor(week + interval '7 days');
                -- Attaching lets others go on with the parent, which "create table … partition of" would not.
                execute format(
                    'create table public.%I (like public.%I including defaults including constraints including storage '
                    'including compression)', partition, parent.name);
                perform etl_api.force_row_security(format('public.%I', partition)::regclass);
                -- Rows that came while the week had no partition; they would forbid making it.
                execute format(
                    'with moved as (delete from public.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) '
                    'insert into public.%5$I select * from moved',
                    parent.name || '_default', parent.key, lower_bound, upper_bound, partition);
                execute format(
                    'alter table public.%I attach partition public.%I for values from (%L) to (%L)',
                    parent.name, partition, lower_bound, upper_bound);
                made := made + 1;
            end if;
            week := week + interval '7 days';
        end loop;
    end loop;
    return made;
end
$$;
comment on function etl_api.ensure_partitions(timestamptz, interval) is
    'Makes the partitions that the weeks from now to now + ahead need; returns how many were missing.';

create table public.run_queue_default partition of public.run_queue default;
create table public.run_request_default partition of public.run_request default;
create table public.run_result_default partition of public.run_result default;
create table public.run_log_default partition of public.run_log default;
create table public.state_history_default partition of public.state_history default;
select etl_api.force_row_security(p)
from unnest(array['public.run_queue_default', 'public.run_request_default', 'public.run_result_default',
                  'public.run_log_default', 'public.state_history_default']::regclass[]) as p;

select etl_api.ensure_partitions(clock_timestamp());
grant execute on function etl_api.ensure_partitions(timestamptz, interval) to weir_scheduler;

-- migrate:down

set local role weir_owner;
do $$
declare
    partition regclass;
begin
    for partition in
        select inhrelid::regclass from pg_inherits
        where inhparent in ('public.run_queue'::regclass, 'public.run_request'::regclass, 'public.run_result'::regclass,
                            'public.run_log'::regclass, 'public.state_history'::regclass)
    loop
        execute format('drop table %s', partition);
    end loop;
end
$$;
drop function etl_api.ensure_partitions(timestamptz, interval);
drop function etl_api.force_row_security(regclass);
