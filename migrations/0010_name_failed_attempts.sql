-- A short word for programs on each failed attempt of a webhook, as runs have one.

-- migrate:up

set local role weir_owner;

alter table public.delivery_attempt add column substate text;
comment on column public.delivery_attempt.substate is
    'Why the endpoint did not take it: secret_missing, secret_invalid, http_NNN, or what the connection came to. Null when it took it.';

-- migrate:down

set local role weir_owner;
alter table public.delivery_attempt drop column substate;
