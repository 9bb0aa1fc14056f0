-- The requests of an organization, the newest first.

-- migrate:up

set local role weir_owner;

create index activity_request_of_org on public.activity_request (org_id, id);

-- migrate:down

set local role weir_owner;
drop index public.activity_request_of_org;
