-- Answers become objects and values by SQL alone, by the mappings that are stored: the functions that the specification names (4.1), as
-- faces of what Services/Processor and Libraries/Store/RunStore+Process and +Find do.

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

create function etl_api.map_result(p_exchange_id uuid, p_source_id uuid, p_object_type_id uuid) returns setof etl_api.mapped_value
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    result record;
    body text;
    answer jsonb;
    fault text;
    fault_reason text;
begin
    select x.body, x.pages, x.no_data into result from public.run_result as x where x.run_request_id = p_exchange_id;
    if result.no_data is not null then
        return next row(p_exchange_id, p_object_type_id, 'no_data', result.no_data, null, null, null, null, null)::etl_api.mapped_value;
        return;
    end if;
    begin
        body := convert_from(result.body, 'UTF8');
        answer := public.safe_jsonb(body);
    exception when data_exception then
        null;
    end;
    if answer is null then
        if utils.trim_white_space(body) = '' or octet_length(result.body) = 0 then
            fault := 'empty';
            fault_reason := 'the answer is empty';
        elsif body is not null and utils.is_json(body) then
            fault := 'unstorable';
            fault_reason := 'the answer holds something that the database cannot store, such as the character U+0000 or a number out of range';
        elsif body is not null and utils.trim_white_space(body) !~ '^[[{"0-9tfn-]' then
            fault := 'not_json';
            fault_reason := 'the answer is not JSON';
        else
            fault := 'invalid_json';
            fault_reason := 'the answer is not valid JSON';
        end if;
        return next row(p_exchange_id, p_object_type_id, fault, 'the answer cannot be used: ' || fault_reason, null, null, null, null, null)
            ::etl_api.mapped_value;
        return;
    end if;
    begin
        return query
        select p_exchange_id, p_object_type_id, null::text, null::text, v.object_number, v.object_name, v.datapoint::uuid, v.value, v.failures
        from etl_api.source_mapping(p_source_id, p_object_type_id, result.pages is not null) as m
        cross join lateral utils.map_answer(answer, m.object_paths, m.mapping_type, m.datapoints) as v;
    exception
        when program_limit_exceeded then
            return next row(p_exchange_id, p_object_type_id, 'too_many_matches', 'the answer cannot be used: ' || sqlerrm,
                            null, null, null, null, null)::etl_api.mapped_value;
        when data_exception then
            return next row(p_exchange_id, p_object_type_id, 'mapping', 'the source''s mapping cannot be used: ' || sqlerrm,
                            null, null, null, null, null)::etl_api.mapped_value;
    end;
end
$$;
comment on function etl_api.map_result(uuid, uuid, uuid) is
    'What the raw answer of an exchange says about objects of a type; one row with a code when it says nothing that can be used.';

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

create function etl_api.process_run_results_for_source(p_source_id uuid, p_runs_max integer default 400) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    picked etl_api.fetched_run[];
    mapped etl_api.mapped_value[];
    found_objects etl_api.found_object[];
    closed integer;
