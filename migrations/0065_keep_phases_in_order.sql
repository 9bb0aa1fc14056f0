-- A later step waits for its phase whoever takes it up again; a workflow request that SQL says is checked is expanded, too; and what flows is
-- worked out in a time that grows with its size only.

-- migrate:up

set local role weir_owner;

-- Only these checks tell a client that its workflow cannot run: what else may be raised meanwhile is nobody's request.
do $$
declare
    definition constant text := pg_get_functiondef('etl_api.process_workflow_request(uuid)'::regprocedure);
    changed constant text := replace(replace(definition,
        E'    if problem is not null and request.state = ''valid'' then\n        raise exception ''%'', problem using errcode = ''invalid_parameter_value'';\n',
        E'    if problem is not null and request.origin <> ''sql'' then\n        raise exception ''%'', problem using errcode = ''WR002'';\n'),
        E'        update public.workflow_request set state = ''invalid'', state_substate = ''content'', state_reason = problem\n',
        E'        update public.workflow_request\n'
        '        set state = case request.state when ''new'' then ''invalid'' else ''failed'' end::public.workflow_request_state,\n'
        '            state_substate = ''content'', state_reason = problem\n');
begin
    if changed not like '%WR002%' or changed not like '%else ''failed'' end%' then
        raise exception 'etl_api.process_workflow_request refuses what is wrong in another way';
    end if;
    execute changed;
end
$$;
comment on function etl_api.process_workflow_request(uuid) is
    'Checks a workflow request and makes an activity request for each of its steps: those of phase 1 can start, the others wait; how many. '
    'One that SQL has inserted and whose content is wrong becomes invalid, or failed when it was said to be valid, with the reason; of others WR002 is raised. '
    'One that was expanded already is left alone.';

-- Services insert theirs valid and expand them in the same transaction; those are not announced, because NOTIFY serializes commits.
create or replace function etl_api.trigger_process_workflow_request() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from inserted where state = 'new' or state = 'valid' and origin = 'sql') then
        perform pg_notify('weir_workflow_request', '');
    end if;
    return null;
end
$$;

-- One way to count, whatever the change is. While a retry is under way the note may be of a later moment: a step that ends brings it forward.
create type etl_api.counted_request as (
    workflow_request_id uuid, workflow_step text, state public.activity_request_state, state_substate text, sign integer
);
comment on type etl_api.counted_request is 'An activity request of a workflow as it is now (1) or was before (-1).';

create function etl_api.count_requests(p_changes etl_api.counted_request[]) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    followed constant uuid[] := array(select distinct c.workflow_request_id from unnest(p_changes) as c order by 1);
begin
    if cardinality(followed) = 0 then
        return;
    end if;
    perform from public.workflow_progress as p where p.workflow_request_id = any (followed)
    order by p.workflow_request_id for no key update;
    update public.workflow_progress as p
    set requests_total = p.requests_total + d.total,
        requests_done = p.requests_done + d.done,
        requests_failed = p.requests_failed + d.failed,
        requests_invalid = p.requests_invalid + d.invalid,
        requests_timedout = p.requests_timedout + d.timedout,
        requests_partial = p.requests_partial + d.partial,
        step_ended_at = case when d.steps_ended > 0 then least(p.step_ended_at, clock_timestamp()) else p.step_ended_at end
    from (
        select c.workflow_request_id, sum(c.sign) as total,
               coalesce(sum(c.sign) filter (where c.state in ('done', 'delivered')), 0) as done,
               coalesce(sum(c.sign) filter (where c.state = 'failed'), 0) as failed,
               coalesce(sum(c.sign) filter (where c.state = 'invalid'), 0) as invalid,
               coalesce(sum(c.sign) filter (where c.state = 'timedout'), 0) as timedout,
               coalesce(sum(c.sign) filter (where c.state in ('done', 'delivered') and c.state_substate is not distinct from 'partial'), 0) as partial,
               coalesce(sum(c.sign) filter (where c.state in ('done', 'delivered', 'failed', 'invalid', 'timedout')
                                              and c.workflow_step is not null), 0) as steps_ended
        from unnest(p_changes) as c
        group by c.workflow_request_id
    ) as d
    where p.workflow_request_id = d.workflow_request_id;
    perform etl_api.follow_activity_requests(followed);
end
$$;
comment on function etl_api.count_requests(etl_api.counted_request[]) is
    'Keeps the counters of workflow requests, notes that a step has ended, and lets the workflow requests follow.';

create or replace function etl_api.count_inserted_requests() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform etl_api.count_requests(array(
        select row(i.workflow_request_id, i.workflow_step, i.state, i.state_substate, 1)::etl_api.counted_request
        from inserted as i where i.workflow_request_id is not null));
    return null;
end
$$;

