-- Jobs at an API: submitted, polled, fetched; by whichever executor, whatever dies on the way (docs/decisions/0018).

-- migrate:up

set local role weir_owner;

create table public.external_job (
    org_id uuid not null,
    run_request_id uuid not null,
    source_id uuid not null,
    phase text not null,
    external_id text,
    -- When the next step is to be taken; only by who holds the job.
    due_at timestamptz not null default clock_timestamp(),
    worker_id uuid,
    submitted_at timestamptz,
    progress text,
    progressed_at timestamptz,
    polls integer not null default 0,
    -- Steps that failed in a row.
    tries integer not null default 0,
    log_lines integer not null default 0,
    called_back_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    primary key (run_request_id, org_id),
    constraint external_job_phase_is_known check (phase in ('submitting', 'unknown', 'polling', 'aborting', 'cleaning')),
    constraint external_job_has_an_id check (phase in ('submitting', 'unknown') or external_id is not null),
    constraint external_job_within_bounds check (octet_length(external_id) between 1 and 1000 and octet_length(progress) <= 1000)
) with (fillfactor = 50);
create index external_job_due on public.external_job (source_id, due_at) where worker_id is null;
create index external_job_held on public.external_job (worker_id) where worker_id is not null;
comment on table public.external_job is
    'A job that runs at an API, or may: one exchange''s, from just before its submission until nothing of it is left to do.';
comment on column public.external_job.phase is
    'submitting: its call may be under way. unknown: nobody knows whether it arrived. polling: it has an id. aborting, cleaning: its runs are over.';

create table public.snapshot_run_rel (
    org_id uuid not null,
    snapshot_id text not null,
    run_id uuid not null,
    source_id uuid not null,
    run_request_id uuid,
    created_at timestamptz not null default clock_timestamp(),
    primary key (run_id, snapshot_id, org_id),
    constraint snapshot_id_within_bounds check (octet_length(snapshot_id) between 1 and 1000)
);
create index snapshot_run_rel_of_snapshot on public.snapshot_run_rel (source_id, snapshot_id);
comment on table public.snapshot_run_rel is 'Which job of a source''s API (snapshot_id: its own id there) serves which run.';

select etl_api.force_row_security(t) from unnest(array['public.external_job', 'public.snapshot_run_rel']::regclass[]) as t;
create policy service_all on public.external_job to weir_service using (true) with check (true);
create policy service_all on public.snapshot_run_rel to weir_service using (true) with check (true);
grant select on public.external_job, public.snapshot_run_rel to weir_service;
grant insert, update, delete on public.external_job to weir_executor;
grant insert on public.snapshot_run_rel to weir_executor;
grant update (due_at, called_back_at) on public.external_job to weir_intake;
grant update (due_at, phase, tries, worker_id) on public.external_job to weir_scheduler;
grant delete on public.snapshot_run_rel to weir_scheduler;
grant execute on function etl_api.kept_since() to weir_scheduler;

-- Who submits by other means and names the job here (spec 11.2) has it followed like any other: the exchange of the run, which some
-- worker holds, then waits for the job.
create function etl_api.handle_snapshot_response() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The executor's own rows come with their job.
    insert into public.external_job (org_id, run_request_id, source_id, phase, external_id, submitted_at, progressed_at)
    select distinct on (r.run_request_id)
           n.org_id, r.run_request_id, q.source_id, 'polling', n.snapshot_id, clock_timestamp(), clock_timestamp()
    from new_rows as n
    join public.run_queue as r on r.id = n.run_id and r.org_id = n.org_id
    join public.run_request as q on q.id = r.run_request_id and q.org_id = n.org_id and q.state = 'in_progress'
    where n.run_request_id is null
    order by r.run_request_id, n.snapshot_id
    on conflict (run_request_id, org_id) do nothing;
    if found then
        update public.run_request as q
        set state = 'waiting', state_substate = 'external_job', worker_id = null
        from new_rows as n
        join public.run_queue as r on r.id = n.run_id and r.org_id = n.org_id
        where q.id = r.run_request_id and q.org_id = n.org_id and q.state = 'in_progress' and n.run_request_id is null;
        update public.run_queue as r
        set state = 'waiting', state_substate = 'external_job', worker_id = null, due_at = 'infinity'
        from new_rows as n
        join public.run_queue as own on own.id = n.run_id and own.org_id = n.org_id
        join public.run_request as q on q.id = own.run_request_id and q.org_id = n.org_id
        where r.id = any (q.run_ids) and r.org_id = n.org_id and r.run_request_id = q.id and r.state = 'in_progress'
          and n.run_request_id is null;
        perform pg_notify('weir_external_job', '');
    end if;
    return null;
end
$$;
comment on function etl_api.handle_snapshot_response() is
    'Makes the exchange of a run wait for the job that was named for it, and the job be polled.';
create trigger handle_snapshot_response after insert on public.snapshot_run_rel
    referencing new table as new_rows
    for each statement execute function etl_api.handle_snapshot_response();

-- migrate:down

set local role weir_owner;
-- Nobody would follow them any more.
update public.run_queue as r
set state = 'ready', state_substate = null, due_at = null
from public.external_job as j
where r.run_request_id = j.run_request_id and r.org_id = j.org_id and r.state = 'waiting' and r.due_at = 'infinity';
update public.run_request as q
set state = 'timedout', state_substate = 'external_job'
from public.external_job as j
where q.id = j.run_request_id and q.org_id = j.org_id and q.state = 'waiting';
revoke execute on function etl_api.kept_since() from weir_scheduler;
drop table public.snapshot_run_rel;
drop function etl_api.handle_snapshot_response();
drop table public.external_job;
