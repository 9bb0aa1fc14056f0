-- What people and alerts look at: a log that services write into, counts and ages by state, how fast states change and how long they last,
-- and work that is stuck.
--
-- What costs what: whatever is named "open", and stuck_work, reads open work alone, through partial indexes, however much lies finished
-- in the tables. state_counts reads everything. Whatever looks at transitions reads the history of the time asked for, through a BRIN
-- index on `at`, which costs an insert next to nothing because history is written in the order of time.
--
-- Services plan by key only (docs/decisions/0006); functions that read much set for themselves what they need.

-- migrate:up

set local role weir_owner;

create table etl_api.etl_log (
    id uuid primary key default utils.uuid_v7(),
    at timestamptz not null default clock_timestamp(),
    severity text not null,
    component text not null,
    message text not null,
    details jsonb not null default '{}',
    -- Of no organization when null. No foreign key: a log says what was there when it was written.
    org_id uuid,
    entity text,
    entity_id uuid,
    constraint etl_log_severity_is_known check (severity in ('debug', 'info', 'notice', 'warning', 'error', 'critical')),
    constraint etl_log_within_bounds check (
        octet_length(component) <= 400 and octet_length(message) <= 16000 and octet_length(entity) <= 400)
);
comment on table etl_api.etl_log is 'What operators should know, written by etl_api.logger(), kept by etl_api.forget_log().';
select etl_api.force_row_security('etl_api.etl_log');
create policy service_all on etl_api.etl_log to weir_service using (true) with check (true);
grant select, insert on etl_api.etl_log to weir_service;
grant delete on etl_api.etl_log to weir_scheduler;

-- A log must not fail for the length of what it says: what is over a bound is cut.
create function etl_api.logger(
    p_severity text, p_component text, p_message text, p_details jsonb default '{}', p_org_id uuid default null,
    p_entity text default null, p_entity_id uuid default null
) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    insert into etl_api.etl_log (severity, component, message, details, org_id, entity, entity_id)
    values (
        p_severity, left(p_component, 100),
        case when length(p_message) > 4000 then left(p_message, 3999) || '…' else p_message end,
        case when octet_length(p_details::text) > 65536
             then jsonb_build_object('left_out', 'details of ' || octet_length(p_details::text) || ' bytes, at most 65536 are kept')
             else coalesce(p_details, '{}') end,
        p_org_id, left(p_entity, 100), p_entity_id)
$$;
comment on function etl_api.logger(text, text, text, jsonb, uuid, text, uuid) is
    'Writes a line into etl_log. Severities: debug, info, notice, warning, error, critical.';

create function etl_api.forget_log(p_older_than interval default '30 days', p_keep integer default 1000000) returns bigint
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    with forgotten as (
        delete from etl_api.etl_log
        where id < greatest(
            utils.uuid_v7_floor(statement_timestamp() - p_older_than),
            -- The oldest of those that are kept; nothing when there are fewer.
            coalesce((select id from etl_api.etl_log order by id desc offset greatest(p_keep, 1) - 1 limit 1),
                     '00000000-0000-0000-0000-000000000000'))
        returning 1
    )
    select count(*) from forgotten
$$;
comment on function etl_api.forget_log(interval, integer) is
    'Deletes lines of etl_log that are too old, and the oldest of too many; returns how many. The scheduler calls it every hour.';

-- Building reads each partition once. Partitions that are attached later get it too. New ranges are summarized soon: what is not
-- summarized is read by every look.
create index state_history_at on public.state_history using brin (at) with (autosummarize = on);

-- Open work that no other index leads to; nearly always empty.
create index run_queue_unready on public.run_queue (id) where state in ('new', 'valid');
create index run_request_unclaimed on public.run_request (id) where state in ('new', 'valid', 'waiting', 'ready');
create index activity_request_waiting on public.activity_request (id) where state = 'waiting';
create index workflow_request_waiting on public.workflow_request (id) where state = 'waiting';

