-- Time limits of activities and sources, deliveries that a newer round has superseded, and the end of old partitions.

-- migrate:up

set local role weir_owner;

alter table public.activity
    add column timeout_seconds double precision not null default 604800,
    add constraint activity_timeout_within_bounds check (timeout_seconds > 0 and timeout_seconds <= 7776000);
comment on column public.activity.timeout_seconds is 'How long a request may take from its acceptance (or its retry) until all of its runs are closed.';

-- Only the scheduler looks for it: a run that took longer than its source allows, while it waited for its turn.
comment on column public.source.setup is
    'concurrency, timeout_seconds, run_timeout_seconds, response_bytes_max, retry {attempts, base_seconds, max_seconds}: defaults stand in docs/catalogue.md';

alter table public.delivery
    drop constraint delivery_state_is_known,
    add constraint delivery_state_is_known check (state in ('ready', 'in_progress', 'failed', 'delivered', 'superseded'));

create function etl_api.kept_since() returns uuid
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        utils.uuid_v7_floor(
            min(to_date(substring(c.relname from '\d{4}w\d{2}$'), 'IYYY"w"IW'))::timestamp at time zone 'UTC'),
        '00000000-0000-0000-0000-000000000000')
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.run_queue'::regclass and c.relname ~ '^run_queue_\d{4}w\d{2}$'
$$;
comment on function etl_api.kept_since() is
    'The smallest id of the oldest week of runs: of requests before it, some runs may have been dropped.';
grant execute on function etl_api.kept_since() to weir_intake;

create function etl_api.drop_partitions(p_before timestamptz) returns text[]
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    -- Everybody queues up behind a lock that is waited for, so wait briefly: less than the second after which a deadlock is looked for, so
    -- that nobody else is its victim. The caller tries again.
    set lock_timeout = '500ms'
as $$
declare
    week record;
    partition text;
    has_open_work boolean;
    dropped text[] := '{}';
begin
    perform pg_advisory_xact_lock(hashtext('weir.partitions'));
    -- What belongs together goes together: the runs of a week, their exchanges, answers, log and history.
    for week in
        select substring(c.relname from '\d{4}w\d{2}$') as name,
               to_date(substring(c.relname from '\d{4}w\d{2}$'), 'IYYY"w"IW') + 7 as ends
        from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.run_queue'::regclass and c.relname ~ '^run_queue_\d{4}w\d{2}$'
        order by 1
    loop
        exit when week.ends::timestamp at time zone 'UTC' > p_before;
        -- Nobody takes up a run of this week, or any other, between the look and the drop.
        lock table public.run_queue, public.run_request, public.run_result, public.run_log, public.state_history
            in access exclusive mode;
        -- A request that is not over keeps its week, and all that follow: its runs' exchanges may lie there.
        select exists (
            select from public.activity_request as r
            where r.id < utils.uuid_v7_floor(week.ends::timestamp at time zone 'UTC')
              and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        ) into has_open_work;
        exit when has_open_work;
        foreach partition in array array['run_log', 'run_result', 'run_request', 'state_history', 'run_queue'] loop
            partition := partition || '_' || week.name;
            if to_regclass(format('public.%I', partition)) is not null then
                execute format('drop table public.%I', partition);
                dropped := dropped || partition;
            end if;
        end loop;
    end loop;
    return dropped;
end
$$;
comment on function etl_api.drop_partitions(timestamptz) is
    'Drops the weeks that ended before a moment, oldest first, up to the first with a request that is not over; returns the partitions.';
grant execute on function etl_api.drop_partitions(timestamptz) to weir_scheduler;

-- migrate:down

set local role weir_owner;
drop function etl_api.drop_partitions(timestamptz);
drop function etl_api.kept_since();
delete from public.delivery where state = 'superseded';
alter table public.delivery
    drop constraint delivery_state_is_known,
    add constraint delivery_state_is_known check (state in ('ready', 'in_progress', 'failed', 'delivered'));
comment on column public.source.setup is
    'concurrency, timeout_seconds, response_bytes_max, retry {attempts, base_seconds, max_seconds}: defaults stand in docs/catalogue.md';
alter table public.activity drop column timeout_seconds;
