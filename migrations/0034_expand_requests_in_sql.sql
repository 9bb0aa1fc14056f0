-- Requests become runs by SQL alone: the functions that the specification names (4.1), as faces of what Libraries/Store/RequestStore+Expand
-- does for weir-intake. Both write the same rows under the same locks, so that either may do it.
--
-- They run with the owner's rights, for service_role: nobody needs rights on the tables to use them.

-- migrate:up

set local role weir_owner;

-- What <<$name>> stands for in a source's templates when it is asked about an object. The executor adds what only a call knows.
create function etl_api.template_variables(p_source_id uuid, p_activity_request_id uuid, p_object_id uuid) returns jsonb
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(found.variables, '{}') || coalesce(utils.input_with_defaults(a.input, r.content -> 'input'), '{}')
        || case when o.id is null then '{}' else jsonb_build_object(
               'object', o.original_object_value_name, 'objects', jsonb_build_array(o.original_object_value_name)) end
        || case when s.id is null then '{}' else jsonb_build_object('max_objects', s.max_objects) end
        || case when a.id is null then '{}' else jsonb_build_object('run_setup', a.setup) end
    from (values (true)) as always(yes)
    left join public.activity_request as r on r.id = p_activity_request_id
    left join public.activity as a on a.id = r.activity_id and a.org_id = r.org_id
    -- Nothing of another organization than the request's.
    left join public.source as s on s.id = p_source_id and s.owner_org_id = r.org_id
    left join public.object as o on o.id = p_object_id and o.org_id = r.org_id
    left join lateral (
        select jsonb_object_agg(n.key, n.value) as variables
        from (
            select distinct on (d.key) d.key, v.value
            from public.value as v
            join public.datapoint as d on d.id = v.datapoint_id and d.org_id = v.org_id
            where v.object_id = o.id and v.org_id = o.org_id
            order by d.key, v.created_at desc, v.run_id desc
        ) as n
        where n.value <> 'null'
    ) as found on true
$$;
comment on function etl_api.template_variables(uuid, uuid, uuid) is
    'The variables of templates, by name: object, objects, max_objects, run_setup, the request''s input with its defaults, and the newest '
    'values of the object by datapoint.';

create function utils.resolve_json_variables(
    p_text text, p_source_id uuid, p_activity_request_id uuid, p_object_id uuid, out result text, out all_resolved boolean
)
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
    select case when jsonb_typeof(t.template) in ('object', 'array')
                then public.json_placeholder_replace(t.template, v.variables)::text
                else utils.replace_request_placeholders(p_text, v.variables) end,
           case when jsonb_typeof(t.template) in ('object', 'array')
                then utils.unresolved_placeholders(t.template, v.variables)
                else utils.unresolved_placeholders(p_text, v.variables) end = '{}'
    from (select public.safe_jsonb(p_text) as template) as t
    cross join (select etl_api.template_variables(p_source_id, p_activity_request_id, p_object_id) as variables) as v
$$;
comment on function utils.resolve_json_variables(text, uuid, uuid, uuid) is
    'The text with the variables of a source, a request and an object in the place of <<$name>>, and whether each had a value. In a JSON '
    'object or array the types of values are kept, and none can end the text that it stands in.';

