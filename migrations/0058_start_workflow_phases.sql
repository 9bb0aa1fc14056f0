-- The phases of a workflow follow each other (docs/decisions/0020). Whenever a step ends, the trigger that counts it notes in the same transaction
-- that somebody has to look what can start now; whoever looks locks the workflow request first, starts the next phase or closes the workflow,
-- and takes the note away. The objects of a phase flow to the next as the expander makes its runs.

-- migrate:up

set local role weir_owner;

alter table public.workflow_request
    add column round integer not null default 1,
    add column unannounced_since timestamptz,
    add column stopped_by text,
    add column stopped_reason text,
    add constraint workflow_request_stopped_by_is_known check (stopped_by in ('cancelled', 'step'));
comment on column public.workflow_request.round is 'How often it was taken up: its outcome is delivered once in each round.';
comment on column public.workflow_request.unannounced_since is 'Since when it is over and its deliveries are to be made; null when there are none to make.';
comment on column public.workflow_request.stopped_by is 'Set when no further phase starts: somebody cancelled it, or a step failed that stops it.';
create index workflow_request_unannounced on public.workflow_request (unannounced_since) where unannounced_since is not null;

alter table public.request_progress add column gathered_round integer;
comment on column public.request_progress.gathered_round is
    'The rounds of all steps in the phases before it, added up, when it last gathered its objects: while they are the same, no more have come.';

alter table public.workflow_progress
    add column requests_partial integer not null default 0,
    add column step_ended_at timestamptz;
comment on column public.workflow_progress.requests_partial is 'Of those that are done, how many succeeded in part.';
comment on column public.workflow_progress.step_ended_at is
    'When a step ended, and nobody has looked since what can start now; null when there is nothing to look for.';
create index workflow_progress_to_advance on public.workflow_progress (step_ended_at) where step_ended_at is not null;

create or replace function etl_api.follow_activity_requests(p_workflow_requests uuid[]) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Taken up again: something inside is open that was closed. Its outcome will be another.
    update public.workflow_request as w
    set state = case when w.state in ('done', 'delivered') then 'in_progress' else 'ready' end::public.workflow_request_state,
        state_substate = null, state_reason = 'one of its activity requests goes on', round = w.round + 1, unannounced_since = null
    from public.workflow_progress as p
    where w.id = any (p_workflow_requests) and p.workflow_request_id = w.id
      and w.state in ('failed', 'timedout', 'invalid', 'done', 'delivered')
      and p.requests_total > p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout;
    if found then
        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the workflow request was taken up again'
        from public.workflow_request as w
        where w.id = any (p_workflow_requests) and d.workflow_request_id = w.id and d.round < w.round
          and d.state in ('ready', 'in_progress', 'failed');
    end if;
    update public.workflow_request as w
    set state = 'in_progress', state_substate = null, state_reason = null
    where w.id = any (p_workflow_requests) and w.state = 'ready';
    -- While somebody has to look what can start, it is not over when all is that was started.
    update public.workflow_request as w
    set state = case when p.requests_total > 0 and p.requests_timedout = p.requests_total then 'timedout'
                     when p.requests_total > 0 and p.requests_done = 0 then 'failed'
                     else 'done' end::public.workflow_request_state,
        state_substate = case when p.requests_total = 0 then 'empty'
                              when p.requests_done between 1 and p.requests_total - 1 or p.requests_partial > 0 then 'partial'
                              when p.requests_done = 0 and w.stopped_by = 'cancelled' then 'cancelled' end,
        state_reason = nullif(concat_ws('; ', w.stopped_reason,
            case when p.requests_total = 0 then 'it came to no activity request' end,
            case when p.requests_done < p.requests_total then
                format('%s of its %s activity requests did not succeed', p.requests_total - p.requests_done, p.requests_total) end,
            case when p.requests_partial > 0 then
                format('%s of its %s activity requests succeeded in part', p.requests_partial, p.requests_total) end), ''),
        worker_id = null, unannounced_since = case when w.workflow_id is not null then clock_timestamp() end
    from public.workflow_progress as p
    where w.id = any (p_workflow_requests) and p.workflow_request_id = w.id and w.state = 'in_progress' and p.expanded
      and p.step_ended_at is null
      and p.requests_total = p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout;
