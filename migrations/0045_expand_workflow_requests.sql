-- A workflow request becomes one activity request for each step of its workflow (docs/decisions/0020): those of phase 1 start, the others
-- wait for their phase. One function does it, for HTTP, the bus and SQL.

-- migrate:up

set local role weir_owner;

alter table public.workflow_request
    add column workflow_id uuid,
    add column definition jsonb,
    add column origin text not null default 'sql',
    add column idempotency_key text,
    add column idempotency_fingerprint bytea,
    add column traceparent text,
    add foreign key (org_id, workflow_id) references public.workflow (org_id, id),
    add constraint workflow_request_origin_is_known check (origin in ('http', 'bus', 'sql'));
create unique index workflow_request_idempotency_key_is_unique on public.workflow_request (org_id, idempotency_key)
    where idempotency_key is not null;
comment on column public.workflow_request.content is 'What is asked for: {"workflow": KEY, "objects": [...], "input": {...}}.';
comment on column public.workflow_request.definition is 'workflow.data as it was when the request was expanded: a later change of the workflow is no change of it.';

alter table public.activity_request
    add column workflow_phase integer,
    add column workflow_step text,
    add column objects_max integer,
    add constraint activity_request_step_is_whole check (
        (workflow_phase is null) = (workflow_step is null) and (workflow_phase is null or workflow_request_id is not null)),
    add constraint activity_request_phase_is_known check (workflow_phase between 1 and 5),
    add constraint activity_request_objects_max_within_bounds check (objects_max between 1 and 100000);
create unique index activity_request_step_is_made_once on public.activity_request (workflow_request_id, workflow_step)
    where workflow_step is not null;
comment on column public.activity_request.workflow_step is 'The key of the workflow''s step that it carries out; null outside of workflows.';
comment on column public.activity_request.objects_max is 'How many objects it may have at the most, where its step bounds them.';

alter table public.request_progress
    add column objects_asked integer not null default 0,
    add column objects_left_out integer not null default 0;
comment on column public.request_progress.objects_asked is 'Of a step that gathers its objects from the steps before it: how many of them have runs.';
comment on column public.request_progress.objects_left_out is 'How many objects the bound of its step has left out.';