-- Reads every row of the tables: for a look at a quiet time, about a second for each million rows.
create view etl_api.state_counts with (security_invoker = true) as
select c.entity, c.org_id, c.source_id, c.state, c.state_substate, c.rows, c.oldest_at, clock_timestamp() - c.oldest_at as oldest_age
from (
    select 'workflow_request' as entity, org_id, null::uuid as source_id, state::text as state, state_substate, count(*) as rows,
           min(created_at) as oldest_at
    from public.workflow_request group by org_id, state, state_substate
    union all
    select 'activity_request', org_id, null, state::text, state_substate, count(*), min(created_at)
    from public.activity_request group by org_id, state, state_substate
    union all
    -- The smallest id as text, because uuid has no min(); its time is worked out once for each group.
    select 'run_queue', org_id, source_id, state::text, state_substate, count(*), utils.uuid_v7_time(min(id::text collate "C")::uuid)
    from public.run_queue group by org_id, source_id, state, state_substate
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, count(*), utils.uuid_v7_time(min(id::text collate "C")::uuid)
    from public.run_request group by org_id, source_id, state, state_substate
    union all
    select 'delivery', org_id, null, state, null, count(*), min(created_at)
    from public.delivery group by org_id, state
) as c;
comment on view etl_api.state_counts is
    'Rows and the age of the oldest by table, organization, source, state and substate. Reads all rows: see open_state_counts.';

-- Each branch reads one partial index and the rows that it leads to.
create view etl_api.open_state_counts with (security_invoker = true) as
select o.entity, o.org_id, o.source_id, o.state, o.state_substate, count(*) as rows, min(o.made_at) as oldest_at,
       clock_timestamp() - min(o.made_at) as oldest_age
from (
    select 'workflow_request' as entity, org_id, null::uuid as source_id, state::text as state, state_substate, created_at as made_at
    from public.workflow_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'workflow_request', org_id, null, state::text, state_substate, created_at from public.workflow_request where state = 'waiting'
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at
    from public.activity_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at from public.activity_request where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state in ('new', 'valid')
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'ready'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state = 'in_progress' and state_substate = 'fetched'
    union all
    -- Runs that an executor has are found through their exchange, which names them.
    select 'run_queue', r.org_id, r.source_id, r.state::text, r.state_substate, utils.uuid_v7_time(r.id)
    from public.run_request as q
    cross join unnest(q.run_ids) as u(id)
    join public.run_queue as r on r.id = u.id
    where q.state = 'in_progress' and r.state is not distinct from 'in_progress' and r.state_substate is distinct from 'fetched'
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state in ('new', 'valid', 'waiting', 'ready')
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state = 'in_progress'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'ready'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'in_progress'
) as o
group by o.entity, o.org_id, o.source_id, o.state, o.state_substate;
comment on view etl_api.open_state_counts is
    'state_counts for work that is not finished: reads open rows alone, through partial indexes.';

-- Reads the history of the time asked for and sorts it: a few seconds for a million transitions. When the entry before lies before that
-- time, it is looked up by key.
create function etl_api.state_durations(p_from timestamptz, p_to timestamptz)
    returns table (
        hour timestamptz, entity text, from_state text, to_state text, transitions bigint,
        p50_seconds double precision, p95_seconds double precision, p99_seconds double precision)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set enable_bitmapscan = on
    set enable_seqscan = on
as $$
    with entry as (
        select h.entity, h.entity_id, h.sequence, h.from_state, h.to_state, h.at,
               -- By time: the sequence is handed out to sessions a hundred at a time.
               lag(h.at) over (partition by h.entity_id order by h.at, h.sequence) as entered_at
        from public.state_history as h
        where h.at >= p_from and h.at < p_to
    ), lasted as (
        select e.entity, e.from_state, e.to_state, e.at,
               extract(epoch from e.at - coalesce(e.entered_at, before.at))::double precision as seconds
        from entry as e
        left join lateral (
            select h.at from public.state_history as h
            where e.entered_at is null and h.entity_id = e.entity_id and h.at < p_from
            order by h.at desc, h.sequence desc
            limit 1
        ) as before on true
        where e.from_state is not null
    )
    select c.hour, c.entity, c.from_state, c.to_state, c.transitions, c.cuts[1], c.cuts[2], c.cuts[3]
    from (
        select date_trunc('hour', l.at, 'UTC') as hour, l.entity, l.from_state, l.to_state, count(*) as transitions,
               percentile_cont(array[0.5, 0.95, 0.99]) within group (order by l.seconds) as cuts
        from lasted as l
        group by 1, 2, 3, 4
    ) as c
    order by 1, 2, 3, 4
