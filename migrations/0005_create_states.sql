-- Which transitions exist, who refused the others, and the history of all of them.
--
-- The same table stands in Swift (Libraries/States); a test holds the two against each other.

-- migrate:up

set local role weir_owner;

create table public.state_transition (
    entity text not null,
    from_state text not null,
    to_state text not null,
    kind text not null,
    rule text not null,
    primary key (entity, from_state, to_state),
    constraint state_transition_kind_is_known check (kind in ('normal', 'recovery'))
);

insert into public.state_transition (entity, from_state, to_state, kind, rule)
select e.entity, t.from_state, t.to_state, t.kind, t.rule
from (values ('workflow_request', true), ('activity_request', true), ('run_queue', false), ('run_request', false))
         as e(entity, is_request)
cross join (values
    ('new', 'valid', 'normal', 'checked', false),
    ('new', 'invalid', 'normal', 'checked', false),
    ('valid', 'ready', 'normal', 'can start', false),
    ('valid', 'waiting', 'normal', 'waits for something else', false),
    ('waiting', 'ready', 'normal', 'the wait is over', false),
    ('waiting', 'invalid', 'normal', 'what it waited for is missing', false),
    ('waiting', 'timedout', 'normal', 'waited too long', false),
    ('ready', 'in_progress', 'normal', 'claimed', false),
    ('in_progress', 'done', 'normal', 'succeeded', false),
    ('in_progress', 'failed', 'normal', 'failed', false),
    ('in_progress', 'timedout', 'normal', 'took too long', false),
    ('done', 'delivered', 'normal', 'the endpoint accepted it', true),
    ('in_progress', 'ready', 'recovery', 'lease expired or back-off over', false),
    ('in_progress', 'waiting', 'recovery', 'external job or back-off', false),
    ('waiting', 'in_progress', 'recovery', 'external job is polled', false),
    ('failed', 'ready', 'recovery', 'retry', false),
    ('timedout', 'ready', 'recovery', 'retry', false),
    ('invalid', 'ready', 'recovery', 'retry', false),
    ('done', 'in_progress', 'recovery', 'retry or replay', false),
    ('delivered', 'in_progress', 'recovery', 'retry or replay inside a finished request', true),
    ('new', 'timedout', 'recovery', 'deadline', false),
    ('valid', 'timedout', 'recovery', 'deadline', false),
    ('ready', 'timedout', 'recovery', 'deadline', false),
    ('new', 'failed', 'recovery', 'cancelled', false),
    ('valid', 'failed', 'recovery', 'cancelled', false),
    ('waiting', 'failed', 'recovery', 'cancelled', false),
    ('ready', 'failed', 'recovery', 'cancelled', false)
) as t(from_state, to_state, kind, rule, requests_only)
where (e.is_request or not t.requests_only)
  -- An exchange is over when it is done; replaying maps its answer again.
  and not (e.entity = 'run_request' and t.from_state = 'done');

create table public.state_history (
    org_id uuid not null,
    entity_id uuid not null,
    sequence bigint generated always as identity (cache 100),
    entity text not null,
    from_state text,
    to_state text not null,
    substate text,
    reason text,
    attempt integer not null,
    actor text not null,
    at timestamptz not null,
    primary key (entity_id, sequence, org_id)
) partition by range (entity_id);
comment on table public.state_history is 'Every change of state: who, why, which attempt, from, to, when. Written by triggers, one insert per batch.';

-- Each table gets two statement-level triggers with transition tables. Their functions are alike but for the table's
-- name, so they are made from one text.
do $$
declare
    entity text;
begin
    foreach entity in array array['activity_request', 'run_queue', 'run_request'] loop
        execute format($make$
            create function etl_api.record_insert_of_%1$s() returns trigger
                language plpgsql security definer
                set search_path = pg_catalog, pg_temp
            as $body$
            begin
                insert into public.state_history (org_id, entity_id, entity, to_state, substate, reason, attempt, actor, at)
                select org_id, id, %1$L, state::text, state_substate, state_reason, attempt,
                       current_setting('application_name'), clock_timestamp()
                from inserted;
                return null;
            end
            $body$;

            create function etl_api.record_update_of_%1$s() returns trigger
                language plpgsql security definer
                set search_path = pg_catalog, pg_temp
                -- Services plan by key only (docs/decisions/0006); here two batches of equal size meet.
                set enable_hashjoin = on
            as $body$
            declare
                refused record;
            begin
                with changed as materialized (
                    select after.org_id, after.id, before.state::text as from_state, after.state::text as to_state,
                           after.state_substate, after.state_reason, after.attempt
                    from updated_to as after
                    left join updated_from as before on before.org_id = after.org_id and before.id = after.id
                    where before.state is distinct from after.state
                ), written as (
                    insert into public.state_history
                        (org_id, entity_id, entity, from_state, to_state, substate, reason, attempt, actor, at)
                    select org_id, id, %1$L, from_state, to_state, state_substate, state_reason, attempt,
                           current_setting('application_name'), clock_timestamp()
                    from changed
                )
                select id, from_state, to_state into refused
                from changed
                where from_state is null
                   or (from_state, to_state) not in (
                        select t.from_state, t.to_state from public.state_transition as t where t.entity = %1$L)
                limit 1;
                if found and refused.from_state is null then
                    raise exception '%1$s %%: no row had this key before; keys do not change', refused.id
                        using errcode = 'restrict_violation', table = %1$L;
                elsif found then
                    raise exception '%1$s %%: %% → %% is not an allowed transition',
                        refused.id, refused.from_state, refused.to_state
                        using errcode = 'WR001', table = %1$L,
                              hint = 'The allowed ones stand in state_transition and in docs/states.md.';
                end if;
                return null;
            end
            $body$;

            create trigger record_insert after insert on public.%1$I
                referencing new table as inserted
                for each statement execute function etl_api.record_insert_of_%1$s();
            create trigger record_update after update on public.%1$I
                referencing old table as updated_from new table as updated_to
                for each statement execute function etl_api.record_update_of_%1$s();
        $make$, entity);
    end loop;
