-- Templates for every step of a source's jobs, and limits that sources share as a catalogue declares them.

-- migrate:up

set local role weir_owner;

alter table public.rate_group
    add column created_at timestamptz not null default now(),
    add constraint rate_group_key_is_a_word check (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    add constraint rate_group_concurrency_within_bounds check (concurrency between 1 and 1024),
    add constraint rate_group_rate_within_bounds check (calls between 1 and 1000000 and per_seconds between 0.001 and 3600),
    add constraint rate_group_rate_is_whole check ((calls is null) = (per_seconds is null)),
    add constraint rate_group_limits_something check (concurrency is not null or calls is not null);
comment on table public.rate_group is
    'A limit that sources of several organizations share: calls in flight, and calls that begin per stretch of time. Only operators write it.';

alter table public.source
    add column status_request_template jsonb,
    add column delivery_request_template jsonb,
    add column abort_request_template jsonb,
    add column cleanup_request_template jsonb,
    add column lookup_request_template jsonb;
create index source_of_rate_group on public.source (rate_group_id) where rate_group_id is not null;
comment on column public.source.setup is
    'How the API is called: bounds, retry, rate, auth, pagination, response_rules, job; docs/catalogue.md describes the members.';

-- migrate:down

set local role weir_owner;
comment on column public.source.setup is
    'concurrency, timeout_seconds, run_timeout_seconds, response_bytes_max, retry {attempts, base_seconds, max_seconds}: defaults stand in docs/catalogue.md';
drop index public.source_of_rate_group;
alter table public.source
    drop column lookup_request_template,
    drop column cleanup_request_template,
    drop column abort_request_template,
    drop column delivery_request_template,
    drop column status_request_template;
comment on table public.rate_group is null;
alter table public.rate_group
    drop constraint rate_group_limits_something,
    drop constraint rate_group_rate_is_whole,
    drop constraint rate_group_rate_within_bounds,
    drop constraint rate_group_concurrency_within_bounds,
    drop constraint rate_group_key_is_a_word,
    drop column created_at;
