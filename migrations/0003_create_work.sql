-- Work: requests, the objects they name, runs, exchanges, raw answers and their log.
--
-- Keys and indexes of work lead with their most selective column, not with org_id: a new partition has no statistics yet,
-- and a planner that can use an index by the organization alone does so, and is quadratic (docs/decisions/0006).
--
-- run_queue, run_request, run_result, run_log and state_history are partitioned by the time inside their UUIDv7 (see
-- 0005). No foreign key points at them, because a partition that one refers to cannot be dropped.

-- migrate:up

set local role weir_owner;

create type public.activity_request_state as enum (
    'new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.run_queue_state as enum (
    'new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.run_request_state as enum (
    'new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.workflow_request_state as enum (
    'new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');

create table public.worker (
    id uuid primary key,
    service text not null,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp(),
    lease interval not null default '15 seconds',
    -- Set when its claims are void: it went away, or was silent for longer than its lease. It never comes back as itself.
    ended_at timestamptz,
    ended_reason text,
    released_at timestamptz
) with (fillfactor = 50);
comment on table public.worker is 'A running process that may hold claims. Leases stand here, not on each run.';
create index worker_unreleased on public.worker (id) where released_at is null;

create table public.activity_request (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    activity_id uuid not null,
    state public.activity_request_state not null default 'new',
    state_substate text,
    state_reason text,
    attempt integer not null default 0,
    worker_id uuid,
    content jsonb not null,
    origin text not null default 'sql',
    idempotency_key text,
    idempotency_fingerprint bytea,
    traceparent text,
    created_at timestamptz not null default clock_timestamp(),
    primary key (id, org_id),
    constraint activity_request_id_is_unique unique (id),
    constraint activity_request_idempotency_key_is_unique unique (org_id, idempotency_key),
    constraint activity_request_origin_is_known check (origin in ('http', 'bus', 'sql')),
    foreign key (org_id, activity_id) references public.activity (org_id, id)
);
-- Work that waits for the expander or the collector. Everything open is few, so one small index serves them all.
create index activity_request_open on public.activity_request (state, org_id, id)
    where state in ('new', 'valid', 'ready', 'in_progress');

create table public.request_progress (
    org_id uuid not null,
    activity_request_id uuid not null,
    objects_total integer not null default 0,
    objects_expanded integer not null default 0,
    expanded boolean not null default false,
    runs_planned integer not null default 0,
    calls_planned integer not null default 0,
    runs_total integer not null default 0,
    runs_done integer not null default 0,
    runs_failed integer not null default 0,
    runs_invalid integer not null default 0,
    runs_timedout integer not null default 0,
    primary key (activity_request_id, org_id),
    foreign key (org_id, activity_request_id) references public.activity_request (org_id, id) on delete cascade
) with (fillfactor = 40);
comment on table public.request_progress is
    'Counters of a request, kept by the triggers of run_queue. Narrow, because every batch of runs updates it.';

create table public.object (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    object_type_id uuid not null,
    original_object_value_name text not null collate "C",
    request_id uuid,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (id, org_id),
    constraint object_name_is_unique unique (object_type_id, original_object_value_name, org_id),
    constraint object_name_within_bounds check (octet_length(original_object_value_name) between 1 and 1000),
    foreign key (org_id, object_type_id) references public.object_type (org_id, id)
);
comment on column public.object.request_id is 'The activity request that named or found the object first.';

create table public.request_object (
    org_id uuid not null,
    activity_request_id uuid not null,
    position integer not null,
    object_id uuid not null,
    name text not null collate "C",
    primary key (activity_request_id, position, org_id)
);
comment on table public.request_object is 'The objects that a request names, in its order. A narrow child: its key is its place in the request.';

create table public.run_queue (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    activity_request_id uuid not null,
    source_id uuid not null,
    object_id uuid,
    run_request_id uuid,
    worker_id uuid,
    due_at timestamptz,
    position integer not null,
    attempt integer not null default 0,
    state public.run_queue_state not null default 'new',
    state_substate text,
    state_reason text,
    primary key (id, org_id)
) partition by range (id);
create index run_queue_ready on public.run_queue (source_id, id) where state = 'ready';
create index run_queue_fetched on public.run_queue (run_request_id, id)
    where state = 'in_progress' and state_substate = 'fetched';
create index run_queue_waiting on public.run_queue (due_at) where state = 'waiting';
create index run_queue_of_request on public.run_queue (activity_request_id, position);

create table public.run_request (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    source_id uuid not null,
    worker_id uuid,
    attempt integer not null default 0,
    state public.run_request_state not null default 'new',
    state_substate text,
    state_reason text,
    -- The runs that this exchange serves; each of them names it in turn. Kept here so that closing it needs no search.
    run_ids uuid[] not null,
    primary key (id, org_id)
) partition by range (id);
create index run_request_in_progress on public.run_request (worker_id) where state = 'in_progress';
comment on table public.run_request is 'One HTTP exchange for 1 to max_objects runs of one source.';

create table public.run_result (
    org_id uuid not null,
    run_request_id uuid not null,
    status integer not null,
    content_type text,
    received_at timestamptz not null default clock_timestamp(),
    body bytea compression lz4 not null,
    primary key (run_request_id, org_id)
) partition by range (run_request_id);
comment on table public.run_result is 'Raw answers, as bytes: what an API sends need not be storable as text or JSON.';

create table public.run_log (
    org_id uuid not null,
    run_request_id uuid not null,
    sequence integer not null default 1,
    at timestamptz not null default clock_timestamp(),
    method text not null,
    url text not null,
    status integer,
    duration_ms real not null,
    response_bytes integer not null default 0,
    error text,
    primary key (run_request_id, sequence, org_id)
) partition by range (run_request_id);
comment on column public.run_log.url is 'As called, with every secret masked.';

create table public.dead_message (
    id uuid primary key default utils.uuid_v7(),
    received_at timestamptz not null default clock_timestamp(),
    service text not null,
    topic text not null,
    key text not null,
    reason text not null,
    body bytea not null,
    constraint dead_message_body_within_bounds check (octet_length(body) <= 65536)
);
comment on table public.dead_message is 'What came over the bus and could not be read, with the reason; the first 64 KiB of it.';

-- migrate:down

set local role weir_owner;
drop table public.dead_message;
drop table public.run_log;
drop table public.run_result;
drop table public.run_request;
drop table public.run_queue;
drop table public.request_object;
drop table public.object;
drop table public.request_progress;
drop table public.activity_request;
drop table public.worker;
drop type public.workflow_request_state;
drop type public.run_request_state;
drop type public.run_queue_state;
drop type public.activity_request_state;