end
$$;

create or replace function etl_api.count_inserted_requests() returns trigger
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
        requests_timedout = p.requests_timedout + d.timedout,
        requests_partial = p.requests_partial + d.partial
    from (
        select workflow_request_id, count(*) as total,
               count(*) filter (where state in ('done', 'delivered')) as done,
               count(*) filter (where state = 'failed') as failed,
               count(*) filter (where state = 'invalid') as invalid,
               count(*) filter (where state = 'timedout') as timedout,
               count(*) filter (where state in ('done', 'delivered') and state_substate is not distinct from 'partial') as partial
        from inserted
        where workflow_request_id is not null
        group by workflow_request_id
    ) as d
    where p.workflow_request_id = d.workflow_request_id;
    perform etl_api.follow_activity_requests(followed);
    return null;
end
$$;

create or replace function etl_api.count_updated_requests() returns trigger
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
        requests_timedout = p.requests_timedout + d.timedout,
        requests_partial = p.requests_partial + d.partial,
        step_ended_at = case when d.steps_ended > 0 then coalesce(p.step_ended_at, clock_timestamp()) else p.step_ended_at end
    from (
        select workflow_request_id,
               coalesce(sum(sign) filter (where state in ('done', 'delivered')), 0) as done,
               coalesce(sum(sign) filter (where state = 'failed'), 0) as failed,
               coalesce(sum(sign) filter (where state = 'invalid'), 0) as invalid,
               coalesce(sum(sign) filter (where state = 'timedout'), 0) as timedout,
               coalesce(sum(sign) filter (where state in ('done', 'delivered') and state_substate is not distinct from 'partial'), 0) as partial,
               coalesce(sum(sign) filter (where state in ('done', 'delivered', 'failed', 'invalid', 'timedout')
                                            and workflow_step is not null), 0) as steps_ended
        from (
            select workflow_request_id, workflow_step, state, state_substate, 1 as sign from updated_to
            union all
            select workflow_request_id, workflow_step, state, state_substate, -1 from updated_from
        ) as signed
        where workflow_request_id is not null
        group by workflow_request_id
    ) as d
    where p.workflow_request_id = d.workflow_request_id;
    perform etl_api.follow_activity_requests(followed);
    return null;
end
$$;