$$;
comment on function etl_api.state_durations(timestamptz, timestamptz) is
    'Per hour and transition: how many, and how long rows had been in the state that they left (median, 95th and 99th percentile).';

create view etl_api.state_durations_of_last_day with (security_invoker = true) as
select * from etl_api.state_durations(statement_timestamp() - interval '24 hours', statement_timestamp());

-- The two halves of the scheduler's metrics. Counting reads what was written meanwhile; durations cost a look-up each, so that of many
-- only every so-manieth is looked at: a histogram of these tells the same.
create function etl_api.transition_counts(p_from timestamptz, p_to timestamptz)
    returns table (entity text, from_state text, to_state text, transitions bigint)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set enable_bitmapscan = on
    set enable_seqscan = on
as $$
    select h.entity, h.from_state, h.to_state, count(*)
    from public.state_history as h
    where h.at >= p_from and h.at < p_to
    group by 1, 2, 3
$$;

create function etl_api.state_duration_buckets(
    p_from timestamptz, p_to timestamptz, p_every integer, p_bounds double precision[]
) returns table (entity text, from_state text, bucket integer, rows bigint, seconds double precision)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set enable_bitmapscan = on
    set enable_seqscan = on
as $$
    select l.entity, l.from_state, width_bucket(l.seconds, p_bounds), count(*), sum(l.seconds)
    from (
        select h.entity, h.from_state, greatest(extract(epoch from h.at - before.at)::double precision, 0) as seconds
        from public.state_history as h
        cross join lateral (
            select b.at from public.state_history as b
            where b.entity_id = h.entity_id and (b.at, b.sequence) < (h.at, h.sequence)
            order by b.at desc, b.sequence desc
            limit 1
        ) as before
        where h.at >= p_from and h.at < p_to and h.from_state is not null and h.sequence % p_every = 0
    ) as l
    group by 1, 2, 3
$$;
comment on function etl_api.state_duration_buckets(timestamptz, timestamptz, integer, double precision[]) is
    'How long rows had been in the state that they left, of every p_every-th transition: bucket 0 lies below the first bound.';

-- One branch for each kind, each through a partial index and bounded by itself, so that no kind hides another.
create function etl_api.stuck_work(p_older_than interval default '5 minutes', p_limit integer default 1000)
    returns table (kind text, org_id uuid, id uuid, since timestamptz, why text)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    -- Compiling a plan of so many branches takes seconds, running it milliseconds.
    set jit = off
