-- Which objects of a sourcing request met its factors, and why.

-- migrate:up

set local role weir_owner;

create table public.object_qualification (
    org_id uuid not null,
    activity_request_id uuid not null,
    position integer not null,
    object_id uuid not null,
    qualified boolean not null,
    factors jsonb not null,
    qualified_at timestamptz not null default clock_timestamp(),
    primary key (activity_request_id, position, org_id)
);
create index object_qualification_of_object on public.object_qualification (object_id);
comment on table public.object_qualification is 'The verdict on an object of a sourcing request; made when its result is collected.';
comment on column public.object_qualification.factors is
    'Each factor that was looked at: [{factor, outcome: passed | failed | unknown, sentence, value?}].';

select etl_api.force_row_security('public.object_qualification');
create policy service_all on public.object_qualification to weir_service using (true) with check (true);
grant select on public.object_qualification to weir_service;
grant insert, delete on public.object_qualification to weir_processor;

-- Null as long as nothing has been held against factors.
alter table public.request_progress
    add column objects_qualified integer,
    add column objects_unqualified integer;
grant update (objects_qualified, objects_unqualified) on public.request_progress to weir_processor;

-- migrate:down

set local role weir_owner;
alter table public.request_progress
    drop column objects_unqualified,
    drop column objects_qualified;
drop table public.object_qualification;
