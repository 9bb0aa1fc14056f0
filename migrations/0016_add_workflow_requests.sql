-- Workflow requests, the fourth table with states: they follow their activity requests, by counters, in the same transaction.
-- A refused transition says which would have been allowed; the history says who asked, when a person did it through a service.

-- migrate:up

set local role weir_owner;

create table public.workflow_request (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    state public.workflow_request_state not null default 'new',
    state_substate text,
    state_reason text,
    attempt integer not null default 0,
    worker_id uuid,
    content jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    primary key (id, org_id),
    constraint workflow_request_id_is_unique unique (id)
);
comment on table public.workflow_request is 'A request for a workflow: several activity requests, in phases.';
create index workflow_request_open on public.workflow_request (state, org_id, id)
    where state in ('new', 'valid', 'ready', 'in_progress');

create table public.workflow_progress (
    org_id uuid not null,
    workflow_request_id uuid not null,
    -- All of its activity requests are made: when these are closed, it is over.
    expanded boolean not null default false,
    requests_total integer not null default 0,
    requests_done integer not null default 0,
    requests_failed integer not null default 0,
    requests_invalid integer not null default 0,
    requests_timedout integer not null default 0,
    primary key (workflow_request_id, org_id),
    foreign key (org_id, workflow_request_id) references public.workflow_request (org_id, id) on delete cascade
) with (fillfactor = 40);
comment on table public.workflow_progress is
    'Counters of a workflow request, kept by the triggers of activity_request; a delivered request counts as done.';

alter table public.activity_request
    add column workflow_request_id uuid,
    add foreign key (org_id, workflow_request_id) references public.workflow_request (org_id, id);
create index activity_request_of_workflow on public.activity_request (workflow_request_id)
    where workflow_request_id is not null;

select etl_api.force_row_security('public.workflow_request'), etl_api.force_row_security('public.workflow_progress');
create policy service_all on public.workflow_request to weir_service using (true) with check (true);
create policy service_all on public.workflow_progress to weir_service using (true) with check (true);
grant select on public.workflow_request, public.workflow_progress to weir_service;

-- Who did it: the person for whom a service acts, or the service itself.
create function etl_api.actor() returns text
    language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(nullif(current_setting('weir.actor', true), ''), current_setting('application_name'))
$$;
comment on function etl_api.actor() is
    'The setting weir.actor, which a transaction made for a person sets for itself, else the application_name.';
grant execute on function etl_api.actor() to weir_service;

-- What may follow a state, for people.
create function etl_api.describe_transitions(p_entity text, p_from text) returns text
    language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        format('from %s it may go to %s', p_from,
               string_agg(t.to_state || ' (' || t.rule || ')', ', ' order by t.kind, t.to_state)),
        format('nothing follows %s', p_from))
    from public.state_transition as t
    where t.entity = p_entity and t.from_state = p_from
$$;
grant execute on function etl_api.describe_transitions(text, text) to weir_service;

do $$
declare
    entity text;
begin
    foreach entity in array array['workflow_request', 'activity_request', 'run_queue', 'run_request'] loop
        execute format($make$
            create or replace function etl_api.record_insert_of_%1$s() returns trigger
                language plpgsql security definer
                set search_path = pg_catalog, pg_temp
            as $body$
            declare
                who constant text := etl_api.actor();
            begin
                insert into public.state_history (org_id, entity_id, entity, to_state, substate, reason, attempt, actor, at)
                select org_id, id, %1$L, state::text, state_substate, state_reason, attempt, who, clock_timestamp()
                from inserted;
                return null;
            end
            $body$;

            create or replace function etl_api.record_update_of_%1$s() returns trigger
                language plpgsql security definer
                set search_path = pg_catalog, pg_temp
                -- Services plan by key only; here two batches of equal size meet, whatever the first one was like
                -- (docs/decisions/0006).
                set enable_hashjoin = on
                set enable_nestloop = off
            as $body$
            declare
                who constant text := etl_api.actor();
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
                    select org_id, id, %1$L, from_state, to_state, state_substate, state_reason, attempt, who,
                           clock_timestamp()
                    from changed
                )
                select id, from_state, to_state into refused
                from changed
                where from_state is null
                   or (from_state, to_state) not in (
                        select t.from_state, t.to_state from public.state_transition as t where t.entity = %1$L)
                order by id
                limit 1;
                if found and refused.from_state is null then
                    raise exception '%1$s %%: no row had this key before; keys do not change', refused.id
                        using errcode = 'restrict_violation', table = %1$L;
                elsif found then
                    raise exception '%1$s %%: %% → %% is not an allowed transition; %%',
                        refused.id, refused.from_state, refused.to_state,
                        etl_api.describe_transitions(%1$L, refused.from_state)
                        using errcode = 'WR001', table = %1$L,
                              hint = 'The allowed ones stand in state_transition and in docs/states.md.';
                end if;
                return null;
            end
            $body$;
        $make$, entity);
    end loop;
end
$$;
create trigger record_insert after insert on public.workflow_request
    referencing new table as inserted
    for each statement execute function etl_api.record_insert_of_workflow_request();
create trigger record_update after update on public.workflow_request
    referencing old table as updated_from new table as updated_to
    for each statement execute function etl_api.record_update_of_workflow_request();

