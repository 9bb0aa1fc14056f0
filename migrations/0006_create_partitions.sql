-- Partitions: a week each, made ahead, with a default partition that is watched and should stay empty.

-- migrate:up

set local role weir_owner;

create function etl_api.ensure_partitions(p_now timestamptz, p_ahead interval default '7 days') returns integer
    language plpgsql security definer
    set search_path = pg_catalog, public
as $$
declare
    parent text;
    week timestamptz;
    partition text;
    made integer := 0;
begin
    -- One maker at a time; whoever comes second finds nothing to do.
    perform pg_advisory_xact_lock(hashtext('weir.partitions'));
    foreach parent in array array['run_queue', 'run_request', 'run_result', 'run_log', 'state_history'] loop
        week := date_trunc('week', p_now, 'UTC');
        while week <= p_now + p_ahead loop
            partition := format('%s_%s', parent, to_char(week at time zone 'UTC', 'IYYY"w"IW'));
            if to_regclass(format('public.%I', partition)) is null then
                execute format(
                    'create table public.%I partition of public.%I for values from (%L) to (%L)',
                    partition, parent, utils.uuid_v7_floor(week), utils.uuid_v7_floor(week + interval '7 days'));
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
