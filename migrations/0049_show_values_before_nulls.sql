-- That one source knows nothing does not hide what another one knows: a value counts before null, in results and under factors.

-- migrate:up

set local role weir_owner;

create or replace function etl_api.reconstruct_values_to_activity_request(p_activity_request_id uuid) returns jsonb
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    objects integer;
    lines jsonb;
begin
    select coalesce(p.objects_total, 0) into objects
    from public.activity_request as r
    left join public.request_progress as p on p.activity_request_id = r.id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif objects > 100000 then
        raise exception 'activity request % has % objects, more than 100000 in one value; read its result with weir result',
            p_activity_request_id, objects using errcode = 'program_limit_exceeded';
    end if;
    with said as materialized (
        -- What each run says of each object: one that asked about it, or one that found it.
        select r.position, r.id as run_id, r.object_id, r.state::text as state, r.state_reason as reason
        from public.run_queue as r
        where r.activity_request_id = p_activity_request_id and r.object_id is not null
        union all
        select o.position, f.run_id, f.object_id, 'done', f.note
        from public.object_finding as f
        join public.request_object as o on o.activity_request_id = f.activity_request_id and o.object_id = f.object_id
        where f.activity_request_id = p_activity_request_id
    )
    select coalesce(jsonb_agg(
        jsonb_build_object('object', o.name, 'values', coalesce(v.found, '{}'))
            || case when q.position is null then '{}' else jsonb_build_object('qualified', q.qualified, 'factors', q.factors) end
            || case when n.note is null then '{}' else jsonb_build_object('note', n.note) end
            || case when e.error is null then '{}' else jsonb_build_object('error', e.error) end
        order by o.position), '[]')
    into lines
    from public.request_object as o
    left join (
        select w.position, jsonb_object_agg(w.key, w.value) as found
        from (
            -- Where two sources yield the same datapoint, that of the run made first counts; but that one source knows nothing does not hide
            -- what another one knows.
            select distinct on (s.position, d.key) s.position, d.key, v.value
            from said as s
            join public.value as v on v.run_id = s.run_id and v.object_id = s.object_id
            join public.datapoint as d on d.id = v.datapoint_id and d.org_id = v.org_id
            order by s.position, d.key, v.value = 'null', s.run_id
        ) as w
        group by w.position
    ) as v on v.position = o.position
    left join (
        select w.position, string_agg(w.reason, '; ' order by w.run_id) as note
        from (select distinct on (s.position, s.reason) s.position, s.reason, s.run_id from said as s
              where s.state = 'done' and s.reason is not null
              order by s.position, s.reason, s.run_id) as w
        group by w.position
    ) as n on n.position = o.position
    left join (
        select distinct on (s.position) s.position, jsonb_strip_nulls(jsonb_build_object('state', s.state, 'reason', s.reason)) as error
        from said as s
        where s.state <> 'done'
        order by s.position, s.run_id
    ) as e on e.position = o.position
    left join public.object_qualification as q on q.activity_request_id = o.activity_request_id and q.position = o.position
    where o.activity_request_id = p_activity_request_id;
    return lines;
end
$$;

create or replace function etl_api.qualify_objects(p_activity_request_id uuid)
    returns table ("position" integer, object_name text, qualified boolean, outcomes jsonb)
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    request record;
begin
    select r.org_id, a.key, a.factors into request
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif request.factors is null then
        raise exception 'activity % has no factors', request.key using errcode = 'object_not_in_prerequisite_state';
    end if;
    return query
    with factor as materialized (
        select f.key, f.datapoint_id, f.factor_type::text as type, f.operator::text as operator, f.value
        from public.factor as f
        where f.org_id = request.org_id and f.deleted_at is null
          and jsonb_path_exists(request.factors, '$.** ? (@ == $key)', jsonb_build_object('key', f.key))
    ), judged as (
        select o.position, o.name, coalesce(jsonb_object_agg(f.key, utils.evaluate_factor(f.type, f.operator, f.value, v.value))
                                                filter (where f.key is not null), '{}') as outcomes
        from public.request_object as o
        left join factor as f on true
        -- What the request's own runs say counts first, a value before null, that of the run made first; else the newest that is known.
        left join lateral (
            select v.value
            from public.value as v
            where v.object_id = o.object_id and v.datapoint_id = f.datapoint_id
            order by v.activity_request_id is distinct from o.activity_request_id,
                     case when v.activity_request_id = o.activity_request_id then v.value = 'null' end,
                     case when v.activity_request_id = o.activity_request_id then v.run_id end, v.created_at desc, v.run_id desc
            limit 1
        ) as v on true
        where o.activity_request_id = p_activity_request_id
        group by o.position, o.name
    )
    select j.position, j.name, utils.combine_factors(request.factors, j.outcomes) = 'passed', j.outcomes
    from judged as j
    order by j.position;
