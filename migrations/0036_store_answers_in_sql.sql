-- Answers become objects and values by SQL alone, by the mappings that are stored: the functions that the specification names (4.1), as
-- faces of what Libraries/Store/RunStore+Process and +Find do.

-- migrate:up

set local role weir_owner;

-- What a source says about objects of a type, as utils.map_answer takes it. An answer in pages is an array of them.
create function etl_api.source_mapping(
    p_source_id uuid, p_object_type_id uuid, p_is_paged boolean,
    out object_paths jsonb, out mapping_type text, out datapoints jsonb
)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(utils.json_path_on_pages(o.key_mapping, p_is_paged)) filter (where o.id is not null), '[]'),
           coalesce(max(o.key_mapping_type), 'key'),
           (select coalesce(jsonb_agg(jsonb_build_array(d.id, d.data_type, p.paths) order by d.key collate "C"), '[]')
            from public.datapoint_source as m
            join public.datapoint as d on d.org_id = m.org_id and d.id = m.datapoint_id
            cross join lateral (
                select coalesce(jsonb_agg(utils.json_path_on_pages(a.path, p_is_paged) order by a.k), '[]') as paths
                from jsonb_array_elements(m.key_mapping) with ordinality as a(path, k)
            ) as p
            where m.source_id = p_source_id and d.object_type_id = p_object_type_id)
    from (values (true)) as always(yes)
    left join public.object_source as o on o.source_id = p_source_id and o.object_type_id = p_object_type_id
$$;

-- Normalization is the processors': only they know dates, countries and words.
create function etl_api.refuse_normalization(p_source_id uuid) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    normalized record;
begin
    select s.key as source, d.key as datapoint into normalized
    from public.datapoint_source as m
    join public.source as s on s.owner_org_id = m.org_id and s.id = m.source_id
    join public.datapoint as d on d.org_id = m.org_id and d.id = m.datapoint_id
    where m.source_id = p_source_id and (d.normalization is not null or d.data_type in ('date', 'datetime'))
    order by d.key
    limit 1;
    if found then
        raise exception 'source % yields %, whose values are normalized; only weir-processor can do that, so leave its answers to it',
            normalized.source, normalized.datapoint using errcode = 'feature_not_supported';
    end if;
end
$$;

create type etl_api.mapped_value as (
    exchange_id uuid, object_type_id uuid,
    -- Of an answer that cannot be used, or that says that there is nothing: why.
    code text, reason text,
    object_number integer, object_name text, datapoint_id uuid, value jsonb, failures jsonb
);
comment on type etl_api.mapped_value is 'What an answer says about one datapoint of one object.';