create or replace function etl_api.count_updated_requests() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform etl_api.count_requests(array(
        select row(u.workflow_request_id, u.workflow_step, u.state, u.state_substate, 1)::etl_api.counted_request
        from updated_to as u where u.workflow_request_id is not null
        union all
        select row(u.workflow_request_id, u.workflow_step, u.state, u.state_substate, -1)::etl_api.counted_request
        from updated_from as u where u.workflow_request_id is not null));
    return null;
end
$$;

create or replace function etl_api.flowing_objects(p_activity_request_id uuid)
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
    ), known as (
        select f.step, f.position, f.object_id, f.name, false as is_there from flowing as f
        union all
        select null, null, o.object_id, null, true from public.request_object as o where o.activity_request_id = p_activity_request_id
    )
    select row_number() over (order by f.step collate "C", f.position), f.object_id, f.name
    -- By sorting: whatever its settings are, no session compares each with each.
    from (select distinct on (k.object_id) k.* from known as k
          order by k.object_id, k.is_there desc, k.step collate "C", k.position) as f
    where not f.is_there
$$;

do $$
declare
    making constant text := pg_get_functiondef('etl_api.create_run(uuid)'::regprocedure);
    starting constant text := pg_get_functiondef('etl_api.process_activity_request_by_id(uuid)'::regprocedure);
    made constant text := replace(making,
        E'r.worker_id is null and r.stopping is null\n          and not exists',
        E'r.worker_id is null and r.stopping is null\n          and etl_api.round_before(r.id) is not null\n          and not exists');
    started constant text := replace(starting,
        E' or request.state = ''in_progress'' and request.expanded then\n',
        E' or request.state = ''in_progress'' and request.expanded\n'
        '        -- Its phase has not begun.\n'
        '        or exists (select from public.activity_request as r\n'
        '                   where r.id = p_activity_request_id and r.workflow_phase > 1 and etl_api.round_before(r.id) is null) then\n');
begin
    if made = making or started = starting then
        raise exception 'runs are made in another way than this migration knows';
    end if;
    execute made;
    execute started;
end
$$;
grant execute on function etl_api.round_before(uuid) to weir_intake;
-- It ends what is overdue, and locks the workflows of that before their steps: a lock takes the right to change something.
grant update (worker_id) on public.workflow_request to weir_scheduler;

comment on column public.workflow_progress.step_ended_at is
    'When a step ended, and nobody has looked since what can start now; null when there is nothing to look for. In the future while a retry is under way: '
    'should that break off, somebody looks then.';

-- migrate:down

set local role weir_owner;
comment on column public.workflow_progress.step_ended_at is
    'When a step ended, and nobody has looked since what can start now; null when there is nothing to look for.';
revoke update (worker_id) on public.workflow_request from weir_scheduler;
revoke execute on function etl_api.round_before(uuid) from weir_intake;
do $$
begin
    execute replace(pg_get_functiondef('etl_api.create_run(uuid)'::regprocedure), E'          and etl_api.round_before(r.id) is not null\n', '');
    execute replace(pg_get_functiondef('etl_api.process_activity_request_by_id(uuid)'::regprocedure),
        E' request.expanded\n'
        '        -- Its phase has not begun.\n'
        '        or exists (select from public.activity_request as r\n'
        '                   where r.id = p_activity_request_id and r.workflow_phase > 1 and etl_api.round_before(r.id) is null) then\n',
        E' request.expanded then\n');
    execute replace(replace(pg_get_functiondef('etl_api.process_workflow_request(uuid)'::regprocedure),
        E'    if problem is not null and request.origin <> ''sql'' then\n        raise exception ''%'', problem using errcode = ''WR002'';\n',
        E'    if problem is not null and request.state = ''valid'' then\n        raise exception ''%'', problem using errcode = ''invalid_parameter_value'';\n'),
        E'        update public.workflow_request\n'
        '        set state = case request.state when ''new'' then ''invalid'' else ''failed'' end::public.workflow_request_state,\n'
        '            state_substate = ''content'', state_reason = problem\n',
        E'        update public.workflow_request set state = ''invalid'', state_substate = ''content'', state_reason = problem\n');
end
$$;
create or replace function etl_api.flowing_objects(p_activity_request_id uuid)
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
comment on function etl_api.process_workflow_request(uuid) is
    'Checks a workflow request and makes an activity request for each of its steps: those of phase 1 can start, the others wait; how many. '
    'One whose content is wrong becomes invalid, with the reason; one that was expanded already is left alone.';
create or replace function etl_api.trigger_process_workflow_request() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from inserted where state = 'new') then
        perform pg_notify('weir_workflow_request', '');
    end if;
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
drop function etl_api.count_requests(etl_api.counted_request[]);
drop type etl_api.counted_request;
