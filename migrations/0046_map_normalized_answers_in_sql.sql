-- Answers are mapped by SQL alone as processors map them: values are normalized and what the answer says is kept beside them, numbers take no more
-- digits than they may, and an answer that is too deep or too long is said to be that.

-- migrate:up

set local role weir_owner;

drop function etl_api.process_run_results_for_source(uuid, integer);
drop function etl_api.map_result(uuid, uuid, uuid);
drop function etl_api.store_value(uuid, uuid, jsonb, uuid);
drop function etl_api.store_object(uuid, uuid, jsonb, uuid);
drop function etl_api.refuse_normalization(uuid);
drop function utils.map_answer(jsonb, jsonb, text, jsonb);
drop function utils.convert_value(jsonb, text, text);
drop function utils.convert_scalar(jsonb, text);

create function utils.storable_number(p_text text, p_path text) returns jsonb
    language plpgsql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return p_text::jsonb;
exception when data_exception then
    raise exception 'the mapped number % is outside the range that can be stored (at %)',
        left(p_text, 24) || case when length(p_text) > 24 then '…' else '' end, p_path using errcode = 'numeric_value_out_of_range';
end
$$;
comment on function utils.storable_number(text, text) is 'The text of a JSON number as jsonb; an error that names its place when it is out of range.';

-- One scalar; no value when it is not of the type. Whether normalization has changed it shows in its text: 1e3 is written 1000 later.
create function utils.convert_scalar(p_value jsonb, p_type text, p_normalization jsonb, p_path text, out value jsonb, out is_changed boolean)
    language plpgsql immutable parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
declare
    source constant text := p_value #>> '{}';
    kind constant text := jsonb_typeof(p_value);
    normalized text;
begin
    is_changed := false;
    if kind in ('object', 'array') then
        return;
    elsif kind = 'null' or p_type = 'number' and kind = 'number' then
        value := p_value;
    elsif p_normalization is null and p_type not in ('date', 'datetime') then
        value := case
            when kind = case p_type when 'text' then 'string' else p_type end then p_value
            when p_type = 'text' then to_jsonb(source)
            when p_type = 'number' and source ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$' then utils.storable_number(source, p_path)
            when p_type = 'boolean' and p_value in ('"true"', '"false"') then source::jsonb end;
    else
        normalized := utils.normalized_text(source, p_type, p_normalization);
        value := case p_type when 'number' then utils.storable_number(normalized, p_path) when 'boolean' then normalized::jsonb
                             else to_jsonb(normalized) end;
        is_changed := value is not null and normalized <> source;
    end if;
end
$$;

