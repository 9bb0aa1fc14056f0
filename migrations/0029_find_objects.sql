-- Runs that find objects instead of asking about one: they have no object (run_queue.object_id is null, position 0), and what they find
-- becomes objects of their request, in the order of finding.

-- migrate:up

set local role weir_owner;

create table public.object_finding (
    org_id uuid not null,
    activity_request_id uuid not null,
    object_id uuid not null,
    run_id uuid not null,
    source_id uuid not null,
    value_bytes integer not null default 0,
    note text,
    primary key (activity_request_id, object_id, run_id, org_id)
);
create index object_finding_of_object on public.object_finding (object_id, source_id);
comment on table public.object_finding is
    'Which run of which source found an object. Its place among the request''s objects stands in request_object.';
comment on column public.object_finding.value_bytes is 'The bytes of the values that came with it, as run_queue.value_bytes counts them.';
comment on column public.object_finding.note is 'What was not as expected about this object, for people.';

select etl_api.force_row_security('public.object_finding');
create policy service_all on public.object_finding to weir_service using (true) with check (true);
grant select on public.object_finding to weir_service;

comment on column public.run_queue.object_id is 'The object that it asks about; null when it looks for objects.';

-- The processor stores what runs find.
grant insert on public.object, public.request_object, public.object_finding to weir_processor;
grant update (objects_total, objects_expanded) on public.request_progress to weir_processor;

-- migrate:down

set local role weir_owner;
revoke update (objects_total, objects_expanded) on public.request_progress from weir_processor;
revoke insert on public.object, public.request_object from weir_processor;
comment on column public.run_queue.object_id is null;
drop table public.object_finding;
