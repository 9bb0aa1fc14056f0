-- What is delivered is an event: the end of an activity request, of a workflow request, or something about an endpoint itself. Endpoints say which events
-- of their organization they want, and with what secrets, headers and limits; workflows are declared.

-- migrate:up

set local role weir_owner;

create table public.workflow (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    name text not null,
    data jsonb not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint workflow_key_is_unique unique (org_id, key)
);
comment on table public.workflow is 'Several activities in phases; the objects of one flow to its destinations.';
comment on column public.workflow.data is
    '{KEY: {id, type, setup: {config: {phase, max_objects, on_failure}}, destination: {activity: {id: []}}}}, ids being those of activities.';

create table public.workflow_endpoint (
    org_id uuid not null,
    workflow_id uuid not null,
    webhook_endpoint_id uuid not null,
    primary key (org_id, workflow_id, webhook_endpoint_id),
    foreign key (org_id, workflow_id) references public.workflow (org_id, id) on delete cascade,
    foreign key (org_id, webhook_endpoint_id) references public.webhook_endpoint (org_id, id)
);

alter table public.webhook_endpoint
    alter column secret_name drop not null,
    add column event_types text[],
    add column headers jsonb not null default '{}',
    add column calls integer,
    add column per_seconds double precision,
    add column is_ordered boolean not null default false,
    add column disabled_at timestamptz,
    add column disabled_reason text,
    add constraint webhook_endpoint_rate_is_whole check ((calls is null) = (per_seconds is null) and calls > 0 and per_seconds > 0);
comment on column public.webhook_endpoint.secret_name is 'The name of its signing secret; null when Weir has made its secrets, see webhook_secret.';
comment on column public.webhook_endpoint.event_types is
    'Events of its organization that it gets without being named, ''*'' for all; null for none but what activities and workflows name it for.';
comment on column public.webhook_endpoint.headers is 'Further headers of every delivery, by name; a value may refer to <<$secret.NAME>>.';
comment on column public.webhook_endpoint.is_ordered is 'Deliveries about one subject arrive in the order in which they were made.';

create table public.webhook_secret (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    webhook_endpoint_id uuid not null,
    kind text not null,
    sealed bytea not null,
    public_key text,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, webhook_endpoint_id) references public.webhook_endpoint (org_id, id) on delete cascade,
    constraint webhook_secret_kind_is_known check (kind in ('whsec', 'whsk'))
);
create index webhook_secret_of_endpoint on public.webhook_secret (webhook_endpoint_id);
comment on table public.webhook_secret is 'Signing secrets that Weir has made, sealed with WEIR_SIGNING_KEY; each is shown once, when it is made.';
comment on column public.webhook_secret.expires_at is 'When it signs no more, because another has taken its place; null while nothing has.';

create table public.endpoint_health (
    org_id uuid not null,
    webhook_endpoint_id uuid not null,
    -- Since when nothing has got through; null when the last attempt did.
    failing_since timestamptz,
    last_success_at timestamptz,
    -- The breaker: closed when null; nothing is posted before this.
    open_until timestamptz,
    opened integer not null default 0,
    primary key (webhook_endpoint_id, org_id),
    foreign key (org_id, webhook_endpoint_id) references public.webhook_endpoint (org_id, id) on delete cascade
) with (fillfactor = 40);
comment on table public.endpoint_health is 'How the deliveries to an endpoint go.';

alter table public.delivery
    alter column activity_request_id drop not null,
    add column workflow_request_id uuid,
    add column event_type text not null default 'activity_request.completed',
    -- Deliveries with the same subject are about the same thing, for endpoints that want an order.
    add column subject text,
    add foreign key (org_id, workflow_request_id) references public.workflow_request (org_id, id) on delete cascade,
    add constraint delivery_has_one_request check (num_nonnulls(activity_request_id, workflow_request_id) <= 1),
    add constraint delivery_of_workflow_is_made_once unique (workflow_request_id, webhook_endpoint_id, round, org_id);
comment on column public.delivery.event_type is 'activity_request.completed, workflow_request.completed, webhook_endpoint.test or webhook_endpoint.disabled.';

select etl_api.force_row_security(t.name)
from unnest(array['public.workflow', 'public.workflow_endpoint', 'public.webhook_secret', 'public.endpoint_health']::regclass[]) as t(name);
create policy service_all on public.workflow to weir_service using (true) with check (true);
create policy service_all on public.workflow_endpoint to weir_service using (true) with check (true);
create policy service_all on public.webhook_secret to weir_service using (true) with check (true);
create policy service_all on public.endpoint_health to weir_service using (true) with check (true);
grant select on public.workflow, public.workflow_endpoint, public.webhook_secret, public.endpoint_health to weir_service;

-- migrate:down

set local role weir_owner;
delete from public.delivery where activity_request_id is null;
alter table public.delivery
    drop constraint delivery_of_workflow_is_made_once,
    drop constraint delivery_has_one_request,
    drop column subject,
    drop column event_type,
    drop column workflow_request_id,
    alter column activity_request_id set not null;
drop table public.endpoint_health;
drop table public.webhook_secret;
delete from public.delivery as d
using public.webhook_endpoint as e where e.org_id = d.org_id and e.id = d.webhook_endpoint_id and e.secret_name is null;
delete from public.activity_endpoint as l
using public.webhook_endpoint as e where e.org_id = l.org_id and e.id = l.webhook_endpoint_id and e.secret_name is null;
drop table public.workflow_endpoint;
drop table public.workflow;
delete from public.webhook_endpoint where secret_name is null;
alter table public.webhook_endpoint
    drop constraint webhook_endpoint_rate_is_whole,
    drop column disabled_reason,
    drop column disabled_at,
    drop column is_ordered,
    drop column per_seconds,
    drop column calls,
    drop column headers,
    drop column event_types,
    alter column secret_name set not null;