-- Null stands where a definition says what no step can have; whoever reads it tells the step.
create function etl_api.workflow_steps(p_definition jsonb)
    returns table (step text, activity_id uuid, phase integer, objects_max integer, on_failure text, destinations uuid[])
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select n.key,
           case when n.value ->> 'id' ~* u.form then (n.value ->> 'id')::uuid end,
           case when n.value #>> '{setup,config,phase}' ~ '^[1-5]$' then (n.value #>> '{setup,config,phase}')::integer end,
           case when n.value #>> '{setup,config,max_objects}' ~ '^[1-9][0-9]{0,4}$|^100000$'
                then (n.value #>> '{setup,config,max_objects}')::integer end,
           coalesce(n.value #>> '{setup,config,on_failure}', 'continue'),
           array(select d.id::uuid
                 from jsonb_array_elements_text(case jsonb_typeof(n.value #> '{destination,activity,id}')
                                                     when 'array' then n.value #> '{destination,activity,id}' else '[]' end) as d(id)
                 where d.id ~* u.form)
    from jsonb_each(case jsonb_typeof(p_definition) when 'object' then p_definition else '{}' end) as n
    cross join (values ('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')) as u(form)
    order by n.key collate "C"
$$;
comment on function etl_api.workflow_steps(jsonb) is
    'The steps of a workflow''s data, by key: activity, phase, how many objects at the most, what its failure does (stop, skip, continue), and '
    'the activities that its objects flow to.';

-- The names go to the steps of phase 1 that take objects, each field of the input to the steps that declare it.
create function etl_api.workflow_step_content(
    p_content jsonb, p_activity text, p_activity_type text, p_input jsonb, p_phase integer, p_objects_max integer
) returns jsonb
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object('activity', p_activity)
        || case when p_phase > 1 or p_activity_type = 'extract' or not p_content ? 'objects' then '{}'
                when jsonb_array_length(p_content -> 'objects') <= p_objects_max or p_objects_max is null
                then jsonb_build_object('objects', p_content -> 'objects')
                else jsonb_build_object('objects', jsonb_path_query_array(
                         p_content -> 'objects', '$[0 to $last]', jsonb_build_object('last', p_objects_max - 1))) end
        || coalesce((select jsonb_build_object('input', jsonb_object_agg(i.key, i.value))
                     from jsonb_each(coalesce(p_content -> 'input', '{}')) as i
                     where p_input ? i.key
                     having count(*) > 0), '{}')
$$;

create function etl_api.check_workflow_content(p_org uuid, p_definition jsonb, p_content jsonb) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    problem text;
    declared jsonb;
    kind text;
begin
    -- A definition is checked when it is applied; its activities may have changed since, or somebody has written it by SQL.
    select format('step "%s" of the workflow %s', s.step, case
               when s.activity_id is null or s.phase is null then 'names no activity, or no phase from 1 to 5; apply the workflow again'
               when a.id is null then 'names an activity that there is not any more; apply the workflow again'
               when t.name not in ('enrichment', 'extract', 'sourcing') then 'is for an activity of type ' || t.name || ', which cannot run'
               when s.on_failure not in ('stop', 'skip', 'continue') then 'has an unknown on_failure; there are stop, skip, continue'
               else 'is for the activity ' || a.key || ', which has no source' end)
    into problem
    from etl_api.workflow_steps(p_definition) as s
    left join public.activity as a on a.org_id = p_org and a.id = s.activity_id and a.deleted_at is null
    left join public.activity_type as t on t.id = a.activity_type_id
    where s.activity_id is null or s.phase is null or a.id is null or t.name not in ('enrichment', 'extract', 'sourcing')
       or s.on_failure not in ('stop', 'skip', 'continue')
       or not exists (select from public.activity_source as l where l.org_id = a.org_id and l.activity_id = a.id)
    order by s.step collate "C"
    limit 1;
    if problem is not null then
        return problem;
    end if;

    -- Together the steps take what each of them takes.
    select coalesce(jsonb_object_agg(f.key, f.value) filter (where f.key is not null), '{}'), max(k.kind)
    into declared, kind
    from (select case when bool_or(t.name = 'enrichment' and s.phase = 1) then 'enrichment'
                      when bool_or(t.name = 'sourcing' and s.phase = 1) then 'sourcing'
                      when count(*) > 0 then 'extract' end as kind
          from etl_api.workflow_steps(p_definition) as s
          join public.activity as a on a.org_id = p_org and a.id = s.activity_id
          join public.activity_type as t on t.id = a.activity_type_id) as k
    left join (
        select i.key, (array_agg(i.value order by s.step collate "C"))[1]
               || jsonb_build_object('required', bool_or(i.value -> 'required' = 'true')) as value
        from etl_api.workflow_steps(p_definition) as s
        join public.activity as a on a.org_id = p_org and a.id = s.activity_id
        cross join lateral jsonb_each(a.input) as i
        group by i.key
    ) as f on true;
    if kind is null then
        return 'the workflow has no step';
    end if;
    problem := etl_api.check_request_content(
        case jsonb_typeof(p_content) when 'object' then p_content - 'workflow' else p_content end, kind, declared);
    if problem is not null then
        return replace(replace(replace(problem, 'known are "activity"', 'known are "workflow"'), 'the activity takes', 'the workflow takes'),
                       'an extract finds its objects', 'the workflow finds its objects');
    end if;
    -- Two steps may have declared a field differently. Names are checked already.
    select format('%s; so step "%s" takes it', p.problem, s.step) into problem
    from etl_api.workflow_steps(p_definition) as s
    join public.activity as a on a.org_id = p_org and a.id = s.activity_id
    join public.activity_type as t on t.id = a.activity_type_id
    cross join lateral etl_api.check_request_content(
        etl_api.workflow_step_content(p_content - 'objects', a.key, t.name, a.input, s.phase, s.objects_max), 'sourcing', a.input) as p(problem)
    where p.problem is not null
    order by s.step collate "C"
    limit 1;
    return problem;
end
$$;
comment on function etl_api.check_workflow_content(uuid, jsonb, jsonb) is
    'What is wrong with the content of a request for a workflow of an organization; null when nothing is.';

create function etl_api.process_workflow_request(p_workflow_request_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    request record;
    flow record;
    problem text;
    made integer;
begin
    select w.org_id, w.state, w.workflow_id, w.content, w.origin, w.traceparent into request
    from public.workflow_request as w
    where w.id = p_workflow_request_id
    for no key update;
    if not found then
        raise exception 'there is no workflow request %', coalesce(p_workflow_request_id::text, 'null') using errcode = 'no_data_found';
    elsif request.state not in ('new', 'valid') then
        return 0;
    end if;

    select f.id, f.data into flow
    from public.workflow as f
    where f.org_id = request.org_id and f.deleted_at is null
      and case when request.workflow_id is null then f.key = request.content ->> 'workflow' else f.id = request.workflow_id end;
    if found then
        problem := etl_api.check_workflow_content(request.org_id, flow.data, request.content);
    else
        problem := format('$.workflow: there is no workflow "%s"; there %s', left(request.content ->> 'workflow', 100), coalesce((
            select case count(*) when 1 then 'is ' else 'are ' end || string_agg(f.key, ', ' order by f.key)
            from public.workflow as f where f.org_id = request.org_id and f.deleted_at is null having count(*) > 0), 'is none'));
    end if;
    if problem is not null and request.state = 'valid' then
        raise exception '%', problem using errcode = 'invalid_parameter_value';
    elsif problem is not null then
        update public.workflow_request set state = 'invalid', state_substate = 'content', state_reason = problem
        where id = p_workflow_request_id;
        return 0;
    end if;

    if request.state = 'new' then
        update public.workflow_request set state = 'valid' where id = p_workflow_request_id;
    end if;
    update public.workflow_request
    set state = 'ready', workflow_id = flow.id, definition = flow.data, attempt = attempt + 1
    where id = p_workflow_request_id;
    insert into public.workflow_progress (org_id, workflow_request_id) values (request.org_id, p_workflow_request_id)
    on conflict do nothing;
    -- With the first of them the workflow is in progress.
    with step as materialized (
        select s.*, a.key as activity, a.input, a.timeout_seconds, t.name as type
        from etl_api.workflow_steps(flow.data) as s
        join public.activity as a on a.org_id = request.org_id and a.id = s.activity_id
        join public.activity_type as t on t.id = a.activity_type_id
    ), inserted as (
        insert into public.activity_request
            (org_id, activity_id, state, state_substate, content, origin, traceparent, deadline_at,
             workflow_request_id, workflow_phase, workflow_step, objects_max)
        select request.org_id, s.activity_id,
               case s.phase when 1 then 'valid' else 'waiting' end::public.activity_request_state,
               case when s.phase > 1 then 'phase' end,
               etl_api.workflow_step_content(request.content, s.activity, s.type, s.input, s.phase, s.objects_max),
               request.origin, request.traceparent,
               -- The time of the others begins with their phase.
               case s.phase when 1 then clock_timestamp() + make_interval(secs => s.timeout_seconds) end,
               p_workflow_request_id, s.phase, s.step, s.objects_max
        from step as s
        order by s.phase, s.step collate "C"
        returning id, workflow_step, workflow_phase, activity_id, content
    ), plan as (
        select i.id, i.workflow_step, i.workflow_phase, coalesce(jsonb_array_length(i.content -> 'objects'), 0) as objects,
               count(*) as sources, array_agg(s.max_objects) as sizes
        from inserted as i
        join public.activity_source as l on l.org_id = request.org_id and l.activity_id = i.activity_id
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
        where i.workflow_phase = 1
        group by i.id, i.workflow_step, i.workflow_phase, i.content
    )
    insert into public.request_progress
        (org_id, activity_request_id, objects_total, runs_planned, calls_planned, objects_left_out)
    select request.org_id, p.id, p.objects, greatest(p.objects, 1) * p.sources,
           (select sum((greatest(p.objects, 1) + z.size - 1) / z.size) from unnest(p.sizes) as z(size)),
           case when p.objects > 0 then jsonb_array_length(request.content -> 'objects') - p.objects else 0 end
    from plan as p;
    update public.workflow_progress set expanded = true where workflow_request_id = p_workflow_request_id;
    select count(*) into made from public.activity_request as r where r.workflow_request_id = p_workflow_request_id;
    return made;
end
$$;
comment on function etl_api.process_workflow_request(uuid) is
    'Checks a workflow request and makes an activity request for each of its steps: those of phase 1 can start, the others wait; how many. '
    'One whose content is wrong becomes invalid, with the reason; one that was expanded already is left alone.';

grant execute on function etl_api.process_workflow_request(uuid) to service_role, weir_intake;
grant execute on function etl_api.workflow_steps(jsonb) to weir_service;
grant insert on public.workflow_request to weir_intake;

-- What a step may find is bounded by its step, too. Nothing else of the function changes.
do $$
declare
    function constant text := pg_get_functiondef('etl_api.process_run_results_for_source(uuid,integer)'::regprocedure);
    bounded constant text := replace(function, 'a.max_objects, m.id', 'least(a.max_objects, q.objects_max), m.id');
begin
    if bounded = function then
        raise exception 'etl_api.process_run_results_for_source bounds what is found in another way';
    end if;
    execute bounded;
end
$$;

-- migrate:down

set local role weir_owner;
do $$
begin
    execute replace(pg_get_functiondef('etl_api.process_run_results_for_source(uuid,integer)'::regprocedure),
                    'least(a.max_objects, q.objects_max), m.id', 'a.max_objects, m.id');
end
$$;
revoke insert on public.workflow_request from weir_intake;
drop function etl_api.process_workflow_request(uuid);
drop function etl_api.check_workflow_content(uuid, jsonb, jsonb);
drop function etl_api.workflow_step_content(jsonb, text, text, jsonb, integer, integer);
drop function etl_api.workflow_steps(jsonb);
alter table public.request_progress drop column objects_left_out, drop column objects_asked;
drop index public.activity_request_step_is_made_once;
alter table public.activity_request
    drop constraint activity_request_objects_max_within_bounds,
    drop constraint activity_request_phase_is_known,
    drop constraint activity_request_step_is_whole,
    drop column objects_max,
    drop column workflow_step,
    drop column workflow_phase;
drop index public.workflow_request_idempotency_key_is_unique;
alter table public.workflow_request
    drop constraint workflow_request_origin_is_known,
    drop column traceparent,
    drop column idempotency_fingerprint,
    drop column idempotency_key,
    drop column origin,
    drop column definition,
    drop column workflow_id;