-- What flows to a step: what its extracts have found, what its enrichments have succeeded with, what its sourcings have qualified.
create function etl_api.flowing_objects(p_activity_request_id uuid)
    returns table (place bigint, object_id uuid, name text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    with giver as materialized (
        select g.id, s.step, t.name as type
        from public.activity_request as r
        join public.workflow_request as w on w.id = r.workflow_request_id
        cross join lateral etl_api.workflow_steps(w.definition) as s
        join public.activity_request as g on g.workflow_request_id = r.workflow_request_id and g.workflow_step = s.step
        join public.activity as a on a.org_id = g.org_id and a.id = g.activity_id
        join public.activity_type as t on t.id = a.activity_type_id
        where r.id = p_activity_request_id and r.activity_id = any (s.destinations)
          and g.state in ('done', 'delivered') and g.workflow_phase < r.workflow_phase
          and (s.on_failure <> 'skip' or g.state_substate is distinct from 'partial')
    ), flowing as (
        select g.step, o.position, o.object_id, o.name
        from giver as g
        join public.request_object as o on o.activity_request_id = g.id
        where g.type = 'extract'
        union all
        select g.step, o.position, o.object_id, o.name
        from giver as g
        join public.request_object as o on o.activity_request_id = g.id
        where g.type = 'enrichment' and exists (
            select from public.run_queue as r
            where r.activity_request_id = o.activity_request_id and r.position = o.position and r.state is not distinct from 'done')
        union all
        select g.step, o.position, o.object_id, o.name
        from giver as g
        join public.object_qualification as q on q.activity_request_id = g.id
        join public.request_object as o on o.activity_request_id = q.activity_request_id and o.position = q.position
        where g.type = 'sourcing' and q.qualified
    )
    select row_number() over (order by f.step collate "C", f.position), f.object_id, f.name
    from (select distinct on (f.object_id) f.* from flowing as f order by f.object_id, f.step collate "C", f.position) as f
    -- By a hash, whatever the session's settings are.
    where f.object_id not in (select o.object_id from public.request_object as o where o.activity_request_id = p_activity_request_id)
$$;
comment on function etl_api.flowing_objects(uuid) is
    'The objects that flow to a step of a workflow from the steps before it and that it does not have yet, numbered from 1: by the key of the step '
    'that gives them, then as they stand there.';

create function etl_api.round_before(p_activity_request_id uuid) returns integer
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select case when bool_and(b.state in ('done', 'delivered', 'failed', 'timedout', 'invalid')) then sum(b.round)::integer end
    from public.activity_request as r
    join public.activity_request as b on b.workflow_request_id = r.workflow_request_id
    where r.id = p_activity_request_id and b.workflow_phase < r.workflow_phase
$$;
comment on function etl_api.round_before(uuid) is 'The rounds of all steps in the phases before that of a step, added up; null while one of them is open: what is gathered then is not all.';

-- The objects come after those that the step has already. Its row is locked by the caller.
create function etl_api.gather_objects(p_activity_request_id uuid) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    step record;
    had integer;
    counts record;
begin
    select r.org_id, r.activity_id, coalesce(r.objects_max, 100000) as objects_max, etl_api.round_before(r.id) as round into step
    from public.activity_request as r where r.id = p_activity_request_id;
    insert into public.request_progress (org_id, activity_request_id) values (step.org_id, p_activity_request_id) on conflict do nothing;
    select p.objects_total into had from public.request_progress as p where p.activity_request_id = p_activity_request_id for no key update;
    with flowing as materialized (
        select f.place, f.object_id, f.name from etl_api.flowing_objects(p_activity_request_id) as f
    ), gathered as (
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select step.org_id, p_activity_request_id, had + f.place - 1, f.object_id, f.name
        from flowing as f
        where had + f.place <= step.objects_max
        returning 1
    )
    select (select count(*) from flowing) as flowing, (select count(*) from gathered) as gathered into counts;
    update public.request_progress as p
    set objects_total = had + counts.gathered, objects_expanded = had + counts.gathered,
        objects_left_out = counts.flowing - counts.gathered, gathered_round = step.round,
        runs_planned = (had + counts.gathered) * n.sources, calls_planned = n.calls
    from (
        select count(*) as sources, coalesce(sum((had + counts.gathered + s.max_objects - 1) / s.max_objects), 0) as calls
        from public.activity_source as l
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
        where l.org_id = step.org_id and l.activity_id = step.activity_id
    ) as n
    where p.activity_request_id = p_activity_request_id;
end
$$;

create function etl_api.expand_gathered_request(
    p_activity_request_id uuid, p_objects integer, out runs integer, out is_complete boolean
)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set enable_hashjoin = on
as $$
declare
    step record;
    progress record;
begin
    select r.org_id, r.activity_id, a.object_type_id into step
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    where r.id = p_activity_request_id;
    -- At the beginning of a round; the chunks after it find objects that have no runs.
    if not exists (select from public.request_progress as p
                   where p.activity_request_id = p_activity_request_id and p.objects_asked < p.objects_total) then
        perform etl_api.gather_objects(p_activity_request_id);
    end if;
    select p.objects_asked, p.objects_total into progress
    from public.request_progress as p where p.activity_request_id = p_activity_request_id;

    with asked as materialized (
        select o.position, o.object_id
        from public.request_object as o
        where o.activity_request_id = p_activity_request_id
          and o.position >= progress.objects_asked and o.position < progress.objects_asked + p_objects
    ), source as materialized (
        select s.id,
               array(select w.name collate "C"
                     from unnest(utils.unresolved_placeholders(
                              jsonb_build_array(
                                  s.run_request_template, s.status_request_template, s.delivery_request_template,
                                  s.abort_request_template, s.cleanup_request_template, s.lookup_request_template),
                              etl_api.template_variables(s.id, p_activity_request_id, null)
                                  || '{"object": "", "objects": [], "run_external_id": "", "callback_url": "", "submission_key": "", "cursor": ""}'
                          )) as w(name)
                     where w.name not like 'secret.%'
                     order by 1) as needed
        from public.activity_source as l
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
        where l.org_id = step.org_id and l.activity_id = step.activity_id
    ), run as materialized (
        select a.position, a.object_id, s.id as source_id, row_number() over (order by s.id, a.position) as place,
               case when s.needed <> '{}'
                    then etl_api.missing_values(step.org_id, step.object_type_id, a.object_id, s.needed) end as missing
        from asked as a
        cross join source as s
    ), id as materialized (
        -- Those of one millisecond come in no order.
        select m.id, row_number() over (order by m.id) as place
        from (select utils.uuid_v7() as id from generate_series(1, (select count(*) from run))) as m
    )
    insert into public.run_queue
        (org_id, id, activity_request_id, source_id, object_id, position, state, state_substate, state_reason)
    select step.org_id, i.id, p_activity_request_id, r.source_id, r.object_id, r.position,
           case when r.missing is null then 'ready' else 'invalid' end::public.run_queue_state,
           case when r.missing is not null then 'missing_value' end,
           case when r.missing is not null then etl_api.missing_values_reason(r.missing) end
    from run as r
    join id as i on i.place = r.place
    order by r.place;
    get diagnostics runs = row_count;

    is_complete := progress.objects_asked + p_objects >= progress.objects_total;
    update public.request_progress as p
    set objects_asked = least(progress.objects_asked + p_objects, progress.objects_total), expanded = is_complete
    where p.activity_request_id = p_activity_request_id;
end
$$;
comment on function etl_api.expand_gathered_request(uuid, integer) is
    'Gathers the objects of a step that comes after others, and makes the runs of the next so many of them; how many runs, and whether all objects '
    'have some. The caller holds the request.';

create or replace function etl_api.create_run(p_activity_request_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    asked record;
begin
    select r.activity_id, t.name as type, r.workflow_phase into asked
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    join public.activity_type as t on t.id = a.activity_type_id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    end if;
    if asked.workflow_phase > 1 then
        perform from public.activity_request as r
        where r.id = p_activity_request_id and r.state in ('ready', 'in_progress') and r.worker_id is null and r.stopping is null
          and not exists (select from public.request_progress as p where p.activity_request_id = r.id and p.expanded)
        for no key update of r;
        return case when found then (select e.runs from etl_api.expand_gathered_request(p_activity_request_id, 100000) as e) else 0 end;
    end if;
    case asked.type
        when 'enrichment' then return etl_api.create_run_enrichment(asked.activity_id, p_activity_request_id);
        when 'extract' then return etl_api.create_run_extract(asked.activity_id, p_activity_request_id);
        when 'sourcing' then return etl_api.create_run_sourcing(asked.activity_id, p_activity_request_id);
        else
            raise exception 'activities of type % cannot run yet; only enrichment, extract and sourcing can', asked.type
                using errcode = 'feature_not_supported';
    end case;
end
$$;
comment on function etl_api.create_run(uuid) is
    'Makes the runs of a request as the type of its activity asks, those of a later step of a workflow for the objects that flow to it; returns how many.';

-- Everybody locks in this order: the workflow request, its activity requests by id, its counters (by the triggers).
create function etl_api.advance_workflow(p_workflow_request_id uuid) returns setof uuid
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    flow record;
    next_phase integer;
    stopper record;
    started uuid[];
    reopened uuid[];
begin
    select w.org_id, w.definition, w.stopped_by, w.stopped_reason into flow
    from public.workflow_request as w
    where w.id = p_workflow_request_id
    for no key update;
    -- Looked at after the lock: whoever was here before has taken the note away.
    if not found or not exists (select from public.workflow_progress as p
                                where p.workflow_request_id = p_workflow_request_id and p.step_ended_at is not null and p.expanded) then
        return;
    end if;
    perform from public.activity_request as r where r.workflow_request_id = p_workflow_request_id order by r.id for no key update;

    for next_phase in
        select distinct r.workflow_phase from public.activity_request as r
        where r.workflow_request_id = p_workflow_request_id and r.workflow_phase > 1 order by 1
    loop
        exit when exists (
            select from public.activity_request as r
            where r.workflow_request_id = p_workflow_request_id and r.workflow_phase < next_phase
              and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'));
        -- Looked for anew each time: a retry may have mended it.
        if flow.stopped_by is distinct from 'cancelled' then
            select r.workflow_step as step, r.state, r.state_substate as substate into stopper
            from public.activity_request as r
            join etl_api.workflow_steps(flow.definition) as s on s.step = r.workflow_step
            where r.workflow_request_id = p_workflow_request_id and r.workflow_phase < next_phase and s.on_failure = 'stop'
              and (r.state not in ('done', 'delivered') or r.state_substate is not distinct from 'partial')
            order by r.workflow_phase, s.step collate "C"
            limit 1;
            flow.stopped_by := case when found then 'step' end;
            flow.stopped_reason := case when found then format('its step "%s" %s, and it stops then', stopper.step, case
                    when stopper.state in ('done', 'delivered') then 'succeeded in part only'
                    when stopper.state = 'timedout' then 'timed out' else 'did not succeed' end) end;
            update public.workflow_request as w
            set stopped_by = flow.stopped_by, stopped_reason = flow.stopped_reason
            where w.id = p_workflow_request_id and w.stopped_by is distinct from flow.stopped_by;
        end if;
        if flow.stopped_by is not null then
            update public.activity_request as r
            set state = 'failed', state_substate = 'workflow_stopped', state_reason = 'the workflow was stopped: ' || flow.stopped_reason
            where r.workflow_request_id = p_workflow_request_id and r.state = 'waiting' and r.state_substate = 'phase';
            exit;
        end if;

        -- Those whose turn it is, also when the workflow was stopped before and goes on now.
        with begun as (
            update public.activity_request as r
            set state = 'ready', state_substate = null,
                state_reason = case r.state when 'failed' then 'the workflow goes on' end,
                deadline_at = clock_timestamp() + make_interval(secs => (
                    select a.timeout_seconds from public.activity as a where a.org_id = r.org_id and a.id = r.activity_id))
            where r.workflow_request_id = p_workflow_request_id and r.workflow_phase = next_phase
              and (r.state = 'waiting' and r.state_substate = 'phase' or r.state = 'failed' and r.state_substate = 'workflow_stopped')
            returning r.id
        )
        select coalesce(array_agg(id), '{}') into started from begun;

        -- Those that are over and have not had all: a retry before them has led to more.
        reopened := array(
            select r.id
            from public.activity_request as r
            left join public.request_progress as p on p.activity_request_id = r.id
            where r.workflow_request_id = p_workflow_request_id and r.workflow_phase = next_phase and r.stopping is null
              and r.state in ('done', 'delivered', 'failed', 'timedout') and r.state_substate is distinct from 'content'
              and r.id >= etl_api.kept_since()
              and coalesce(p.objects_total, 0) < coalesce(r.objects_max, 100000)
              and p.gathered_round is distinct from etl_api.round_before(r.id)
              and exists (select from etl_api.flowing_objects(r.id)));
        if cardinality(reopened) > 0 then
            update public.delivery as d
            set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
            where d.activity_request_id = any (reopened) and d.state in ('ready', 'in_progress', 'failed');
            update public.activity_request as r
            set state = 'ready', state_substate = 'retried', state_reason = 'more objects have come from the steps before it'
            where r.id = any (reopened) and r.state in ('failed', 'timedout');
            update public.activity_request as r
            set state = 'in_progress', state_substate = 'retried', state_reason = 'more objects have come from the steps before it',
                worker_id = null, round = r.round + 1,
                deadline_at = clock_timestamp() + make_interval(secs => (
                    select a.timeout_seconds from public.activity as a where a.org_id = r.org_id and a.id = r.activity_id))
            where r.id = any (reopened);
            update public.request_progress as p set expanded = false where p.activity_request_id = any (reopened);
        end if;
        if cardinality(started || reopened) > 0 then
            return query select unnest(started || reopened);
            exit;
        end if;
    end loop;

    update public.workflow_progress as p set step_ended_at = null where p.workflow_request_id = p_workflow_request_id;
    perform etl_api.follow_activity_requests(array[p_workflow_request_id]);
end
$$;
comment on function etl_api.advance_workflow(uuid) is
    'After a step of a workflow request has ended: starts the next phase when all before it is over, takes up steps again to which more objects '
    'have come, or closes the workflow request; the activity requests that can be expanded now.';

create function etl_api.try_start_next_workflow_phase(p_activity_request_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    flow uuid;
begin
    select r.workflow_request_id into flow from public.activity_request as r where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    end if;
    return (select count(*) from etl_api.advance_workflow(flow));
end
$$;
comment on function etl_api.try_start_next_workflow_phase(uuid) is
    'After an activity request has ended: starts the next phase of its workflow when all before it is over; how many activity requests were started. '
    'Called twice, or by two at once, it starts them once.';

grant execute on function etl_api.try_start_next_workflow_phase(uuid) to service_role;
grant execute on function etl_api.advance_workflow(uuid) to weir_processor;
grant execute on function etl_api.expand_gathered_request(uuid, integer) to weir_intake;
grant update (state, state_substate, state_reason, stopped_by, stopped_reason) on public.workflow_request to weir_intake;
grant update (step_ended_at) on public.workflow_progress to weir_intake;
grant update (unannounced_since) on public.workflow_request to weir_processor;
grant update (state) on public.workflow_request to weir_delivery;

-- migrate:down

set local role weir_owner;
revoke update (state) on public.workflow_request from weir_delivery;
revoke update (state, state_substate, state_reason) on public.workflow_request from weir_intake;
drop function etl_api.try_start_next_workflow_phase(uuid);
drop function etl_api.advance_workflow(uuid);
create or replace function etl_api.create_run(p_activity_request_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    asked record;
begin
    select r.activity_id, t.name as type into asked
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    join public.activity_type as t on t.id = a.activity_type_id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    end if;
    case asked.type
        when 'enrichment' then return etl_api.create_run_enrichment(asked.activity_id, p_activity_request_id);
        when 'extract' then return etl_api.create_run_extract(asked.activity_id, p_activity_request_id);
        when 'sourcing' then return etl_api.create_run_sourcing(asked.activity_id, p_activity_request_id);
        else
            raise exception 'activities of type % cannot run yet; only enrichment, extract and sourcing can', asked.type
                using errcode = 'feature_not_supported';
    end case;
end
$$;
comment on function etl_api.create_run(uuid) is 'Makes the runs of a request as the type of its activity asks; returns how many.';
drop function etl_api.expand_gathered_request(uuid, integer);
drop function etl_api.gather_objects(uuid);
drop function etl_api.round_before(uuid);
drop function etl_api.flowing_objects(uuid);
create or replace function etl_api.count_updated_requests() returns trigger
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
create or replace function etl_api.count_inserted_requests() returns trigger
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
create or replace function etl_api.follow_activity_requests(p_workflow_requests uuid[]) returns void
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
alter table public.request_progress drop column gathered_round;
drop index public.workflow_progress_to_advance;
alter table public.workflow_progress drop column step_ended_at, drop column requests_partial;
drop index public.workflow_request_unannounced;
alter table public.workflow_request
    drop constraint workflow_request_stopped_by_is_known,
    drop column stopped_reason,
    drop column stopped_by,
    drop column unannounced_since,
    drop column round;