-- As Contracts.ActivityRequestBody checks a body; a sentence with the first fault, null when there is none.
create function etl_api.check_request_content(p_content jsonb, p_activity_type text, p_input jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    with body as materialized (
        select case jsonb_typeof(p_content) when 'object' then p_content else '{}' end as content,
               p_content -> 'objects' as objects,
               case jsonb_typeof(p_content -> 'objects') when 'array' then jsonb_array_length(p_content -> 'objects') else 0 end as count,
               case jsonb_typeof(p_content -> 'input') when 'object' then p_content -> 'input' else '{}' end as input
    ), element as materialized (
        select e.k - 1 as k, e.value, jsonb_typeof(e.value) as type, e.value #>> '{}' as text,
               min(e.k - 1) over (partition by e.value) as first
        from body as b
        cross join jsonb_array_elements(case when b.count between 1 and 100000 then b.objects else '[]' end)
                       with ordinality as e(value, k)
    ), fault as (
        select 0 as part, 0::bigint as k, '$' as path, 'must be an object, not ' || coalesce(jsonb_typeof(p_content), 'nothing') as message
        where jsonb_typeof(p_content) is distinct from 'object'
        union all
        select 1, 0, '$' || utils.json_path_step(n.key), 'there is no such field; known are "activity", "objects" and "input"'
        from body as b cross join jsonb_object_keys(b.content) as n(key)
        where n.key not in ('activity', 'objects', 'input')
        union all
        select 2, 0, '$.objects', case
            when p_activity_type = 'extract' and b.content ? 'objects' then 'must be left out: an extract finds its objects by its input'
            when p_activity_type = 'enrichment' and not b.content ? 'objects' then 'is missing; list the names of the objects'
            when not b.content ? 'objects' then null
            when jsonb_typeof(b.objects) <> 'array' then 'must be an array of names, not ' || jsonb_typeof(b.objects)
            when b.count = 0 then 'is empty; name at least one object'
            when b.count > 100000 then 'names ' || b.count || ' objects, more than the maximum of 100000; split the request' end
        from body as b
        union all
        select 3, e.k, '$.objects[' || e.k || ']', case
            when e.type <> 'string' then 'must be a name, a string, not ' || e.type
            when utils.trim_white_space(e.text) = '' then 'is empty; a name has at least one visible character'
            when octet_length(e.text) > 1000 then 'has ' || octet_length(e.text) || ' bytes, more than the maximum of 1000'
            when e.first < e.k then 'is the same name as $.objects[' || e.first || ']; name each object once' end
        from element as e
        union all
        select 4, 0, '$.input', 'must be an object with the fields that the activity takes, not ' || jsonb_typeof(p_content -> 'input')
        where jsonb_typeof(p_content -> 'input') <> 'object'
        union all
        select 5, 0, '$.input' || utils.json_path_step(coalesce(f.key, i.key)), case
            when f.key is null then 'there is no such field' || coalesce('; the activity takes ' || d.known, '; the activity takes no input')
            when i.key is null and f.value -> 'required' = 'true' then 'is missing; the activity needs it'
            when i.key is null then null
            when f.value ->> 'type' = 'text' and jsonb_typeof(i.value) <> 'string' then 'must be a string, not ' || jsonb_typeof(i.value)
            when f.value ->> 'type' = 'number' and jsonb_typeof(i.value) <> 'number' then 'must be a number, not ' || jsonb_typeof(i.value)
            when f.value ->> 'type' = 'boolean' and jsonb_typeof(i.value) <> 'boolean'
                then 'must be true or false, not ' || jsonb_typeof(i.value)
            when f.value ->> 'type' = 'list' and (jsonb_typeof(i.value) <> 'array' or jsonb_path_exists(i.value, '$[*] ? (@.type() != "string")'))
                then 'must be an array of strings' end
        from (select x.key, x.value from body as b cross join jsonb_each(b.input) as x) as i
        full join jsonb_each(p_input) as f on f.key = i.key
        cross join (select string_agg(k, ', ' order by k) as known from jsonb_object_keys(p_input) as k) as d
    )
    select f.path || ': ' || f.message || case when f.total > 1 then ' (and ' || f.total - 1 || ' more)' else '' end
    from (select f.*, count(*) over () as total from fault as f
          where f.message is not null and (f.part = 0 or jsonb_typeof(p_content) = 'object')) as f
    order by f.part, f.k, f.path
    limit 1
$$;
comment on function etl_api.check_request_content(jsonb, text, jsonb) is
    'What is wrong with the content of a request for an activity of some type and input; null when nothing is.';

-- Which of some template variables an object has no value for.
create function etl_api.missing_values(p_org_id uuid, p_object_type_id uuid, p_object_id uuid, p_names text[]) returns text[]
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select array_agg(w.name order by w.place)
    from unnest(p_names) with ordinality as w(name, place)
    where (
        select v.value <> 'null'
        from public.datapoint as d
        join public.value as v on v.object_id = p_object_id and v.datapoint_id = d.id and v.org_id is not distinct from d.org_id
        where d.org_id = p_org_id and d.object_type_id = p_object_type_id and d.key = w.name
        order by v.created_at desc, v.run_id desc
        limit 1
    ) is not true
$$;

-- The rows of a request: objects, their places, runs, counters. Returns how many runs were made: none when they are there already or when
-- a service is at it.
create function etl_api.expand_request(p_activity_id uuid, p_activity_request_id uuid, p_activity_type text) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    request record;
    problem text;
    names text[];
    first_position integer;
    made integer;
begin
    select r.org_id, r.activity_id, r.state, r.worker_id, r.stopping, r.content, a.object_type_id, a.key as activity, a.input, a.setup,
           t.name as type
    into request
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    join public.activity_type as t on t.id = a.activity_type_id
    where r.id = p_activity_request_id
    for no key update of r;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif request.activity_id is distinct from p_activity_id then
        raise exception 'activity request % is for activity %, not for %', p_activity_request_id, request.activity_id,
            coalesce(p_activity_id::text, 'null') using errcode = 'no_data_found';
    elsif request.type <> p_activity_type then
        raise exception 'activity % is of type %, not %', request.activity, request.type, p_activity_type
            using errcode = 'invalid_parameter_value';
    elsif request.state not in ('new', 'valid', 'ready', 'in_progress') or request.worker_id is not null or request.stopping is not null
        or exists (select from public.request_progress as p where p.activity_request_id = p_activity_request_id and p.expanded) then
        return 0;
    end if;
    problem := etl_api.check_request_content(request.content, request.type, request.input);
    if problem is not null then
        raise exception 'activity request %: %', p_activity_request_id, problem using errcode = 'invalid_parameter_value';
    end if;
    names := array(select n from jsonb_array_elements_text(coalesce(request.content -> 'objects', '[]')) with ordinality as o(n, k) order by o.k);

    -- Where objects are to be found, every source must say where its answers name them.
    select case
        when count(*) = 0 then format('activity %s has no source; add one to it', request.activity)
        when cardinality(names) = 0 and count(m.id) < count(*) then format(
            'source %s does not say where its answers name the objects that activity %s looks for; declare its object_source',
            string_agg(s.key, ', ' order by s.key) filter (where m.id is null), request.activity) end
    into problem
    from public.activity_source as l
    join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
    left join public.object_source as m
      on m.org_id = l.org_id and m.source_id = l.source_id and m.object_type_id = request.object_type_id
    where l.org_id = request.org_id and l.activity_id = request.activity_id;
    if problem is not null then
        raise exception '%', problem using errcode = 'object_not_in_prerequisite_state';
    end if;

    select coalesce(max(p.objects_expanded), 0) into first_position
    from public.request_progress as p where p.activity_request_id = p_activity_request_id;

    -- Before the counters are locked, and in the order of the conflict key, so that two requests that name the same objects never wait for
    -- each other in a circle.
    insert into public.object (org_id, object_type_id, original_object_value_name, request_id)
    select request.org_id, request.object_type_id, n.name, p_activity_request_id
    from unnest(names[first_position + 1:]) as n(name)
    order by n.name collate "C"
    on conflict do nothing;

    insert into public.request_progress (org_id, activity_request_id, objects_total, runs_planned, calls_planned)
    select request.org_id, p_activity_request_id, cardinality(names), greatest(cardinality(names), 1) * count(*),
           sum((greatest(cardinality(names), 1) + s.max_objects - 1) / s.max_objects)
    from public.activity_source as l
    join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
    where l.org_id = request.org_id and l.activity_id = request.activity_id
    on conflict (activity_request_id, org_id) do update
    set objects_total = excluded.objects_total, runs_planned = excluded.runs_planned, calls_planned = excluded.calls_planned
    where request_progress.objects_total = 0;

    -- A statement of its own, so that its snapshot sees objects which another transaction made meanwhile.
    with input as materialized (
        select request.org_id as org_id, request.object_type_id as object_type_id, n.name collate "C" as name,
               first_position + n.k::integer - 1 as position
        from unnest(names[first_position + 1:]) with ordinality as n(name, k)
    ), named as (
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select i.org_id, p_activity_request_id, i.position, o.id, i.name
        from input as i
        join public.object as o
          on o.object_type_id = i.object_type_id and o.original_object_value_name = i.name and o.org_id = i.org_id
        returning position, object_id
    ), asked as (
        select n.position, n.object_id from named as n
        union all
        -- One that finds objects asks about none.
        select 0, null where cardinality(names) = 0
    ), source as materialized (
        select s.id,
               array(select w.name collate "C"
                     from unnest(utils.unresolved_placeholders(
                              -- Of every step: a job's later ones need their values, too.
                              jsonb_build_array(
                                  s.run_request_template, s.status_request_template, s.delivery_request_template,
                                  s.abort_request_template, s.cleanup_request_template, s.lookup_request_template),
                              etl_api.template_variables(s.id, p_activity_request_id, null)
                                  || case when cardinality(names) = 0 then '{}' else '{"object": "", "objects": []}'::jsonb end
                                  || '{"run_external_id": "", "callback_url": "", "submission_key": "", "cursor": ""}')) as w(name)
                     where w.name not like 'secret.%'
                     order by 1) as needed
        from public.activity_source as l
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
        where l.org_id = request.org_id and l.activity_id = request.activity_id
    ), run as materialized (
        select a.position, a.object_id, s.id as source_id, row_number() over (order by s.id, a.position) as place,
               case when s.needed <> '{}'
                    then etl_api.missing_values(request.org_id, request.object_type_id, a.object_id, s.needed) end as missing
        from asked as a
        cross join source as s
    ), id as materialized (
        -- Those of one millisecond come in no order.
        select m.id, row_number() over (order by m.id) as place
        from (select utils.uuid_v7() as id from generate_series(1, (select count(*) from run))) as m
    )
    insert into public.run_queue
        (org_id, id, activity_request_id, source_id, object_id, position, state, state_substate, state_reason)
    select request.org_id, i.id, p_activity_request_id, r.source_id, r.object_id, r.position,
           case when r.missing is null then 'ready' else 'invalid' end::public.run_queue_state,
           case when r.missing is not null then 'missing_value' end,
           case when r.missing is not null then etl_api.missing_values_reason(r.missing) end
    from run as r
    join id as i on i.place = r.place
    order by r.place;
    get diagnostics made = row_count;

    update public.request_progress as p
    set objects_expanded = cardinality(names), expanded = true
    where p.activity_request_id = p_activity_request_id;
    return made;
end
$$;

create function etl_api.create_run_enrichment(p_activity_id uuid, p_activity_request_id uuid) returns integer
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    select etl_api.expand_request(p_activity_id, p_activity_request_id, 'enrichment')
$$;
comment on function etl_api.create_run_enrichment(uuid, uuid) is
    'Makes a run for each object of the request and each source of the activity; returns how many. A run whose source needs a value that '
    'is missing is invalid with substate missing_value.';

create function etl_api.create_run_extract(p_activity_id uuid, p_activity_request_id uuid) returns integer
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    select etl_api.expand_request(p_activity_id, p_activity_request_id, 'extract')
$$;
comment on function etl_api.create_run_extract(uuid, uuid) is
    'Makes a run without object for each source of the activity, which looks for objects; returns how many.';

create function etl_api.create_run_sourcing(p_activity_id uuid, p_activity_request_id uuid) returns integer
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    select etl_api.expand_request(p_activity_id, p_activity_request_id, 'sourcing')
$$;
comment on function etl_api.create_run_sourcing(uuid, uuid) is
    'Makes the runs of a request that qualifies objects: as enrichment when it names objects, as extract when it does not; returns how many.';

create function etl_api.create_run(p_activity_request_id uuid) returns integer
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

create function etl_api.process_activity_request_by_id(p_activity_request_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    request record;
    problem text;
    made integer;
begin
    select r.state, r.worker_id, r.stopping, r.content, a.input, t.name as type, coalesce(p.expanded, false) as expanded
    into request
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    join public.activity_type as t on t.id = a.activity_type_id
    left join public.request_progress as p on p.activity_request_id = r.id
    where r.id = p_activity_request_id
    for no key update of r;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif request.worker_id is not null or request.stopping is not null
        or request.state not in ('new', 'valid', 'ready', 'in_progress') or request.state = 'in_progress' and request.expanded then
        return 0;
    end if;
    if request.state = 'new' then
        problem := etl_api.check_request_content(request.content, request.type, request.input);
        if problem is not null then
            update public.activity_request set state = 'invalid', state_substate = 'content', state_reason = problem
            where id = p_activity_request_id;
            return 0;
        end if;
        update public.activity_request set state = 'valid' where id = p_activity_request_id;
    end if;
    if request.state in ('new', 'valid') then
        update public.activity_request as r
        set state = 'ready', attempt = r.attempt + 1,
            deadline_at = coalesce(r.deadline_at, clock_timestamp() + make_interval(secs => a.timeout_seconds))
        from public.activity as a
        where r.id = p_activity_request_id and a.org_id = r.org_id and a.id = r.activity_id;
    end if;
    made := etl_api.create_run(p_activity_request_id);
    if request.state <> 'in_progress' then
        update public.activity_request set state = 'in_progress', state_substate = null where id = p_activity_request_id;
    end if;
    return made;
end
$$;
comment on function etl_api.process_activity_request_by_id(uuid) is
    'Checks a request, makes its runs and sets it in progress, as weir-intake does; returns how many runs. A request that is not to be '
    'started is left alone.';

grant execute on function utils.resolve_json_variables(text, uuid, uuid, uuid), etl_api.create_run(uuid),
    etl_api.create_run_enrichment(uuid, uuid), etl_api.create_run_extract(uuid, uuid), etl_api.create_run_sourcing(uuid, uuid),
    etl_api.process_activity_request_by_id(uuid) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.process_activity_request_by_id(uuid);
drop function etl_api.create_run(uuid);
drop function etl_api.create_run_sourcing(uuid, uuid);
drop function etl_api.create_run_extract(uuid, uuid);
drop function etl_api.create_run_enrichment(uuid, uuid);
drop function etl_api.expand_request(uuid, uuid, text);
drop function etl_api.missing_values(uuid, uuid, uuid, text[]);
drop function etl_api.check_request_content(jsonb, text, jsonb);
drop function utils.resolve_json_variables(text, uuid, uuid, uuid);
drop function etl_api.template_variables(uuid, uuid, uuid);
