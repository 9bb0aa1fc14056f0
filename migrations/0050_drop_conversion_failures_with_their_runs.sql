-- What runs could not convert goes with them: in weeks, as they do.

-- migrate:up

set local role weir_owner;

alter table public.conversion_failure rename to conversion_failure_before;
alter table public.conversion_failure_before drop constraint conversion_failure_pkey;
drop index public.conversion_failure_of_request;
create table public.conversion_failure (
    org_id uuid not null,
    run_id uuid not null,
    -- Its place among the failures of the run, from 1; the mapper lists a bounded number of them.
    place integer not null,
    -- Null where a run finds objects.
    object_id uuid,
    -- Null where an object's name was expected.
    datapoint_id uuid,
    source_id uuid not null,
    activity_request_id uuid not null,
    path text not null,
    found text not null,
    reason text not null,
    created_at timestamptz not null default now(),
    primary key (run_id, place, org_id)
) partition by range (run_id);
create index conversion_failure_of_request on public.conversion_failure (activity_request_id, source_id);
comment on table public.conversion_failure is
    'What an answer holds and a run could not convert, the first of each run: where it stands, how it begins, and what is wrong with it.';
select etl_api.force_row_security('public.conversion_failure');
create policy service_all on public.conversion_failure to weir_service using (true) with check (true);
grant select on public.conversion_failure to weir_service;
grant insert, delete on public.conversion_failure to weir_processor;
create table public.conversion_failure_default partition of public.conversion_failure default;
select etl_api.force_row_security('public.conversion_failure_default');

create or replace function etl_api.ensure_partitions(p_now timestamptz, p_ahead interval default '7 days') returns integer
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
            ('state_history', 'entity_id'), ('conversion_failure', 'run_id')
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

create or replace function etl_api.drop_partitions(p_before timestamptz) returns text[]
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
    -- What belongs together goes together: the runs of a week, their exchanges, answers, log and history, and what could not be converted.
    for week in
        select substring(c.relname from '\d{4}w\d{2}$') as name,
               to_date(substring(c.relname from '\d{4}w\d{2}$'), 'IYYY"w"IW') + 7 as ends
        from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.run_queue'::regclass and c.relname ~ '^run_queue_\d{4}w\d{2}$'
        order by 1
    loop
        exit when week.ends::timestamp at time zone 'UTC' > p_before;
        -- Nobody takes up a run of this week, or any other, between the look and the drop.
        lock table public.run_queue, public.run_request, public.run_result, public.run_log, public.state_history, public.conversion_failure
            in access exclusive mode;
        -- A request that is not over keeps its week, and all that follow: its runs' exchanges may lie there.
        select exists (
            select from public.activity_request as r
            where r.id < utils.uuid_v7_floor(week.ends::timestamp at time zone 'UTC')
              and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        ) into has_open_work;
        exit when has_open_work;
        foreach partition in array array['run_log', 'run_result', 'run_request', 'state_history', 'conversion_failure', 'run_queue'] loop
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

-- The weeks that the runs have, and those to come.
select etl_api.ensure_partitions(to_date(substring(c.relname from '\d{4}w\d{2}$'), 'IYYY"w"IW')::timestamp at time zone 'UTC', '0 days')
from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
where i.inhparent = 'public.run_queue'::regclass and c.relname ~ '^run_queue_\d{4}w\d{2}$';
select etl_api.ensure_partitions(clock_timestamp());
insert into public.conversion_failure (org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason, created_at)
select org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason, created_at from public.conversion_failure_before;
drop table public.conversion_failure_before;

-- migrate:down

set local role weir_owner;
alter table public.conversion_failure rename to conversion_failure_before;
alter table public.conversion_failure_before drop constraint conversion_failure_pkey;
drop index public.conversion_failure_of_request;
create table public.conversion_failure (
    org_id uuid not null,
    run_id uuid not null,
    -- Its place among the failures of the run, from 1; the mapper lists a bounded number of them.
    place integer not null,
    -- Null where a run finds objects.
    object_id uuid,
    -- Null where an object's name was expected.
    datapoint_id uuid,
    source_id uuid not null,
    activity_request_id uuid not null,
    path text not null,
    found text not null,
    reason text not null,
    created_at timestamptz not null default now(),
    primary key (run_id, place, org_id)
);
create index conversion_failure_of_request on public.conversion_failure (activity_request_id, source_id);
comment on table public.conversion_failure is
    'What an answer holds and a run could not convert, the first of each run: where it stands, how it begins, and what is wrong with it.';
select etl_api.force_row_security('public.conversion_failure');
create policy service_all on public.conversion_failure to weir_service using (true) with check (true);
grant select on public.conversion_failure to weir_service;
grant insert, delete on public.conversion_failure to weir_processor;
insert into public.conversion_failure (org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason, created_at)
select org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason, created_at from public.conversion_failure_before;
drop table public.conversion_failure_before;

create or replace function etl_api.ensure_partitions(p_now timestamptz, p_ahead interval default '7 days') returns integer
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

create or replace function etl_api.drop_partitions(p_before timestamptz) returns text[]
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