create function utils.expected_text(p_type text, p_normalization jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case p_type
           when 'text' then case when p_normalization = '"country"' then 'a country' else 'text' end
           when 'number' then 'a number'
           when 'boolean' then 'true or false'
           when 'date' then 'a date such as 2024-01-31'
           when 'datetime' then 'a time such as 2024-01-31T08:15:00Z'
           else 'a value' end
$$;
comment on function utils.expected_text(text, jsonb) is 'What should stand where a value of a datapoint is taken from, for people.';

create function utils.convert_value(
    p_value jsonb, p_type text, p_normalization jsonb, p_path text,
    out value jsonb, out original jsonb, out is_changed boolean, out failures jsonb
)
    language sql immutable parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
    select case when p_type = 'json' then p_value
                when jsonb_typeof(p_value) = 'array' then coalesce(jsonb_agg(c.value order by e.k) filter (where c.value is not null), '[]')
                else (array_agg(c.value))[1] end,
           case when jsonb_typeof(p_value) = 'array' then coalesce(jsonb_agg(e.value order by e.k) filter (where c.value is not null), '[]')
                else p_value end,
           p_type <> 'json' and coalesce(bool_or(c.is_changed), false),
           coalesce(jsonb_agg(
               jsonb_build_object('path', e.path, 'found', utils.found_text(e.value), 'reason',
                   case jsonb_typeof(e.value)
                       when 'object' then 'an object'
                       when 'array' then 'an array in an array'
                       when 'string' then 'the text ''' || left(e.value #>> '{}', 40) || ''''
                       else left(e.value::text, 40) end
                   || ' where ' || utils.expected_text(p_type, p_normalization) || ' is expected'
                   || case when p_normalization = '"separators"' and jsonb_typeof(e.value) = 'string'
                           then coalesce((select ': it may be ' || n[1] || ' or ' || n[2] || ', so declare the decimal sign'
                                          from utils.separated_numbers(e.value #>> '{}') as n where cardinality(n) = 2), '')
                           else '' end) order by e.k)
               filter (where p_type <> 'json' and c.value is null and e.value is not null), '[]')
    from (
        select x.value, p_path || '[' || x.k - 1 || ']' as path, x.k
        from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else '[]' end) with ordinality as x(value, k)
        union all
        select p_value, p_path, 1 where jsonb_typeof(p_value) <> 'array'
    ) as e
    cross join lateral utils.convert_scalar(e.value, p_type, p_normalization, e.path) as c
$$;
comment on function utils.convert_value(jsonb, text, jsonb, text) is
    'A match as a datapoint of a type and normalization holds it, arrays element by element; what the answer says of it, for where that differs; '
    'and what could not be converted: [{path, found, reason}].';

-- 1e131071 is eight bytes of an answer and more than a hundred thousand in the database: an answer of them must not become gigabytes.
create function utils.bound_digits(p_matches utils.json_match[], p_types text[]) returns boolean
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As Swift's ValueConversion.
    digits_max constant integer := 1048576;
    gained bigint := 0;
    found record;
    path text;
    digits numeric;
    mantissa text;
    whole text;
begin
    for found in
        select m.place, n.value, n.k
        from unnest(p_matches, p_types) with ordinality as m(place, path, records, key, index, value, type, ordinality)
        cross join lateral (
            -- Of a whole document all of its numbers, else the elements of a list.
            select d.value, null::bigint as k from jsonb_path_query(m.value, 'strict $.**') as d(value) where m.type = 'json'
            union all
            select e.value, e.k
            from jsonb_array_elements(case jsonb_typeof(m.value) when 'array' then m.value else '[]' end) with ordinality as e(value, k)
            where m.type <> 'json'
            union all
            select m.value, null where m.type <> 'json'
        ) as n
        where jsonb_typeof(n.value) = 'number'
           or jsonb_typeof(n.value) = 'string' and m.type = 'number' and n.value #>> '{}' ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?[eE][+-]?[0-9]+$'
        order by m.ordinality, n.k
    loop
        path := utils.json_place_path(found.place) || coalesce('[' || found.k - 1 || ']', '');
        digits := abs(utils.storable_number(found.value #>> '{}', path)::numeric);
        whole := trunc(digits)::text;
        if jsonb_typeof(found.value) = 'string' then
            gained := gained + greatest(0, length(whole) + scale(digits) - octet_length(found.value #>> '{}'));
        elsif digits >= 1e20 or digits < 1e-20 and digits <> 0 then
            -- jsonb has written it out already; nobody writes such numbers but with an exponent.
            mantissa := ltrim(rtrim(replace(trim_scale(digits)::text, '.', ''), '0'), '0');
            gained := gained + greatest(0, length(whole) + scale(digits) - length(mantissa) - 1
                                           - length((length(whole) + scale(digits) - length(mantissa))::text));
        end if;
        if gained > digits_max then
            raise exception 'the mapped numbers take more than % digits when they are written out (at %)',
                digits_max, path using errcode = 'numeric_value_out_of_range';
        end if;
    end loop;
    return true;
end
$$;
comment on function utils.bound_digits(utils.json_match[], text[]) is
    'True; an error when the numbers at these places, which datapoints of these types take, gain more digits than an answer may.';

-- Which value belongs to which object, as Swift's Mapper says: to the one with which it shares the longest beginning of its path, but
-- never to a neighbour. In sets: a value looks for the deepest of its ancestors that is an ancestor of some object.
create function utils.map_answer(p_payload jsonb, p_object_paths jsonb, p_mapping_type text, p_datapoints jsonb)
    returns table (object_number integer, object_name text, datapoint text, value jsonb, original jsonb, failures jsonb)
    -- Its plan is kept, which a function in SQL would make anew for each answer.
    language plpgsql immutable parallel unsafe
    set search_path = pg_catalog, pg_temp
    -- Services plan by key only (docs/decisions/0006); here sets of like size meet.
    set enable_hashjoin = on
    set enable_nestloop = off
    set jit = off
as $$
#variable_conflict use_column
begin
    return query
    with found as materialized (
        select m.place, cardinality(m.place) as depth, m.records, m.value, p.k,
               p.path -> -1 = '"*"' and p_mapping_type = 'key' and (m.key is not null or jsonb_typeof(m.value) = 'array') as is_named_by_key,
               utils.object_name(m, coalesce(p.path -> -1, p.path) = '"*"', p_mapping_type) as name
        from jsonb_array_elements(p_object_paths) with ordinality as p(path, k)
        cross join lateral utils.json_path_places(p_payload, p.path) as m
    ), object as materialized (
        select row_number() over (order by f.place, f.k)::integer as number, f.name, f.place, f.depth, f.records
        from found as f
        where octet_length(f.name) <= 1000
    ), match as materialized (
        select row_number() over () as id, d.k as datapoint, d.value ->> 1 as type, nullif(d.value -> 3, 'null') as normalization, a.k as alternative, m.place, cardinality(m.place) as depth,
               m.records, m.value
        from jsonb_array_elements(p_datapoints) with ordinality as d(value, k)
        cross join lateral jsonb_array_elements(d.value -> 2) with ordinality as a(path, k)
        cross join lateral utils.json_path_places(p_payload, a.path) as m
    ), ancestor as materialized (
        select o.number, o.depth, o.records, l.level, o.place[1:l.level] as place
        from object as o
        cross join generate_series(0, o.depth) as l(level)
    ), shared as materialized (
        select m.id, max(l.level) as level
        from match as m
        cross join generate_series(0, m.depth) as l(level)
        where m.place[1:l.level] in (select a.place from ancestor as a)
        group by m.id
    ), assigned as materialized (
        select m.*, c.number
        from (
            select m.id, a.number, rank() over (partition by m.id order by a.depth) as nearness
            from match as m
            join shared as s on s.id = m.id
            join ancestor as a on a.place = m.place[1:s.level] and a.level = s.level
            -- Where the paths part at a step at which both chose one of several records, they belong to neighbours.
            where not (m.depth > s.level and a.depth > s.level and m.records & a.records & (1::bigint << least(s.level, 63)) <> 0)
        ) as c
        join match as m on m.id = c.id
        where c.nearness = 1
        union all
        -- Without paths of objects everything belongs to the one that was asked about.
        select m.*, 1 from match as m where p_object_paths = '[]'
    ), chosen as (
        -- The first alternative that has more than nulls, else the first.
        select distinct on (a.number, a.datapoint) a.number, a.datapoint, a.alternative
        from (
            select a.number, a.datapoint, a.alternative, bool_or(a.value <> 'null') as has_value
            from assigned as a
            group by a.number, a.datapoint, a.alternative
        ) as a
        order by a.number, a.datapoint, a.has_value desc, a.alternative
    ), kept as materialized (
        select a.*, a.value = 'null'
                    or a.normalization is null
                       and (a.type in ('json', jsonb_typeof(a.value)) or a.type = 'text' and jsonb_typeof(a.value) = 'string') as fits
        from chosen as c
        join assigned as a on a.number = c.number and a.datapoint = c.datapoint and a.alternative = c.alternative
    ), bounded as materialized (
        select utils.bound_digits(
            array_agg(row(k.place, null, k.records, null, null, k.value)::utils.json_match order by k.number, k.datapoint, k.place),
            array_agg(k.type order by k.number, k.datapoint, k.place)) as yes
        from kept as k
        -- Hardly ever is there one.
        where jsonb_path_exists(k.value, 'strict $.** ? (@.type() == "number" && (@ >= 1e20 || @ <= -1e20 || (@ < 1e-20 && @ > -1e-20 && @ != 0)))')
           or k.type = 'number' and jsonb_path_exists(k.value, '$[*] ? (@.type() == "string" && @ like_regex "^[^eE]*[0-9][eE][-+]?[0-9]{2,}$")')
    ), converted as materialized (
        select k.number, k.datapoint, k.place, k.value, k.value as original, false as is_changed, '[]'::jsonb as failures
        from kept as k
        where k.fits and (select b.yes from bounded as b)
        union all
        select k.number, k.datapoint, k.place, v.value, v.original, v.is_changed, v.failures
        from (select k.* from kept as k where not k.fits and (select b.yes from bounded as b) offset 0) as k
        cross join lateral utils.convert_value(k.value, k.type, k.normalization, utils.json_place_path(k.place)) as v
    ), yielded as (
        select c.number, c.datapoint,
               case when count(*) = 1 then (array_agg(c.value))[1]
                    else jsonb_agg(c.value order by c.place) filter (where c.value is not null) end as value,
               case when not bool_or(c.is_changed) then null
                    when count(*) = 1 then (array_agg(c.original))[1]
                    else jsonb_agg(c.original order by c.place) filter (where c.value is not null) end as original
        from converted as c
        group by c.number, c.datapoint
    ), failed as (
        select c.number, c.datapoint, jsonb_agg(f.failure order by c.place, f.k) as failures
        from converted as c
        cross join lateral jsonb_array_elements(c.failures) with ordinality as f(failure, k)
        group by c.number, c.datapoint
    )
    select o.number, o.name, p_datapoints -> (y.datapoint::integer - 1) ->> 0, y.value, y.original, coalesce(f.failures, '[]')
    from (
        select o.number, o.name from object as o
        union all
        select 1, null where p_object_paths = '[]'
    ) as o
    left join yielded as y on y.number = o.number
    left join failed as f on f.number = y.number and f.datapoint = y.datapoint
    union all
    -- What stands where a name is expected and is none.
    select null, null, null, null, null,
           jsonb_agg(jsonb_build_object('path', utils.json_place_path(f.place), 'found', utils.found_text(f.value), 'reason',
               case when f.name is not null then 'a name of ' || octet_length(f.name) || ' bytes, more than the maximum of 1000'
                    else case jsonb_typeof(f.value) when 'array' then 'an array' else 'an object' end
                         || ' where an object''s name is expected' end) order by f.place, f.k)
    from found as f
    where octet_length(f.name) > 1000 or f.name is null and jsonb_typeof(f.value) in ('object', 'array') and not f.is_named_by_key
    having count(*) > 0
    order by 1 nulls last, 3;
end
$$;
comment on function utils.map_answer(jsonb, jsonb, text, jsonb) is
    'The objects of an answer with their values, and of values that normalization has changed what the answer says. p_object_paths: a list of '
    'paths; p_datapoints: a list of [key, type, [paths in fall-back order], normalization]. A row for each object and datapoint, an object '
    'without any has one row; a row without object says what is no name.';

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
drop function utils.map_answer(jsonb, jsonb, text, jsonb);
drop function utils.bound_digits(utils.json_match[], text[]);
drop function utils.convert_value(jsonb, text, jsonb, text);
drop function utils.expected_text(text, jsonb);
drop function utils.convert_scalar(jsonb, text, jsonb, text);
drop function utils.storable_number(text, text);
alter type etl_api.mapped_value drop attribute original;

-- One scalar; null when it is not of the type.
create function utils.convert_scalar(p_value jsonb, p_type text) returns jsonb
    language sql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_value = 'null' or jsonb_typeof(p_value) = case p_type when 'text' then 'string' else p_type end then p_value
        when jsonb_typeof(p_value) in ('object', 'array') then null
        when p_type = 'text' then to_jsonb(p_value #>> '{}')
        when p_type = 'number' and p_value #>> '{}' ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$' then public.safe_jsonb(p_value #>> '{}')
        when p_type = 'boolean' and p_value in ('"true"', '"false"') then (p_value #>> '{}')::jsonb end
$$;

create function utils.convert_value(p_value jsonb, p_type text, p_path text, out value jsonb, out failures jsonb)
    language sql immutable parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
    select case when p_type = 'json' then p_value
                when jsonb_typeof(p_value) = 'array' then coalesce(jsonb_agg(c.value order by e.k) filter (where c.value is not null), '[]')
                else (array_agg(c.value))[1] end,
           coalesce(jsonb_agg(
               jsonb_build_object('path', e.path, 'found', utils.found_text(e.value), 'reason',
                   case jsonb_typeof(e.value)
                       when 'object' then 'an object'
                       when 'array' then 'an array in an array'
                       when 'string' then 'the text ''' || left(e.value #>> '{}', 40) || ''''
                       else left(e.value::text, 40) end
                   || ' where ' || case p_type when 'number' then 'a number' when 'boolean' then 'true or false' else 'text' end
                   || ' is expected') order by e.k)
               filter (where p_type <> 'json' and c.value is null and e.value is not null), '[]')
    from (
        select x.value, p_path || '[' || x.k - 1 || ']' as path, x.k
        from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else '[]' end) with ordinality as x(value, k)
        union all
        select p_value, p_path, 1 where jsonb_typeof(p_value) <> 'array'
    ) as e
    cross join lateral (select utils.convert_scalar(e.value, p_type) as value) as c
$$;
comment on function utils.convert_value(jsonb, text, text) is
    'A match as text, number, boolean or json, arrays element by element, where nothing is lost; and what could not be '
    'converted: [{path, found, reason}].';

-- Which value belongs to which object, as Swift's Mapper says: to the one with which it shares the longest beginning of its path, but
-- never to a neighbour. In sets: a value looks for the deepest of its ancestors that is an ancestor of some object.
create function utils.map_answer(p_payload jsonb, p_object_paths jsonb, p_mapping_type text, p_datapoints jsonb)
    returns table (object_number integer, object_name text, datapoint text, value jsonb, failures jsonb)
    -- Its plan is kept, which a function in SQL would make anew for each answer.
    language plpgsql immutable parallel unsafe
    set search_path = pg_catalog, pg_temp
    -- Services plan by key only (docs/decisions/0006); here sets of like size meet.
    set enable_hashjoin = on
    set enable_nestloop = off
    set jit = off
as $$
#variable_conflict use_column
begin
    return query
    with found as materialized (
        select m.place, cardinality(m.place) as depth, m.records, m.path, m.value, p.k,
               p.path -> -1 = '"*"' and p_mapping_type = 'key' and (m.key is not null or jsonb_typeof(m.value) = 'array') as is_named_by_key,
               utils.object_name(m, coalesce(p.path -> -1, p.path) = '"*"', p_mapping_type) as name
        from jsonb_array_elements(p_object_paths) with ordinality as p(path, k)
        cross join lateral utils.jsonb_path_matches(p_payload, p.path) as m
    ), object as materialized (
        select row_number() over (order by f.place, f.k)::integer as number, f.name, f.place, f.depth, f.records
        from found as f
        where octet_length(f.name) <= 1000
    ), match as materialized (
        select row_number() over () as id, d.k as datapoint, d.value ->> 1 as type, a.k as alternative, m.place, cardinality(m.place) as depth,
               m.records, m.path, m.value
        from jsonb_array_elements(p_datapoints) with ordinality as d(value, k)
        cross join lateral jsonb_array_elements(d.value -> 2) with ordinality as a(path, k)
        cross join lateral utils.jsonb_path_matches(p_payload, a.path) as m
    ), ancestor as materialized (
        select o.number, o.depth, o.records, l.level, o.place[1:l.level] as place
        from object as o
        cross join generate_series(0, o.depth) as l(level)
    ), shared as materialized (
        select m.id, max(l.level) as level
        from match as m
        cross join generate_series(0, m.depth) as l(level)
        where m.place[1:l.level] in (select a.place from ancestor as a)
        group by m.id
    ), assigned as materialized (
        select m.*, c.number
        from (
            select m.id, a.number, rank() over (partition by m.id order by a.depth) as nearness
            from match as m
            join shared as s on s.id = m.id
            join ancestor as a on a.place = m.place[1:s.level] and a.level = s.level
            -- Where the paths part at a step at which both chose one of several records, they belong to neighbours.
            where not (m.depth > s.level and a.depth > s.level and m.records & a.records & (1::bigint << least(s.level, 63)) <> 0)
        ) as c
        join match as m on m.id = c.id
        where c.nearness = 1
        union all
        -- Without paths of objects everything belongs to the one that was asked about.
        select m.*, 1 from match as m where p_object_paths = '[]'
    ), chosen as (
        -- The first alternative that has more than nulls, else the first.
        select distinct on (a.number, a.datapoint) a.number, a.datapoint, a.alternative
        from (
            select a.number, a.datapoint, a.alternative, bool_or(a.value <> 'null') as has_value
            from assigned as a
            group by a.number, a.datapoint, a.alternative
        ) as a
        order by a.number, a.datapoint, a.has_value desc, a.alternative
    ), kept as materialized (
        select a.*, a.value = 'null' or a.type in ('json', jsonb_typeof(a.value)) or a.type = 'text' and jsonb_typeof(a.value) = 'string' as fits
        from chosen as c
        join assigned as a on a.number = c.number and a.datapoint = c.datapoint and a.alternative = c.alternative
    ), converted as materialized (
        select k.number, k.datapoint, k.place, k.value, '[]'::jsonb as failures from kept as k where k.fits
        union all
        select k.number, k.datapoint, k.place, v.value, v.failures
        from kept as k
        cross join lateral utils.convert_value(k.value, k.type, k.path) as v
        where not k.fits
    ), yielded as (
        select c.number, c.datapoint,
               case when count(*) = 1 then (array_agg(c.value))[1]
                    else jsonb_agg(c.value order by c.place) filter (where c.value is not null) end as value
        from converted as c
        group by c.number, c.datapoint
    ), failed as (
        select c.number, c.datapoint, jsonb_agg(f.failure order by c.place, f.k) as failures
        from converted as c
        cross join lateral jsonb_array_elements(c.failures) with ordinality as f(failure, k)
        group by c.number, c.datapoint
    )
    select o.number, o.name, p_datapoints -> (y.datapoint::integer - 1) ->> 0, y.value, coalesce(f.failures, '[]')
    from (
        select o.number, o.name from object as o
        union all
        select 1, null where p_object_paths = '[]'
    ) as o
    left join yielded as y on y.number = o.number
    left join failed as f on f.number = y.number and f.datapoint = y.datapoint
    union all
    -- What stands where a name is expected and is none.
    select null, null, null, null,
           jsonb_agg(jsonb_build_object('path', f.path, 'found', utils.found_text(f.value), 'reason',
               case when f.name is not null then 'a name of ' || octet_length(f.name) || ' bytes, more than the maximum of 1000'
                    else case jsonb_typeof(f.value) when 'array' then 'an array' else 'an object' end
                         || ' where an object''s name is expected' end) order by f.place, f.k)
    from found as f
    where octet_length(f.name) > 1000 or f.name is null and jsonb_typeof(f.value) in ('object', 'array') and not f.is_named_by_key
    having count(*) > 0
    order by 1 nulls last, 3;
end
$$;
comment on function utils.map_answer(jsonb, jsonb, text, jsonb) is
    'The objects of an answer with their values. p_object_paths: a list of paths; p_datapoints: a list of [key, type, [paths in fall-back '
    'order]]. A row for each object and datapoint, an object without any has one row; a row without object says what is no name.';

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
