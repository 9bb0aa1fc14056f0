-- Values in one form, whatever the API's is: how a datapoint is normalized, what the answer said, and what could not be converted.

-- migrate:up

set local role weir_owner;

alter table public.datapoint
    drop constraint datapoint_type_is_known,
    add constraint datapoint_type_is_known check (data_type in ('text', 'number', 'boolean', 'date', 'datetime', 'json')),
    add column normalization jsonb;
comment on column public.datapoint.normalization is
    'How values are brought into one form: "country", {"decimal": ","}, {"formats": […]} and so on (docs/catalogue.md); null: not at all.';

alter table public.value add column original jsonb;
comment on column public.value.original is 'What the answer says where normalization has changed it, else null.';

create table public.conversion_failure (
    org_id uuid not null,
    run_id uuid not null,
    -- Its place among the failures of the run, from 1; the mapper lists a bounded number of them.
    place integer not null,
    -- Null where a run finds objects.
    object_id uuid,
    -- Null where an object's name was expected.
    datapoint_id uuid,
    source_id uuid not null,
    activity_request_id uuid not null,
    path text not null,
    found text not null,
    reason text not null,
    created_at timestamptz not null default now(),
    primary key (run_id, place, org_id)
);
create index conversion_failure_of_request on public.conversion_failure (activity_request_id, source_id);
-- No foreign keys, as for public.value (docs/decisions/0007).
comment on table public.conversion_failure is
    'What an answer holds and a run could not convert, the first of each run: where it stands, how it begins, and what is wrong with it.';

select etl_api.force_row_security('public.conversion_failure');
create policy service_all on public.conversion_failure to weir_service using (true) with check (true);
grant select on public.conversion_failure to weir_service;
grant insert on public.conversion_failure to weir_processor;

-- migrate:down

set local role weir_owner;
drop table public.conversion_failure;
alter table public.value drop column original;
-- Dates are texts to whoever knows no dates.
update public.datapoint set data_type = 'text' where data_type in ('date', 'datetime');
alter table public.datapoint
    drop column normalization,
    drop constraint datapoint_type_is_known,
    add constraint datapoint_type_is_known check (data_type in ('text', 'number', 'boolean', 'json'));