end
$$;

-- Counters follow the runs in the same transaction. Triggers of one event fire in the order of their names: "z" comes
-- last, so that the counters, which everybody wants, are locked for the shortest time.
create function etl_api.count_inserted_runs() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Whoever counts for several requests locks them in one order.
    if exists (
        select from inserted
        where activity_request_id <> (select first.activity_request_id from inserted as first limit 1)
    ) then
        perform from public.request_progress as p
        where (p.org_id, p.activity_request_id) in (select org_id, activity_request_id from inserted)
        order by p.org_id, p.activity_request_id
        for no key update;
    end if;
    -- A run may be born in any state, a final one too.
    update public.request_progress as p
    set runs_total = p.runs_total + d.total,
        runs_done = p.runs_done + d.done,
        runs_failed = p.runs_failed + d.failed,
        runs_invalid = p.runs_invalid + d.invalid,
        runs_timedout = p.runs_timedout + d.timedout
    from (
        select org_id, activity_request_id, count(*) as total,
               count(*) filter (where state = 'done') as done,
               count(*) filter (where state = 'failed') as failed,
               count(*) filter (where state = 'invalid') as invalid,
               count(*) filter (where state = 'timedout') as timedout
        from inserted
        group by org_id, activity_request_id
    ) as d
    where p.org_id = d.org_id and p.activity_request_id = d.activity_request_id;
    return null;
end
$$;

create function etl_api.count_updated_runs() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set enable_hashjoin = on
as $$
begin
    -- Nothing became final, nothing stopped being final: nothing to count.
    if not exists (select from updated_to where state in ('done', 'failed', 'invalid', 'timedout'))
       and not exists (select from updated_from where state in ('done', 'failed', 'invalid', 'timedout')) then
        return null;
    end if;
    if exists (
        select from updated_to
        where activity_request_id <> (select first.activity_request_id from updated_to as first limit 1)
    ) then
        perform from public.request_progress as p
        where (p.org_id, p.activity_request_id) in (select org_id, activity_request_id from updated_to)
        order by p.org_id, p.activity_request_id
        for no key update;
    end if;
    update public.request_progress as p
    set runs_done = p.runs_done + d.done,
        runs_failed = p.runs_failed + d.failed,
        runs_invalid = p.runs_invalid + d.invalid,
        runs_timedout = p.runs_timedout + d.timedout
    from (
        select org_id, activity_request_id,
               sum(sign) filter (where state = 'done') as done,
               sum(sign) filter (where state = 'failed') as failed,
               sum(sign) filter (where state = 'invalid') as invalid,
               sum(sign) filter (where state = 'timedout') as timedout
        from (
            select org_id, activity_request_id, state, 1 as sign from updated_to
            union all
            select org_id, activity_request_id, state, -1 from updated_from
        ) as signed
        group by org_id, activity_request_id
    ) as s
    cross join lateral (
        select coalesce(s.done, 0) as done, coalesce(s.failed, 0) as failed,
               coalesce(s.invalid, 0) as invalid, coalesce(s.timedout, 0) as timedout
    ) as d
    where p.org_id = s.org_id and p.activity_request_id = s.activity_request_id;
    return null;
end
$$;

create trigger z_count_inserted after insert on public.run_queue
    referencing new table as inserted
    for each statement execute function etl_api.count_inserted_runs();
create trigger z_count_updated after update on public.run_queue
    referencing old table as updated_from new table as updated_to
    for each statement execute function etl_api.count_updated_runs();

-- A request that somebody inserted by plain SQL is picked up at once. Intake's own inserts are born valid and are not
-- announced this way, because NOTIFY serializes commits.
create function etl_api.trigger_process_activity_request() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from inserted where state = 'new') then
        perform pg_notify('weir_activity_request', '');
    end if;
    return null;
end
$$;

create trigger trg_process_activity_request after insert on public.activity_request
    referencing new table as inserted
    for each statement execute function etl_api.trigger_process_activity_request();

-- migrate:down

set local role weir_owner;
drop trigger trg_process_activity_request on public.activity_request;
drop function etl_api.trigger_process_activity_request();
drop trigger z_count_updated on public.run_queue;
drop trigger z_count_inserted on public.run_queue;
drop function etl_api.count_updated_runs();
drop function etl_api.count_inserted_runs();
do $$
declare
    entity text;
begin
    foreach entity in array array['activity_request', 'run_queue', 'run_request'] loop
        execute format('drop trigger record_update on public.%I', entity);
        execute format('drop trigger record_insert on public.%I', entity);
        execute format('drop function etl_api.record_update_of_%s()', entity);
        execute format('drop function etl_api.record_insert_of_%s()', entity);
    end loop;
end
$$;
drop table public.state_history;
drop table public.state_transition;
