-- Answers are mapped by SQL alone as processors map them: values are normalized, what the answer says is kept beside those that this changes, and
-- numbers take no more digits than they may.

-- migrate:up

set local role weir_owner;

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
    language plpgsql immutable parallel unsafe
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
        select row_number() over () as id, d.k as datapoint, d.value ->> 1 as type, nullif(d.value -> 3, 'null') as normalization,
               a.k as alternative, m.place, cardinality(m.place) as depth, m.records, m.value
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

-- migrate:down

set local role weir_owner;
drop function utils.map_answer(jsonb, jsonb, text, jsonb);
drop function utils.bound_digits(utils.json_match[], text[]);
drop function utils.convert_value(jsonb, text, jsonb, text);
drop function utils.expected_text(text, jsonb);
drop function utils.convert_scalar(jsonb, text, jsonb, text);
drop function utils.storable_number(text, text);

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
