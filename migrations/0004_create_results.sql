-- Results: values, the collected result of a request, and its delivery.

-- migrate:up

set local role weir_owner;

create table public.value (
    org_id uuid not null,
    run_id uuid not null,
    object_id uuid not null,
    datapoint_id uuid not null,
    source_id uuid not null,
    activity_request_id uuid not null,
    value jsonb not null,
    created_at timestamptz not null default now(),
    -- A run yields one value per object and datapoint, so storing an answer twice changes nothing.
    primary key (run_id, object_id, datapoint_id, org_id)
);
create index value_of_object on public.value (object_id, datapoint_id);
-- No foreign key on object: checking it took 26 of 236 microseconds of a whole run (docs/decisions/0007).
comment on table public.value is 'What a run found out about an object. The newest row of an object and datapoint is its current value.';

create table public.request_result (
    org_id uuid not null,
    activity_request_id uuid not null,
    chunk integer not null,
    objects integer not null,
    body bytea compression lz4 not null,
    primary key (activity_request_id, chunk, org_id),
    foreign key (org_id, activity_request_id) references public.activity_request (org_id, id) on delete cascade
);
comment on table public.request_result is 'The result of a request as NDJSON, in chunks of consecutive objects.';

create table public.delivery (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    activity_request_id uuid not null,
    webhook_endpoint_id uuid not null,
    state text not null default 'ready',
    state_reason text,
    attempt integer not null default 0,
    worker_id uuid,
    due_at timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default clock_timestamp(),
    delivered_at timestamptz,
    payload bytea not null,
    primary key (id, org_id),
    constraint delivery_is_made_once unique (activity_request_id, webhook_endpoint_id, org_id),
    constraint delivery_state_is_known check (state in ('ready', 'in_progress', 'failed', 'delivered')),
    foreign key (org_id, activity_request_id) references public.activity_request (org_id, id) on delete cascade,
    foreign key (org_id, webhook_endpoint_id) references public.webhook_endpoint (org_id, id)
);
create index delivery_ready on public.delivery (due_at) where state = 'ready';
create index delivery_in_progress on public.delivery (worker_id) where state = 'in_progress';
comment on column public.delivery.payload is 'The bytes that are signed and posted, the same in every attempt.';

create table public.delivery_attempt (
    org_id uuid not null,
    delivery_id uuid not null,
    attempt integer not null,
    at timestamptz not null default clock_timestamp(),
    status integer,
    duration_ms real not null,
    error text,
    answer text,
    primary key (delivery_id, attempt, org_id),
    foreign key (org_id, delivery_id) references public.delivery (org_id, id) on delete cascade
);

-- migrate:down

set local role weir_owner;
drop table public.delivery_attempt;
drop table public.delivery;
drop table public.request_result;
drop table public.value;
