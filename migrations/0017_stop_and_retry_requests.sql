-- What it takes to stop a request (somebody cancels it, or its time is over) and to take a finished one up again.

-- migrate:up

set local role weir_owner;

alter table public.activity_request
    add column deadline_at timestamptz,
    add column stopping text,
    add column stopping_reason text,
    -- How often it was taken up: an outcome is delivered once in each round.
    add column round integer not null default 1,
    add constraint activity_request_stopping_is_known check (stopping in ('cancelled', 'deadline'));
comment on column public.activity_request.deadline_at is 'When its time is over; null for one that has all the time.';
comment on column public.activity_request.stopping is
    'Set while its open runs are being closed, because it was cancelled or its deadline passed. Stays when it has ended so.';
create index activity_request_deadline on public.activity_request (deadline_at)
    where state in ('new', 'valid', 'waiting', 'ready', 'in_progress') and stopping is null;

create index activity_request_stopping on public.activity_request (id)
    where state = 'in_progress' and stopping is not null;

alter table public.run_queue add column retried_at timestamptz;
comment on column public.run_queue.retried_at is 'When it was last taken up again; its time and its attempts are counted from there.';

alter table public.delivery
    add column round integer not null default 1,
    drop constraint delivery_is_made_once,
    add constraint delivery_is_made_once unique (activity_request_id, webhook_endpoint_id, round, org_id);

grant update (deadline_at, stopping, stopping_reason, round) on public.activity_request to weir_intake;
grant update (stopping, stopping_reason) on public.activity_request to weir_scheduler;
-- Intake acts for clients who cancel and retry; the scheduler ends what is overdue.
grant update (state, state_substate, state_reason, attempt, worker_id, due_at, retried_at) on public.run_queue to weir_intake;
grant update (state, state_substate, state_reason, worker_id) on public.run_request to weir_intake;
grant update (state, state_reason, worker_id) on public.delivery to weir_intake;
grant update (objects_total, runs_planned, calls_planned) on public.request_progress to weir_intake;
grant update (expanded) on public.workflow_progress to weir_intake;
grant insert on public.request_progress to weir_scheduler;

-- migrate:down

set local role weir_owner;
revoke insert on public.request_progress from weir_scheduler;
revoke update (expanded) on public.workflow_progress from weir_intake;
revoke update (objects_total, runs_planned, calls_planned) on public.request_progress from weir_intake;
revoke update (state, state_reason, worker_id) on public.delivery from weir_intake;
revoke update (state, state_substate, state_reason, worker_id) on public.run_request from weir_intake;
revoke update (state, state_substate, state_reason, attempt, worker_id, due_at) on public.run_queue from weir_intake;
delete from public.delivery as d
where exists (select from public.delivery as newer
              where newer.activity_request_id = d.activity_request_id and newer.webhook_endpoint_id = d.webhook_endpoint_id
                and newer.round > d.round);
alter table public.delivery
    drop column round,
    add constraint delivery_is_made_once unique (activity_request_id, webhook_endpoint_id, org_id);
alter table public.run_queue drop column retried_at;
alter table public.activity_request
    drop column round,
    drop column stopping_reason,
    drop column stopping,
    drop column deadline_at;