-- A sentence on values that could not be converted: the first, and how many more there are.
create function utils.failure_sentence(p_failures jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select (p_failures -> 0 ->> 'reason') || ' (at ' || (p_failures -> 0 ->> 'path') || ')'
        || case when jsonb_array_length(p_failures) > 1 then '; ' || jsonb_array_length(p_failures) - 1 || ' more like it' else '' end
$$;

-- The request's object type, after a look that source, request and organization belong together.
create function etl_api.object_type_of(p_source_id uuid, p_activity_request_id uuid, p_org_id uuid) returns uuid
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    object_type uuid;
begin
    if not exists (select from public.source as s where s.id = p_source_id and s.owner_org_id = p_org_id) then
        raise exception 'organization % has no source %', coalesce(p_org_id::text, 'null'), coalesce(p_source_id::text, 'null')
            using errcode = 'no_data_found';
    end if;
    select a.object_type_id into object_type
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    where r.id = p_activity_request_id and r.org_id = p_org_id;
    if not found then
        raise exception 'organization % has no activity request %', p_org_id, coalesce(p_activity_request_id::text, 'null')
            using errcode = 'no_data_found';
    end if;
    return object_type;
end
$$;

create type etl_api.fetched_run as (
    place integer, id uuid, org_id uuid, activity_request_id uuid, exchange_id uuid, object_type_id uuid,
    -- Null when it looks for objects; then so many may be in its request.
    object_id uuid, object_name text, objects_max integer, is_about_many boolean, is_mapped boolean
);
comment on type etl_api.fetched_run is 'A run whose answer waits to be mapped.';

create type etl_api.found_object as (run_id uuid, object_number integer, object_id uuid);
comment on type etl_api.found_object is 'An object that a run has found and that its request has room for.';

-- The objects that runs have found: stored, given a place in their request, and linked to run and source, as Store's "run.store_findings" does
-- it and under the same locks.
create function etl_api.store_findings(p_runs etl_api.fetched_run[], p_mapped etl_api.mapped_value[], p_source_id uuid)
    returns setof etl_api.found_object
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.object (org_id, object_type_id, original_object_value_name, request_id)
    select distinct on (r.object_type_id, n.name) r.org_id, r.object_type_id, n.name, r.activity_request_id
    from unnest(p_runs) as r
    join unnest(p_mapped) as m on m.exchange_id = r.exchange_id and m.object_type_id = r.object_type_id
    cross join lateral (select m.object_name collate "C" as name) as n
    where r.object_id is null and n.name is not null
    order by r.object_type_id, n.name, r.place
    on conflict do nothing;

    perform from public.request_progress as p
    where p.activity_request_id in (select r.activity_request_id from unnest(p_runs) as r)
    order by p.org_id, p.activity_request_id
    for no key update;

    return query
    with said as materialized (
        select r.*, m.object_number, m.object_name collate "C" as name, m.value, m.failures, d.key
        from unnest(p_runs) as r
        join unnest(p_mapped) as m on m.exchange_id = r.exchange_id and m.object_type_id = r.object_type_id
        left join public.datapoint as d on d.id = m.datapoint_id and d.org_id = r.org_id
        where r.object_id is null and m.object_name is not null
    ), misfit as (
        select s.id, s.object_number, utils.failure_sentence(jsonb_agg(f.failure order by s.key collate "C", f.k)) as note
        from said as s
        cross join lateral jsonb_array_elements(s.failures) with ordinality as f(failure, k)
        group by s.id, s.object_number
    ), input as materialized (
        select s.org_id, s.object_type_id, s.activity_request_id, s.id as run_id, s.objects_max, s.object_number, s.name,
               row_number() over (order by s.place, s.object_number) as place,
               coalesce(sum(octet_length(s.value::text)), 0) as bytes, max(m.note) as note
        from said as s
        left join misfit as m on m.id = s.id and m.object_number = s.object_number
        group by s.org_id, s.object_type_id, s.activity_request_id, s.id, s.objects_max, s.place, s.object_number, s.name
    ), found as materialized (
        select i.*, o.id as object_id, p.objects_total,
               exists (select from public.object_finding as f
                       where f.activity_request_id = i.activity_request_id and f.object_id = o.id) as is_known
        from input as i
        join public.object as o
          on o.object_type_id = i.object_type_id and o.original_object_value_name = i.name and o.org_id = i.org_id
        join public.request_progress as p on p.activity_request_id = i.activity_request_id
    ), ranked as materialized (
        select f.*, min(f.place) over (partition by f.activity_request_id, f.object_id) as first_place from found as f
    ), placed as materialized (
        select r.*, not r.is_known and r.place = r.first_place as is_first,
               r.objects_total - 1 + sum((not r.is_known and r.place = r.first_place)::integer)
                   over (partition by r.activity_request_id order by r.first_place) as position
        from ranked as r
    ), named as (
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select p.org_id, p.activity_request_id, p.position, p.object_id, p.name
        from placed as p
        where p.is_first and p.position < p.objects_max
    ), counted as (
        update public.request_progress as p
        set objects_total = p.objects_total + n.count, objects_expanded = p.objects_expanded + n.count
        from (select f.activity_request_id, count(*) as count from placed as f where f.is_first and f.position < f.objects_max group by 1) as n
        where p.activity_request_id = n.activity_request_id
    ), linked as (
        insert into public.object_finding (org_id, activity_request_id, object_id, run_id, source_id, value_bytes, note)
        select p.org_id, p.activity_request_id, p.object_id, p.run_id, p_source_id, least(p.bytes, 2147483647), p.note
        from placed as p
        where p.is_known or p.position < p.objects_max
        order by p.place
        on conflict do nothing
    )
    select p.run_id, p.object_number, p.object_id from placed as p where p.is_known or p.position < p.objects_max order by p.place;
end
$$;

create function etl_api.store_object(p_source_id uuid, p_request_id uuid, payload jsonb, p_org_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    object_type constant uuid := etl_api.object_type_of(p_source_id, p_request_id, p_org_id);
    made integer;
begin
    -- In the order of the conflict key, as everybody who stores objects.
    insert into public.object (org_id, object_type_id, original_object_value_name, request_id)
    select p_org_id, object_type, n.name, p_request_id
    from (
        select distinct v.object_name collate "C" as name
        from etl_api.source_mapping(p_source_id, object_type, false) as m
        cross join lateral utils.map_answer(payload, m.object_paths, m.mapping_type, '[]') as v
        where v.object_name is not null
    ) as n
    order by n.name
    on conflict do nothing;
    get diagnostics made = row_count;
    -- Where the source was asked for objects, these are what it has found.
    perform from etl_api.store_findings(
        array(select row(1, r.id, r.org_id, r.activity_request_id, r.id, object_type, null, null, a.max_objects, false, true)::etl_api.fetched_run
              from public.run_queue as r
              join public.activity_request as q on q.id = r.activity_request_id
              join public.activity as a on a.id = q.activity_id and a.org_id = q.org_id
              where r.activity_request_id = p_request_id and r.source_id = p_source_id and r.object_id is null),
        array(select row(r.id, object_type, null, null, v.object_number, v.object_name, null, null, '[]')::etl_api.mapped_value
              from public.run_queue as r
              cross join etl_api.source_mapping(p_source_id, object_type, false) as m
              cross join lateral utils.map_answer(payload, m.object_paths, m.mapping_type, '[]') as v
              where r.activity_request_id = p_request_id and r.source_id = p_source_id and r.object_id is null and v.object_name is not null),
        p_source_id);
    return made;
end
$$;
comment on function etl_api.store_object(uuid, uuid, jsonb, uuid) is
    'Stores the objects that a payload names where the source''s mapping looks for names, and gives them a place in a request that looks for '
    'objects; returns how many are new.';

create function etl_api.store_value(p_source_id uuid, p_request_id uuid, payload jsonb, p_org_id uuid) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    object_type constant uuid := etl_api.object_type_of(p_source_id, p_request_id, p_org_id);
    made integer;
begin
    perform etl_api.refuse_normalization(p_source_id);
    with run as materialized (
        select r.id, r.object_id, count(*) over () as total
        from public.run_queue as r
        where r.activity_request_id = p_request_id and r.source_id = p_source_id
    ), mapped as materialized (
        select v.object_number, v.object_name collate "C" as name, v.datapoint::uuid as datapoint_id, v.value,
               -- Of two objects with one name the first counts.
               first_value(v.object_number) over (partition by v.object_name order by v.object_number) as first
        from etl_api.source_mapping(p_source_id, object_type, false) as m
        cross join lateral utils.map_answer(payload, m.object_paths, m.mapping_type, m.datapoints) as v
        where v.value is not null
    ), stored as (
        insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value)
        select p_org_id, r.id, coalesce(r.object_id, o.id), m.datapoint_id, p_source_id, p_request_id, m.value
        from mapped as m
        left join public.object as o
          on o.object_type_id = object_type and o.original_object_value_name = m.name and o.org_id = p_org_id
        join run as r
          -- The object's run, or one that has found it; a payload without names is about the only run there is.
          on case when m.name is null then r.total = 1 and r.object_id is not null
                  when r.object_id is not null then r.object_id = o.id
                  else exists (select from public.object_finding as f
                               where f.activity_request_id = p_request_id and f.object_id = o.id and f.run_id = r.id) end
        where m.object_number = m.first
        on conflict do nothing
        returning run_id, object_id, value
    ), sized_findings as (
        update public.object_finding as f
        set value_bytes = least(f.value_bytes + s.bytes, 2147483647)::integer
        from (select run_id, object_id, sum(octet_length(value::text)) as bytes from stored group by run_id, object_id) as s
        where f.activity_request_id = p_request_id and f.object_id = s.object_id and f.run_id = s.run_id
    ), sized as (
        update public.run_queue as r
        set value_bytes = least(r.value_bytes + s.bytes, 2147483647)::integer
        from (select run_id, sum(octet_length(value::text)) as bytes from stored group by run_id) as s
        where r.id = s.run_id
    )
    select count(*) into made from stored;
    return made;
end
$$;
comment on function etl_api.store_value(uuid, uuid, jsonb, uuid) is
    'Stores the values of a payload for the objects that a source was asked about in a request, or that it found; returns how many are new. '
    'What is about no such object, and what does not fit its datapoint''s type, is left out.';

grant execute on function etl_api.store_object(uuid, uuid, jsonb, uuid), etl_api.store_value(uuid, uuid, jsonb, uuid) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.store_value(uuid, uuid, jsonb, uuid);
drop function etl_api.store_object(uuid, uuid, jsonb, uuid);
drop function etl_api.store_findings(etl_api.fetched_run[], etl_api.mapped_value[], uuid);
drop type etl_api.found_object;
drop type etl_api.fetched_run;
drop function etl_api.object_type_of(uuid, uuid, uuid);
drop function utils.failure_sentence(jsonb);
drop type etl_api.mapped_value;
drop function etl_api.refuse_normalization(uuid);
drop function etl_api.source_mapping(uuid, uuid, boolean);
