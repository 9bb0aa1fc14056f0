-- Only requests that came with an idempotency key are in its index. It held all of them and leads with the organization, so that the
-- planner could take it for the check of a foreign key and read all requests of an organization to find one.

-- migrate:up

set local role weir_owner;

alter table public.activity_request drop constraint activity_request_idempotency_key_is_unique;
create unique index activity_request_idempotency_key_is_unique on public.activity_request (org_id, idempotency_key)
    where idempotency_key is not null;

-- migrate:down

set local role weir_owner;
drop index public.activity_request_idempotency_key_is_unique;
alter table public.activity_request
    add constraint activity_request_idempotency_key_is_unique unique (org_id, idempotency_key);