begin
    if not exists (select from public.source as s where s.id = p_source_id) then
        raise exception 'there is no source %', coalesce(p_source_id::text, 'null') using errcode = 'no_data_found';
    end if;
    perform etl_api.refuse_normalization(p_source_id);
    -- As a processor picks: the row lock is the claim (docs/decisions/0005), and what is locked is somebody else's.
    with locked as materialized (
        select r.org_id, r.id, r.activity_request_id, r.run_request_id, r.object_id, r.position
        from public.run_queue as r
        where r.state = 'in_progress' and r.state_substate = 'fetched' and r.source_id = p_source_id
        order by r.run_request_id, r.id
        limit least(p_runs_max, 1000)
        for no key update skip locked
    ), fetched as (
        select l.*, row_number() over (order by l.run_request_id, l.id) from locked as l
    ), sized as (
        -- Answers of 16 MiB at the most, but for the last.
        select x.run_request_id, x.runs, sum(octet_length(x.body)) over (order by x.run_request_id) - octet_length(x.body) as bytes_before
        from public.run_result as x
        where x.run_request_id in (select l.run_request_id from locked as l)
    )
    select array_agg(row(row_number, f.id, f.org_id, f.activity_request_id, f.run_request_id, a.object_type_id, f.object_id, n.name,
                         a.max_objects, m.id is not null and (s.max_objects > 1 or x.runs > 1), m.id is not null)::etl_api.fetched_run
                     order by row_number)
    into picked
    from fetched as f
    join sized as x on x.run_request_id = f.run_request_id
    join public.activity_request as q on q.id = f.activity_request_id
    join public.activity as a on a.id = q.activity_id and a.org_id = q.org_id
    join public.source as s on s.id = p_source_id
    left join public.object_source as m on m.source_id = p_source_id and m.object_type_id = a.object_type_id
    left join public.request_object as n
      on n.activity_request_id = f.activity_request_id and n.position = f.position and f.object_id is not null
    where x.bytes_before < 16777216;
    if picked is null then
        return 0;
    end if;

    select array_agg(row(m.*)::etl_api.mapped_value) into mapped
    from (select distinct p.exchange_id, p.object_type_id from unnest(picked) as p) as e
    cross join lateral etl_api.map_result(e.exchange_id, p_source_id, e.object_type_id) as m;

    if exists (select from unnest(picked) as p where p.object_id is null and p.is_mapped) then
        select array_agg(row(f.*)::etl_api.found_object) into found_objects from etl_api.store_findings(picked, mapped, p_source_id) as f;
    end if;

    with run as materialized (
        select * from unnest(picked)
    ), said as materialized (
        select * from unnest(mapped)
    ), answer as materialized (
        -- Of an answer that names nothing, nothing is said.
        select e.exchange_id, e.object_type_id, max(s.code) as code, max(s.reason) as reason, count(distinct s.object_number) as objects
        from (select distinct r.exchange_id, r.object_type_id from run as r) as e
        left join said as s on s.exchange_id = e.exchange_id and s.object_type_id = e.object_type_id
        group by e.exchange_id, e.object_type_id
    ), misnamed as materialized (
        select s.exchange_id, s.object_type_id, s.failures from said as s where s.object_number is null and s.code is null
    ), named as materialized (
        -- Of two objects with one name the first counts.
        select s.exchange_id, s.object_type_id, s.object_name, min(s.object_number) as object_number
        from said as s
        where s.object_number is not null
        group by s.exchange_id, s.object_type_id, s.object_name
    ), own as materialized (
        select r.*, a.objects,
               case when r.object_id is null and not r.is_mapped and a.code is null then 'mapping' else a.code end as code,
               case when r.object_id is null and not r.is_mapped and a.code is null
                    then 'the source does not say where an answer names each object; add object_source to it' else a.reason end as reason,
               case when r.object_id is null then null
                    when a.objects = 1 and not r.is_about_many then o.object_number else n.object_number end as object_number
        from run as r
        join answer as a on a.exchange_id = r.exchange_id and a.object_type_id = r.object_type_id
        left join named as n on n.exchange_id = r.exchange_id and n.object_type_id = r.object_type_id and n.object_name = r.object_name
        left join named as o on o.exchange_id = r.exchange_id and o.object_type_id = r.object_type_id and a.objects = 1
    ), part as materialized (
        -- Of a run about an object, the part of the answer that is about it; of one that looks for objects, the whole answer.
        select o.id, o.org_id, o.activity_request_id, s.object_number, s.datapoint_id, s.value, s.failures, d.key,
               coalesce(o.object_id, f.object_id) as object_id
        from own as o
        join said as s
          on s.exchange_id = o.exchange_id and s.object_type_id = o.object_type_id and s.object_number = coalesce(o.object_number, s.object_number)
        left join unnest(found_objects) as f on f.run_id = o.id and f.object_number = s.object_number
        left join public.datapoint as d on d.id = s.datapoint_id and d.org_id = o.org_id
        where o.code is null and (o.object_id is null or o.object_number is not null)
    ), stored as (
        insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value)
        select p.org_id, p.id, p.object_id, p.datapoint_id, p_source_id, p.activity_request_id, p.value
        from part as p
        where p.value is not null and p.object_id is not null
        order by p.id, p.object_number
        on conflict do nothing
    ), misfit as materialized (
        select p.id, 1 as part, p.object_number, p.key, f.k, f.failure, p.datapoint_id, p.object_id
        from part as p
        cross join lateral jsonb_array_elements(p.failures) with ordinality as f(failure, k)
        union all
        -- What is wrong with names concerns all runs of the exchange; it is kept with the first that lacks its object.
        select w.id, 0, null, null, f.k, f.failure, null, w.object_id
        from (select distinct on (o.exchange_id, o.object_type_id) o.* from own as o where o.object_number is null and o.code is null
              order by o.exchange_id, o.object_type_id, o.id) as w
        join misnamed as m on m.exchange_id = w.exchange_id and m.object_type_id = w.object_type_id
        cross join lateral jsonb_array_elements(m.failures) with ordinality as f(failure, k)
    ), noted as (
        insert into public.conversion_failure
            (org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason)
        select r.org_id, r.id, f.place, f.object_id, f.datapoint_id, p_source_id, r.activity_request_id,
               left(f.failure ->> 'path', 500), f.failure ->> 'found', f.failure ->> 'reason'
        from (select m.*, row_number() over (partition by m.id order by m.part, m.object_number, m.key collate "C", m.k) as place
              from misfit as m) as f
        join run as r on r.id = f.id
        where f.place <= 20
        on conflict do nothing
    ), yielded as (
        select p.id, count(p.value) as values, count(distinct p.object_number) filter (where p.object_id is not null) as kept,
               coalesce(sum(octet_length(p.value::text)) filter (where p.object_id is not null), 0) as bytes
        from part as p
        group by p.id
    ), failed as (
        select m.id, jsonb_agg(m.failure order by m.part, m.object_number, m.key collate "C", m.k) as failures from misfit as m group by m.id
    ), outcome as (
        select o.id, o.object_id is null as finds, o.code, o.reason, o.objects, o.object_number, o.objects_max,
               coalesce(y.values, 0) as values, coalesce(y.kept, 0) as kept, coalesce(y.bytes, 0) as bytes,
               utils.failure_sentence(f.failures) as misfits, utils.failure_sentence(w.failures) as misnamed
        from own as o
        left join yielded as y on y.id = o.id
        left join failed as f on f.id = o.id
        left join misnamed as w on w.exchange_id = o.exchange_id and w.object_type_id = o.object_type_id
    )
    update public.run_queue as r
    set state = case when o.code is not null and o.code <> 'no_data' then 'failed' else 'done' end::public.run_queue_state,
        state_substate = case
            when o.code is not null then o.code
            when o.finds and o.objects = 0 or not o.finds and o.values = 0 then 'no_data'
            when o.finds and o.kept < o.objects then 'max_objects'
            when o.misfits is not null then 'type_mismatch' end,
        state_reason = case
            when o.code is not null then o.reason
            when o.finds and o.objects = 0 then coalesce(o.misfits, 'the answer names no object where the mapping looks for one')
            when o.finds then nullif(concat_ws('; ',
                case when o.kept < o.objects
                     then format('%s of the %s object%s found %s left out: a request of this activity takes at most %s', o.objects - o.kept, o.objects,
                                 case o.objects when 1 then '' else 's' end, case o.objects - o.kept when 1 then 'is' else 'are' end, o.objects_max) end,
                o.misfits), '')
            when o.object_number is null then concat_ws('; ',
                case o.objects when 0 then 'the answer names no object where the mapping looks for one'
                     else format('the answer names %s object%s, but not this one', o.objects, case o.objects when 1 then '' else 's' end) end,
                o.misnamed)
            when o.values = 0 then coalesce(o.misfits, 'the answer holds none of the mapped values')
            else o.misfits end,
        value_bytes = least(o.bytes, 2147483647)::integer
    from outcome as o
    where r.id = o.id;
    get diagnostics closed = row_count;
    return closed;