as $$
    with recursive cut as materialized (
        select statement_timestamp() - p_older_than as at, utils.uuid_v7_floor(statement_timestamp() - p_older_than) as id
    ), claimant as materialized (
        -- A worker counts as gone since it ended, or since its lease was over; in the future for one that is alive.
        select w.id, coalesce(w.ended_at, greatest(w.heartbeat_at, pg_postmaster_start_time()) + w.lease) as gone_at,
               format('%s on %s (process %s)', w.service, w.host, w.pid) as name
        from public.worker as w
    ), busy as materialized (
        select distinct q.source_id from public.run_request as q where q.state = 'in_progress'
    ), waiting_source as (
        -- One look-up for each source with ready runs.
        (select r.source_id from public.run_queue as r where r.state = 'ready' order by r.source_id limit 1)
        union all
        select next.source_id
        from waiting_source as w
        cross join lateral (
            select r.source_id from public.run_queue as r
            where r.state = 'ready' and r.source_id > w.source_id
            order by r.source_id limit 1
        ) as next
    ), idle_source as materialized (
        select w.source_id from (select * from waiting_source limit 10000) as w
        where w.source_id not in (select source_id from busy)
    ), unclaimed as materialized (
        -- Behind a source that works, runs wait for their turn and are not stuck.
        select r.org_id, r.id
        from idle_source as s
        cross join lateral (
            select r.org_id, r.id from public.run_queue as r
            where r.state = 'ready' and r.source_id = s.source_id and r.id < (select id from cut)
            order by r.id
            limit p_limit
        ) as r
        limit p_limit
    )
    (select 'workflow_not_expanded', w.org_id, w.id, w.created_at, 'no service has made its activity requests'
     from public.workflow_request as w
     where w.state in ('new', 'valid', 'ready', 'in_progress') and w.state in ('new', 'valid') and w.created_at < (select at from cut)
     limit p_limit)
    union all
    (select 'request_not_expanded', r.org_id, r.id, r.created_at, 'no weir-intake has made its runs'
     from public.activity_request as r
     left join public.request_progress as p on p.activity_request_id = r.id
     where r.state in ('new', 'valid', 'ready', 'in_progress') and r.worker_id is null and r.created_at < (select at from cut)
       and (r.state <> 'in_progress' or not p.expanded)
     limit p_limit)
    union all
    (select 'request_not_collected', r.org_id, r.id, h.at, 'all of its runs are closed, and no weir-processor has collected its result'
     from public.activity_request as r
     join public.request_progress as p on p.activity_request_id = r.id
     cross join lateral (
         select coalesce(max(h.at), r.created_at) as at from public.state_history as h where h.entity_id = r.id
     ) as h
     where r.state in ('new', 'valid', 'ready', 'in_progress') and r.state = 'in_progress' and r.worker_id is null
       and r.created_at < (select at from cut) and p.expanded
       and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout
       and h.at < (select at from cut)
     limit p_limit)
    union all
    (select 'request_abandoned', r.org_id, r.id, coalesce(w.gone_at, r.created_at),
            'its worker is gone: ' || coalesce(w.name, 'forgotten by now')
     from public.activity_request as r
     left join claimant as w on w.id = r.worker_id
     where r.state in ('new', 'valid', 'ready', 'in_progress') and r.worker_id is not null
       and coalesce(w.gone_at, r.created_at) < (select at from cut)
     limit p_limit)
    union all
    (select 'request_overdue', r.org_id, r.id, r.deadline_at, 'its deadline has passed, and no weir-scheduler has ended it'
     from public.activity_request as r
     where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') and r.stopping is null and r.deadline_at < (select at from cut)
     order by r.deadline_at
     limit p_limit)
    union all
    (select 'run_not_ready', r.org_id, r.id, utils.uuid_v7_time(r.id), 'nobody makes runs ready that are born in state ' || r.state
     from public.run_queue as r
     where r.state in ('new', 'valid') and r.id < (select id from cut)
     order by r.id
     limit p_limit)
    union all
    (select 'run_not_claimed', r.org_id, r.id, h.at, 'no weir-executor has claimed it, and its source is idle'
     from unclaimed as r
     cross join lateral (
         -- It may be old and have become ready a moment ago.
         select coalesce(max(h.at), utils.uuid_v7_time(r.id)) as at from public.state_history as h where h.entity_id = r.id
     ) as h
     where h.at < (select at from cut))
    union all
    (select 'run_not_woken', r.org_id, r.id, r.due_at, 'its pause is over, and no weir-scheduler has made it ready'
     from public.run_queue as r
     where r.state = 'waiting' and r.due_at < (select at from cut)
     order by r.due_at
     limit p_limit)
    union all
    (select 'run_not_processed', r.org_id, r.id, utils.uuid_v7_time(r.run_request_id),
            'its answer is here, and no weir-processor has mapped it'
     from public.run_queue as r
     where r.state = 'in_progress' and r.state_substate = 'fetched' and r.run_request_id < (select id from cut)
     order by r.run_request_id
     limit p_limit)
    union all
    (select 'exchange_abandoned', q.org_id, q.id, coalesce(w.gone_at, utils.uuid_v7_time(q.id)),
            'its worker is gone: ' || coalesce(w.name, 'forgotten by now')
     from public.run_request as q
     left join claimant as w on w.id = q.worker_id
     where q.state = 'in_progress' and coalesce(w.gone_at, utils.uuid_v7_time(q.id)) < (select at from cut)
     limit p_limit)
    union all
    (select 'exchange_overdue', q.org_id, q.id, utils.uuid_v7_time(q.id) + t.allowed,
            format('its call has not ended within %s seconds; claimed by %s', extract(epoch from t.allowed)::integer, w.name)
     from public.run_request as q
     join claimant as w on w.id = q.worker_id and w.gone_at >= statement_timestamp()
     join public.source as s on s.id = q.source_id
     cross join lateral (
         select make_interval(secs => case when jsonb_typeof(s.setup -> 'timeout_seconds') = 'number'
                                           then least((s.setup ->> 'timeout_seconds')::numeric, 86400)::double precision
                                           else 30 end) as allowed
     ) as t
     where q.state = 'in_progress' and q.id < (select id from cut) and utils.uuid_v7_time(q.id) + t.allowed < (select at from cut)
     limit p_limit)
    union all
    (select 'delivery_not_posted', d.org_id, d.id, d.due_at, 'it is due, and no weir-delivery has posted it'
     from public.delivery as d
     where d.state = 'ready' and d.due_at < (select at from cut)
     order by d.due_at
     limit p_limit)
    union all
    (select 'delivery_abandoned', d.org_id, d.id, coalesce(w.gone_at, d.created_at),
            'its worker is gone: ' || coalesce(w.name, 'forgotten by now')
     from public.delivery as d
     left join claimant as w on w.id = d.worker_id
     where d.state = 'in_progress' and coalesce(w.gone_at, d.created_at) < (select at from cut)
     limit p_limit)