end
$$;

-- migrate:down

set local role weir_owner;

create or replace function etl_api.qualify_objects(p_activity_request_id uuid)
    returns table ("position" integer, object_name text, qualified boolean, outcomes jsonb)
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    request record;
begin
    select r.org_id, a.key, a.factors into request
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif request.factors is null then
        raise exception 'activity % has no factors', request.key using errcode = 'object_not_in_prerequisite_state';
    end if;
    return query
    with factor as materialized (
        select f.key, f.datapoint_id, f.factor_type::text as type, f.operator::text as operator, f.value
        from public.factor as f
        where f.org_id = request.org_id and f.deleted_at is null
          and jsonb_path_exists(request.factors, '$.** ? (@ == $key)', jsonb_build_object('key', f.key))
    ), judged as (
        select o.position, o.name, coalesce(jsonb_object_agg(f.key, utils.evaluate_factor(f.type, f.operator, f.value, v.value))
                                                filter (where f.key is not null), '{}') as outcomes
        from public.request_object as o
        left join factor as f on true
        -- What the request's own runs say counts first, that of the run made first; else the newest that is known.
        left join lateral (
            select v.value
            from public.value as v
            where v.object_id = o.object_id and v.datapoint_id = f.datapoint_id
            order by case when v.activity_request_id = o.activity_request_id then v.run_id end, v.created_at desc, v.run_id desc
            limit 1
        ) as v on true
        where o.activity_request_id = p_activity_request_id
        group by o.position, o.name
    )
    select j.position, j.name, utils.combine_factors(request.factors, j.outcomes) = 'passed', j.outcomes
    from judged as j
    order by j.position;
end
$$;

create or replace function etl_api.reconstruct_values_to_activity_request(p_activity_request_id uuid) returns jsonb
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    objects integer;
    lines jsonb;
begin
    select coalesce(p.objects_total, 0) into objects
    from public.activity_request as r
    left join public.request_progress as p on p.activity_request_id = r.id
    where r.id = p_activity_request_id;
    if not found then
        raise exception 'there is no activity request %', coalesce(p_activity_request_id::text, 'null') using errcode = 'no_data_found';
    elsif objects > 100000 then
        raise exception 'activity request % has % objects, more than 100000 in one value; read its result with weir result',
            p_activity_request_id, objects using errcode = 'program_limit_exceeded';
    end if;
    with said as materialized (
        -- What each run says of each object: one that asked about it, or one that found it.
        select r.position, r.id as run_id, r.object_id, r.state::text as state, r.state_reason as reason
        from public.run_queue as r
        where r.activity_request_id = p_activity_request_id and r.object_id is not null
        union all
        select o.position, f.run_id, f.object_id, 'done', f.note
        from public.object_finding as f
        join public.request_object as o on o.activity_request_id = f.activity_request_id and o.object_id = f.object_id
        where f.activity_request_id = p_activity_request_id
    )
    select coalesce(jsonb_agg(
        jsonb_build_object('object', o.name, 'values', coalesce(v.found, '{}'))
            || case when q.position is null then '{}' else jsonb_build_object('qualified', q.qualified, 'factors', q.factors) end
            || case when n.note is null then '{}' else jsonb_build_object('note', n.note) end
            || case when e.error is null then '{}' else jsonb_build_object('error', e.error) end
        order by o.position), '[]')
    into lines
    from public.request_object as o
    left join (
        select w.position, jsonb_object_agg(w.key, w.value) as found
        from (
            -- Where two sources yield the same datapoint, that of the run made first counts.
            select distinct on (s.position, d.key) s.position, d.key, v.value
            from said as s
            join public.value as v on v.run_id = s.run_id and v.object_id = s.object_id
            join public.datapoint as d on d.id = v.datapoint_id and d.org_id = v.org_id
            order by s.position, d.key, s.run_id
        ) as w
        group by w.position
    ) as v on v.position = o.position
    left join (
        select w.position, string_agg(w.reason, '; ' order by w.run_id) as note
        from (select distinct on (s.position, s.reason) s.position, s.reason, s.run_id from said as s
              where s.state = 'done' and s.reason is not null
              order by s.position, s.reason, s.run_id) as w
        group by w.position
    ) as n on n.position = o.position
    left join (
        select distinct on (s.position) s.position, jsonb_strip_nulls(jsonb_build_object('state', s.state, 'reason', s.reason)) as error
        from said as s
        where s.state <> 'done'
        order by s.position, s.run_id
    ) as e on e.position = o.position
    left join public.object_qualification as q on q.activity_request_id = o.activity_request_id and q.position = o.position
    where o.activity_request_id = p_activity_request_id;
    return lines;
end
$$;
