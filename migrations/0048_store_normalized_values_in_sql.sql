-- Normalized values are stored by SQL as processors store them, with what the answer says; and an answer that is too deep, too long or holds too many
-- digits is said to be that.

-- migrate:up

set local role weir_owner;

drop function etl_api.process_run_results_for_source(uuid, integer);
drop function etl_api.map_result(uuid, uuid, uuid);
drop function etl_api.store_value(uuid, uuid, jsonb, uuid);
drop function etl_api.store_object(uuid, uuid, jsonb, uuid);
drop function etl_api.refuse_normalization(uuid);

-- What a source says about objects of a type, as utils.map_answer takes it. An answer in pages is an array of them.
create or replace function etl_api.source_mapping(
    p_source_id uuid, p_object_type_id uuid, p_is_paged boolean,
    out object_paths jsonb, out mapping_type text, out datapoints jsonb
)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(utils.json_path_on_pages(o.key_mapping, p_is_paged)) filter (where o.id is not null), '[]'),
           coalesce(max(o.key_mapping_type), 'key'),
           (select coalesce(jsonb_agg(jsonb_build_array(d.id, d.data_type, p.paths, d.normalization) order by d.key collate "C"), '[]')
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

alter type etl_api.mapped_value add attribute original jsonb;

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
        array(select row(r.id, object_type, null, null, v.object_number, v.object_name, null, null, '[]', null)::etl_api.mapped_value
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
    with run as materialized (
        select r.id, r.object_id, count(*) over () as total
        from public.run_queue as r
        where r.activity_request_id = p_request_id and r.source_id = p_source_id
    ), mapped as materialized (
        select v.object_number, v.object_name collate "C" as name, v.datapoint::uuid as datapoint_id, v.value, v.original,
               -- Of two objects with one name the first counts.
               first_value(v.object_number) over (partition by v.object_name order by v.object_number) as first
        from etl_api.source_mapping(p_source_id, object_type, false) as m
        cross join lateral utils.map_answer(payload, m.object_paths, m.mapping_type, m.datapoints) as v
        where v.value is not null
    ), stored as (
        insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value, original)
        select p_org_id, r.id, coalesce(r.object_id, o.id), m.datapoint_id, p_source_id, p_request_id, m.value, m.original
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
    'Values are normalized as their datapoints say. What is about no such object, and what does not fit its datapoint, is left out.';

create function utils.json_fault(p_text text) returns text
    language plpgsql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform p_text::json;
    return 'unstorable';
exception
    when statement_too_complex then
        return 'too_deep';
    when data_exception or program_limit_exceeded then
        return case when utils.trim_white_space(p_text) ~ '^[[{"0-9tfn-]' then 'invalid_json' else 'not_json' end;
end
$$;
comment on function utils.json_fault(text) is 'In a word, why a text is no jsonb: unstorable, too_deep, invalid_json or not_json.';

create function etl_api.map_result(p_exchange_id uuid, p_source_id uuid, p_object_type_id uuid) returns setof etl_api.mapped_value
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As Swift's JSONLimits.
    bytes_max constant integer := 16777216;
    result record;
    body text;
    answer jsonb;
    fault text;
    reason text;
begin
    select x.body, x.pages, x.no_data into result from public.run_result as x where x.run_request_id = p_exchange_id;
    if result.no_data is not null then
        return next row(p_exchange_id, p_object_type_id, 'no_data', result.no_data, null, null, null, null, null, null)::etl_api.mapped_value;
        return;
    end if;
    if octet_length(result.body) > bytes_max then
        fault := 'too_large';
    else
        begin
            body := convert_from(result.body, 'UTF8');
        exception when data_exception then
            fault := 'invalid_json';
        end;
        answer := public.safe_jsonb(body);
        fault := case
            when fault is not null then fault
            when utils.trim_white_space(body) = '' then 'empty'
            when answer is null then utils.json_fault(body)
            -- Deeper than 256 levels, as Swift's JSONLimits has it.
            when jsonb_path_exists(answer, 'strict $.**{256} ? (@.type() == "object" || @.type() == "array")') then 'too_deep' end;
    end if;
    if fault is null then
        begin
            return query
            select p_exchange_id, p_object_type_id, null::text, null::text, v.object_number, v.object_name, v.datapoint::uuid, v.value,
                   v.failures, v.original
            from etl_api.source_mapping(p_source_id, p_object_type_id, result.pages is not null) as m
            cross join lateral utils.map_answer(answer, m.object_paths, m.mapping_type, m.datapoints) as v;
            return;
        exception
            when program_limit_exceeded then
                fault := 'too_many_matches';
                reason := sqlerrm;
            when numeric_value_out_of_range then
                fault := 'number_out_of_range';
                reason := sqlerrm;
            when data_exception then
                return next row(p_exchange_id, p_object_type_id, 'mapping', 'the source''s mapping cannot be used: ' || sqlerrm,
                                null, null, null, null, null, null)::etl_api.mapped_value;
                return;
        end;
    end if;
    reason := coalesce(reason, case fault
        when 'too_large' then format('the answer has %s bytes, more than the maximum of %s', octet_length(result.body), bytes_max)
        when 'too_deep' then 'arrays and objects are nested deeper than 256 levels'
        when 'empty' then 'the answer is empty'
        when 'not_json' then 'the answer is not JSON'
        when 'invalid_json' then 'the answer is not valid JSON'
        when 'unstorable' then
            'the answer holds something that the database cannot store, such as the character U+0000 or a number out of range' end);
    return next row(p_exchange_id, p_object_type_id, fault, 'the answer cannot be used: ' || reason, null, null, null, null, null, null)
        ::etl_api.mapped_value;
end
$$;
comment on function etl_api.map_result(uuid, uuid, uuid) is
    'What the raw answer of an exchange says about objects of a type; one row with a code when it says nothing that can be used.';

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
    -- As a processor picks: the row lock is the claim (docs/decisions/0005), and what is locked is somebody else's.
    with locked as materialized (
        select r.org_id, r.id, r.activity_request_id, r.run_request_id, r.object_id, r.position
        from public.run_queue as r
        where r.state = 'in_progress' and r.state_substate = 'fetched' and r.source_id = p_source_id
          -- What is mapped anew, or by a mapping of its request's own, is a processor's (docs/decisions/0019); so is what has no answer any more.
          and r.replayed_at is null
          and not exists (select from public.request_mapping as m
                          where m.activity_request_id = r.activity_request_id and m.source_id = r.source_id)
          and exists (select from public.run_result as x where x.run_request_id = r.run_request_id)
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
        select o.id, o.org_id, o.activity_request_id, s.object_number, s.datapoint_id, s.value, s.original, s.failures, d.key,
               coalesce(o.object_id, f.object_id) as object_id
        from own as o
        join said as s
          on s.exchange_id = o.exchange_id and s.object_type_id = o.object_type_id and s.object_number = coalesce(o.object_number, s.object_number)
        left join unnest(found_objects) as f on f.run_id = o.id and f.object_number = s.object_number
        left join public.datapoint as d on d.id = s.datapoint_id and d.org_id = o.org_id
        where o.code is null and (o.object_id is null or o.object_number is not null)
    ), stored as (
        insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value, original)
        select p.org_id, p.id, p.object_id, p.datapoint_id, p_source_id, p.activity_request_id, p.value, p.original
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

grant execute on function utils.json_fault(text), etl_api.store_object(uuid, uuid, jsonb, uuid), etl_api.store_value(uuid, uuid, jsonb, uuid),
    etl_api.process_run_results_for_source(uuid, integer) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.process_run_results_for_source(uuid, integer);
drop function etl_api.map_result(uuid, uuid, uuid);
drop function utils.json_fault(text);
drop function etl_api.store_value(uuid, uuid, jsonb, uuid);
drop function etl_api.store_object(uuid, uuid, jsonb, uuid);
alter type etl_api.mapped_value drop attribute original;

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

-- What a source says about objects of a type, as utils.map_answer takes it. An answer in pages is an array of them.
create or replace function etl_api.source_mapping(
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
          -- What is mapped anew, or by a mapping of its request's own, is a processor's (docs/decisions/0019); so is what has no answer any more.
          and r.replayed_at is null
          and not exists (select from public.request_mapping as m
                          where m.activity_request_id = r.activity_request_id and m.source_id = r.source_id)
          and exists (select from public.run_result as x where x.run_request_id = r.run_request_id)
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

grant execute on function etl_api.store_object(uuid, uuid, jsonb, uuid), etl_api.store_value(uuid, uuid, jsonb, uuid),
    etl_api.process_run_results_for_source(uuid, integer) to service_role;