end
$$;
comment on function etl_api.process_run_results_for_source(uuid, integer) is
    'Maps the raw answers of a source''s fetched runs that no processor has, stores their values and closes them, 400 at a time or as many as '
    'asked for, 1000 at the most; '
    'returns how many, so that it is called until there are none.';

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
comment on function etl_api.reconstruct_values_to_activity_request(uuid) is
    'The result of a request as it stands: a list with an element for each object, in the order of the request: object, values, qualified, factors, note, error.';

grant execute on function etl_api.store_object(uuid, uuid, jsonb, uuid), etl_api.store_value(uuid, uuid, jsonb, uuid),
    etl_api.process_run_results_for_source(uuid, integer), etl_api.reconstruct_values_to_activity_request(uuid) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.reconstruct_values_to_activity_request(uuid);
drop function etl_api.process_run_results_for_source(uuid, integer);
drop function etl_api.store_value(uuid, uuid, jsonb, uuid);
drop function etl_api.store_object(uuid, uuid, jsonb, uuid);
drop function etl_api.store_findings(etl_api.fetched_run[], etl_api.mapped_value[], uuid);
drop type etl_api.found_object;
drop type etl_api.fetched_run;
drop function etl_api.object_type_of(uuid, uuid, uuid);
drop function utils.failure_sentence(jsonb);
drop function etl_api.map_result(uuid, uuid, uuid);
drop type etl_api.mapped_value;
drop function etl_api.refuse_normalization(uuid);
drop function etl_api.source_mapping(uuid, uuid, boolean);
