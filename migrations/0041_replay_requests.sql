-- Stored answers can be mapped anew, with the mapping of today or with one that a request is given.

-- migrate:up

set local role weir_owner;

create table public.request_mapping (
    org_id uuid not null,
    activity_request_id uuid not null,
    source_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    mapping jsonb not null,
    reason text,
    created_at timestamptz not null default clock_timestamp(),
    primary key (activity_request_id, source_id, org_id),
    foreign key (org_id, activity_request_id) references public.activity_request (org_id, id) on delete cascade
);
create unique index request_mapping_of_id on public.request_mapping (id);
comment on table public.request_mapping is
    'What the answers of a source are mapped to for one request, in place of the mapping in the catalogue; given with a replay.';
comment on column public.request_mapping.id is 'A new one for every mapping, so that one that was read once need not be read again.';
comment on column public.request_mapping.mapping is
    '[{object_type, object_path, object_path_type, datapoints: [{id, key, type, normalization, paths}]}], the types and datapoints by their ids.';

select etl_api.force_row_security('public.request_mapping');
create policy service_all on public.request_mapping to weir_service using (true) with check (true);
grant select on public.request_mapping to weir_service;
grant insert, update, delete on public.request_mapping to weir_intake;

alter table public.run_queue add column replayed_at timestamptz;
comment on column public.run_queue.replayed_at is 'When its stored answer was last given to be mapped anew; its values are those of that mapping then.';
grant update (replayed_at) on public.run_queue to weir_intake;
-- What runs have found is found anew.
grant delete on public.request_object, public.object_finding to weir_intake;
-- New values take the place of the old ones.
grant delete on public.value, public.conversion_failure to weir_processor;

-- migrate:down

set local role weir_owner;
revoke delete on public.value, public.conversion_failure from weir_processor;
revoke delete on public.request_object, public.object_finding from weir_intake;
alter table public.run_queue drop column replayed_at;
drop table public.request_mapping;
