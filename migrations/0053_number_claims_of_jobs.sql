-- Steps of jobs are recorded under the claim that they were taken with, and jobs whose time is over are found whatever keeps their steps
-- from being taken.

-- migrate:up

set local role weir_owner;

alter table public.external_job add column claim integer not null default 1;
comment on column public.external_job.claim is
    'Counts the claims of its steps: what a step came to is recorded under the number of its own claim only, and so only once.';

create index external_job_submitted on public.external_job (source_id, (coalesce(submitted_at, created_at)))
    where worker_id is null and phase in ('submitting', 'unknown', 'polling');
create index external_job_progressed on public.external_job (source_id, (coalesce(progressed_at, created_at)))
    where worker_id is null and phase = 'polling';

create or replace function etl_api.handle_snapshot_response() returns trigger
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
        set state = 'waiting', state_substate = 'external_job', worker_id = null,
            state_reason = 'the API has taken the job and works on it'
        from new_rows as n
        join public.run_queue as r on r.id = n.run_id and r.org_id = n.org_id
        where q.id = r.run_request_id and q.org_id = n.org_id and q.state = 'in_progress' and n.run_request_id is null;
        update public.run_queue as r
        set state = 'waiting', state_substate = 'external_job', worker_id = null, due_at = 'infinity',
            state_reason = 'the API has taken the job and works on it'
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

-- migrate:down

set local role weir_owner;
create or replace function etl_api.handle_snapshot_response() returns trigger
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
drop index public.external_job_submitted, public.external_job_progressed;
alter table public.external_job drop column claim;
