-- The result of a request by SQL is the one that services collect: objects of which no run was made are left out, and where each value comes from is
-- told on request.

-- migrate:up

set local role weir_owner;

drop function etl_api.reconstruct_values_to_activity_request(uuid);
create function etl_api.reconstruct_values_to_activity_request(p_activity_request_id uuid, p_provenance boolean default false) returns jsonb
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
            || case when p_provenance then jsonb_build_object('provenance', coalesce(v.provenance, '{}')) else '{}' end
        order by o.position), '[]')
    into lines
    from public.request_object as o
    left join (
        select w.position, jsonb_object_agg(w.key, w.value) as found,
            case when p_provenance then jsonb_object_agg(w.key, jsonb_build_object(
                'source', w.source, 'run', w.run_id, 'at', to_char(w.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) end as provenance
        from (
            -- Where two sources yield the same datapoint, that of the run made first counts; but that one source knows nothing does not hide
            -- what another one knows.
            select distinct on (s.position, d.key) s.position, d.key, v.value, c.key as source, s.run_id, v.created_at
            from said as s
            join public.value as v on v.run_id = s.run_id and v.object_id = s.object_id
            join public.datapoint as d on d.id = v.datapoint_id and d.org_id = v.org_id
            join public.source as c on c.id = v.source_id and c.owner_org_id = v.org_id
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
    where o.activity_request_id = p_activity_request_id and o.position in (select s.position from said as s);
    return lines;
end
$$;
comment on function etl_api.reconstruct_values_to_activity_request(uuid, boolean) is
    'The result of a request as it stands: a list with an element for each object that has a run, in the order of the request: object, values, qualified, factors, note, error; with p_provenance also the source, the run and the time of each value.';

grant execute on function etl_api.reconstruct_values_to_activity_request(uuid, boolean) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.reconstruct_values_to_activity_request(uuid, boolean);

create function etl_api.reconstruct_values_to_activity_request(p_activity_request_id uuid) returns jsonb
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
comment on function etl_api.reconstruct_values_to_activity_request(uuid) is
    'The result of a request as it stands: a list with an element for each object, in the order of the request: object, values, qualified, factors, note, error.';

grant execute on function etl_api.reconstruct_values_to_activity_request(uuid) to service_role;