-- What becomes of workflow requests whose counters have changed. The caller has locked their counters.
create function etl_api.follow_activity_requests(p_workflow_requests uuid[]) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Taken up again: something inside is open that was closed.
    update public.workflow_request as w
    set state = 'ready', state_substate = null, state_reason = 'one of its activity requests goes on'
    from public.workflow_progress as p
    where w.id = any (p_workflow_requests) and p.workflow_request_id = w.id and w.state in ('failed', 'timedout', 'invalid')
      and p.requests_total > p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout;
    update public.workflow_request as w
    set state = 'in_progress', state_substate = null, state_reason = null
    from public.workflow_progress as p
    where w.id = any (p_workflow_requests) and p.workflow_request_id = w.id
      and (w.state = 'ready' or w.state in ('done', 'delivered')
           and p.requests_total > p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout);
    update public.workflow_request as w
    set state = case when p.requests_total > 0 and p.requests_timedout = p.requests_total then 'timedout'
                     when p.requests_total > 0 and p.requests_done = 0 then 'failed'
                     else 'done' end::public.workflow_request_state,
        state_substate = case when p.requests_total = 0 then 'empty'
                              when p.requests_done between 1 and p.requests_total - 1 then 'partial' end,
        state_reason = case when p.requests_total = 0 then 'it came to no activity request'
                            when p.requests_done < p.requests_total then
                                format('%s of its %s activity requests did not succeed',
                                       p.requests_total - p.requests_done, p.requests_total) end,
        worker_id = null
    from public.workflow_progress as p
    where w.id = any (p_workflow_requests) and p.workflow_request_id = w.id and w.state = 'in_progress' and p.expanded
      and p.requests_total = p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout;
end
$$;

create function etl_api.count_inserted_requests() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    followed uuid[];
begin
    followed := array(select distinct workflow_request_id from inserted where workflow_request_id is not null order by 1);
    if cardinality(followed) = 0 then
        return null;
    end if;
    perform from public.workflow_progress as p where p.workflow_request_id = any (followed)
    order by p.workflow_request_id for no key update;
    update public.workflow_progress as p
    set requests_total = p.requests_total + d.total,
        requests_done = p.requests_done + d.done,
        requests_failed = p.requests_failed + d.failed,
        requests_invalid = p.requests_invalid + d.invalid,
        requests_timedout = p.requests_timedout + d.timedout
    from (
        select workflow_request_id, count(*) as total,
               count(*) filter (where state in ('done', 'delivered')) as done,
               count(*) filter (where state = 'failed') as failed,
               count(*) filter (where state = 'invalid') as invalid,
               count(*) filter (where state = 'timedout') as timedout
        from inserted
        where workflow_request_id is not null
        group by workflow_request_id
    ) as d
    where p.workflow_request_id = d.workflow_request_id;
    perform etl_api.follow_activity_requests(followed);
    return null;
end
$$;

create function etl_api.count_updated_requests() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    followed uuid[];
begin
    followed := array(select distinct workflow_request_id from updated_to where workflow_request_id is not null order by 1);
    if cardinality(followed) = 0 then
        return null;
    end if;
    perform from public.workflow_progress as p where p.workflow_request_id = any (followed)
    order by p.workflow_request_id for no key update;
    update public.workflow_progress as p
    set requests_done = p.requests_done + d.done,
        requests_failed = p.requests_failed + d.failed,
        requests_invalid = p.requests_invalid + d.invalid,
        requests_timedout = p.requests_timedout + d.timedout
    from (
        select workflow_request_id,
               coalesce(sum(sign) filter (where state in ('done', 'delivered')), 0) as done,
               coalesce(sum(sign) filter (where state = 'failed'), 0) as failed,
               coalesce(sum(sign) filter (where state = 'invalid'), 0) as invalid,
               coalesce(sum(sign) filter (where state = 'timedout'), 0) as timedout
        from (
            select workflow_request_id, state, 1 as sign from updated_to
            union all
            select workflow_request_id, state, -1 from updated_from
        ) as signed
        where workflow_request_id is not null
        group by workflow_request_id
    ) as d
    where p.workflow_request_id = d.workflow_request_id;
    perform etl_api.follow_activity_requests(followed);
    return null;
end
$$;

create trigger z_count_inserted after insert on public.activity_request
    referencing new table as inserted
    for each statement execute function etl_api.count_inserted_requests();
create trigger z_count_updated after update on public.activity_request
    referencing old table as updated_from new table as updated_to
    for each statement execute function etl_api.count_updated_requests();

-- migrate:down

set local role weir_owner;
drop trigger z_count_updated on public.activity_request;
drop trigger z_count_inserted on public.activity_request;
drop function etl_api.count_updated_requests();
drop function etl_api.count_inserted_requests();
drop function etl_api.follow_activity_requests(uuid[]);
alter table public.activity_request drop column workflow_request_id;
drop table public.workflow_progress;
drop table public.workflow_request;
drop function etl_api.record_update_of_workflow_request();
drop function etl_api.record_insert_of_workflow_request();
do $$
declare
    entity text;
begin
    foreach entity in array array['activity_request', 'run_queue', 'run_request'] loop
        execute format($make$
            create or replace function etl_api.record_insert_of_%1$s() returns trigger
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

            create or replace function etl_api.record_update_of_%1$s() returns trigger
                language plpgsql security definer
                set search_path = pg_catalog, pg_temp
                set enable_hashjoin = on
                set enable_nestloop = off
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
        $make$, entity);
    end loop;
end
$$;
drop function etl_api.describe_transitions(text, text);
drop function etl_api.actor();