$$;
comment on function etl_api.stuck_work(interval, integer) is
    'Work that nobody holds and nothing hinders, that is held by workers that are gone, or that is overdue; p_limit lines of each kind at most.';

-- With the owner's rights, because services have none on partitions.
create function etl_api.default_partition_rows(p_limit integer default 10000) returns table (table_name text, rows bigint)
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = on
as $$
declare
    partitioned record;
begin
    for partitioned in
        select c.relname, p.partdefid::regclass as default_partition
        from pg_partitioned_table as p
        join pg_class as c on c.oid = p.partrelid
        where c.relnamespace = 'public'::regnamespace and p.partdefid <> 0
        order by c.relname
    loop
        table_name := partitioned.relname;
        execute format('select count(*) from (select from %s limit $1) as d', partitioned.default_partition)
            into rows using p_limit;
        return next;
    end loop;
end
$$;
comment on function etl_api.default_partition_rows(integer) is
    'Rows in the default partition of each partitioned table, counted up to a limit. There should be none.';

grant select on etl_api.state_counts, etl_api.open_state_counts, etl_api.state_durations_of_last_day to weir_service;
grant execute on function etl_api.logger(text, text, text, jsonb, uuid, text, uuid),
    etl_api.state_durations(timestamptz, timestamptz), etl_api.stuck_work(interval, integer) to weir_service;
grant execute on function etl_api.forget_log(interval, integer), etl_api.default_partition_rows(integer),
    etl_api.transition_counts(timestamptz, timestamptz),
    etl_api.state_duration_buckets(timestamptz, timestamptz, integer, double precision[]) to weir_scheduler;

-- migrate:down

set local role weir_owner;
drop function etl_api.default_partition_rows(integer);
drop function etl_api.stuck_work(interval, integer);
drop function etl_api.state_duration_buckets(timestamptz, timestamptz, integer, double precision[]);
drop function etl_api.transition_counts(timestamptz, timestamptz);
drop view etl_api.state_durations_of_last_day;
drop function etl_api.state_durations(timestamptz, timestamptz);
drop view etl_api.open_state_counts;
drop view etl_api.state_counts;
drop index public.workflow_request_waiting;
drop index public.activity_request_waiting;
drop index public.run_request_unclaimed;
drop index public.run_queue_unready;
drop index public.state_history_at;
drop function etl_api.forget_log(interval, integer);
drop function etl_api.logger(text, text, text, jsonb, uuid, text, uuid);
drop table etl_api.etl_log;
