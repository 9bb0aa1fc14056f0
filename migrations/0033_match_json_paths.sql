-- Paths over JSON and the names of objects, as mappings use them, for those who work in SQL.
--
-- Libraries/Mapping does the same over raw answers; both run Tests/Vectors/path_patterns.json. jsonb keeps neither the order of an
-- object's members nor the digits of 1e2: members come in an order of its own, elements of arrays in that of the document.

-- migrate:up

set local role weir_owner;

create type utils.json_match as (
    -- The steps from the root: indexes in eight digits, and keys behind their lengths, so that places are in the order of jsonb.
    place text[] collate "C",
    -- The same for people, as RFC 9535 writes it.
    path text,
    -- A bit for each step that a star chose: one of several records.
    records bigint,
    -- The last step, as a key or as an index.
    key text,
    index integer,
    value jsonb
);
comment on type utils.json_match is 'A place in a JSON document that a path leads to.';

create function utils.json_path_step(p_key text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case
        -- Letters, digits and what is beyond ASCII, no digit first.
        when p_key ~ '^[^\u0001-\u0040\u005b-\u005e\u0060\u007b-\u007f][^\u0001-\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u007f]*$'
        then '.' || p_key
        -- Escaped as in JSON, but that single quotes stand around it.
        else '[''' || replace(regexp_replace(btrim(to_jsonb(p_key)::text, '"'), '(\\\\)|\\(")', '\1\2', 'g'), '''', '\''') || ''']' end
$$;
comment on function utils.json_path_step(text) is 'The step to a member as RFC 9535 writes it: .name or [''any name''].';

create function utils.json_children(p_node utils.json_match) returns setof utils.json_match
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select (p_node).place || (lpad(octet_length(m.key)::text, 8, '0') || m.key), (p_node).path || utils.json_path_step(m.key), (p_node).records, m.key, null::integer, m.value
    from jsonb_each(case jsonb_typeof((p_node).value) when 'object' then (p_node).value else '{}' end) as m
    union all
    select (p_node).place || lpad((e.k - 1)::text, 8, '0'), (p_node).path || '[' || (e.k - 1) || ']', (p_node).records, null,
           (e.k - 1)::integer, e.value
    from jsonb_array_elements(case jsonb_typeof((p_node).value) when 'array' then (p_node).value else '[]' end)
             with ordinality as e(value, k)
$$;
comment on function utils.json_children(utils.json_match) is 'The members or elements at a place.';

create function utils.json_path_elements(p_path jsonb) returns jsonb[]
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    elements jsonb[];
    wrong record;
begin
    elements := case jsonb_typeof(p_path) when 'array' then array(select e from jsonb_array_elements(p_path) as e)
                else array[p_path] end;
    if cardinality(elements) > 64 then
        raise exception 'a path has at most 64 elements, this one has %', cardinality(elements) using errcode = 'invalid_parameter_value';
    end if;
    select e.k, e.element into wrong
    from unnest(elements) with ordinality as e(element, k)
    where case jsonb_typeof(e.element)
          when 'string' then false
          when 'number' then e.element::text !~ '^\d{1,9}$'
          else true end is not false
    order by e.k
    limit 1;
    if found then
        raise exception 'path element %: % is no path element', wrong.k, coalesce(wrong.element::text, 'nothing')
            using errcode = 'invalid_parameter_value', hint = 'Use a key, an index from 0, "*" or "**"; a key that is a star is written "''*''".';
    end if;
    return elements;
end
$$;
comment on function utils.json_path_elements(jsonb) is 'The elements of a path; an error for what is none.';

create function utils.jsonb_path_matches(p_payload jsonb, p_path jsonb) returns setof utils.json_match
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As Swift's MappingLimits.
    matches_max constant integer := 100000;
    matches utils.json_match[] := array[row('{}', '$', 0, null, null, p_payload)::utils.json_match];
    element jsonb;
    wanted text;
begin
    foreach element in array utils.json_path_elements(p_path) loop
        if element = '"**"' then
            with recursive below as (
                select m.place, m.path, m.records, m.key, m.index, m.value from unnest(matches) as m
                union all
                select c.place, c.path, b.records | case when c.index is null then 0 else 1::bigint << least(cardinality(b.place), 63) end,
                       c.key, c.index, c.value
                from below as b
                cross join utils.json_children(row(b.place, b.path, b.records, b.key, b.index, b.value)::utils.json_match) as c
            ), once as (
                -- Several ways to one place are one match. A step that a key explains on one of them is not the choice of a record.
                select b.place, b.path, bit_and(b.records) as records, b.key, b.index, b.value
                from below as b
                group by b.place, b.path, b.key, b.index, b.value
                limit matches_max + 1
            )
            select array_agg(row(o.place, o.path, o.records, o.key, o.index, o.value)::utils.json_match order by o.place) into matches
            from once as o;
        elsif element = '"*"' then
            select array_agg(row(c.place, c.path, c.records | (1::bigint << least(cardinality(m.place), 63)), c.key, c.index, c.value)
                                 ::utils.json_match order by c.place) into matches
            from unnest(matches) as m
            cross join utils.json_children(row(m.place, m.path, m.records, m.key, m.index, m.value)::utils.json_match) as c;
        elsif jsonb_typeof(element) = 'number' then
            select array_agg(row(m.place || lpad(element::text, 8, '0'), m.path || '[' || element::text || ']', m.records, null,
                                 element::integer, m.value -> element::integer)::utils.json_match order by m.place) into matches
            from unnest(matches) as m
            where jsonb_typeof(m.value) = 'array' and m.value -> element::integer is not null;
        else
            wanted := element #>> '{}';
            if wanted ~ '^''.*''$' and length(wanted) > 1 then
                wanted := substr(wanted, 2, length(wanted) - 2);
            end if;
            select array_agg(row(m.place || (lpad(octet_length(wanted)::text, 8, '0') || wanted), m.path || utils.json_path_step(wanted), m.records, wanted, null,
                                 m.value -> wanted)::utils.json_match order by m.place) into matches
            from unnest(matches) as m
            where jsonb_typeof(m.value) = 'object' and m.value ? wanted;
        end if;
        exit when matches is null;
        if cardinality(matches) > matches_max then
            raise exception 'the path matches more than % places of the answer; narrow it', matches_max
                using errcode = 'program_limit_exceeded';
        end if;
    end loop;
    return query select m.place, m.path, m.records, m.key, m.index, m.value from unnest(matches) with ordinality as m
                 where p_payload is not null order by m.ordinality;
end
$$;
comment on function utils.jsonb_path_matches(jsonb, jsonb) is
    'The places that a path leads to, each once. An element of a path is a key, an index, "*" for every child or "**" for any depth.';

create function utils.json_path_on_pages(p_path jsonb, p_is_paged boolean) returns jsonb
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case when p_is_paged then '["*"]' else '[]' end::jsonb
        || case jsonb_typeof(p_path) when 'array' then p_path else jsonb_build_array(p_path) end
$$;
comment on function utils.json_path_on_pages(jsonb, boolean) is 'The path as a list; in an answer that is an array of pages it begins with a star.';

create function utils.normalized_object_name(p_text text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        case when u.parts[1] like '[%' then lower(substring(u.parts[1] from '^[^\]]*')) || ']'
             else nullif(regexp_replace(h.host, '^www\.(?=.)', ''), '') end,
        -- One @, something before it, dots between the labels of what follows.
        case when t.text ~ '^[^@\s]+@[^.@\s]+(\.[^.@\s]+)+$'
                  and split_part(t.text, '@', 2) !~ '[\u0001-\u002c\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]'
             then lower(split_part(t.text, '@', 2)) end,
        t.text)
    from (select utils.trim_white_space(p_text) as text) as t
    -- What stands in front of the path, without user and password.
    left join lateral regexp_match(t.text, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\]*@)?([^/?#\\@]*)') as u(parts) on true
    left join lateral (select rtrim(lower(split_part(u.parts[1], ':', 1)), '.') as host) as h on true
$$;
comment on function utils.normalized_object_name(text) is
    'The host of a URL without www., the domain of an e-mail address, else the text without white space at its ends.';

create function utils.object_name(p_match utils.json_match, p_ends_in_star boolean, p_mapping_type text) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select nullif(case
        when p_mapping_type = 'key' and p_ends_in_star and (p_match).key is not null then utils.trim_white_space((p_match).key)
        when p_mapping_type = 'key' and p_ends_in_star and jsonb_typeof((p_match).value) in ('object', 'array') then (p_match).index::text
        when jsonb_typeof((p_match).value) in ('object', 'array', 'null') then null
        when jsonb_typeof((p_match).value) = 'string' and p_mapping_type = 'value'
            then utils.normalized_object_name((p_match).value #>> '{}')
        else utils.trim_white_space((p_match).value #>> '{}') end, '')
$$;
comment on function utils.object_name(utils.json_match, boolean, text) is
    'The name that a match gives an object; null when it gives none. Types: key (the text, or the key that a final star chose), value (normalized).';

create function utils.jsonb_resolve_object_names(p_payload jsonb, p_path jsonb, p_mapping_type text)
    returns table (object_name text, path text, value jsonb)
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    if (p_mapping_type in ('key', 'value')) is not true then
        raise exception 'there is no mapping type %', coalesce(quote_literal(p_mapping_type), 'null')
            using errcode = 'invalid_parameter_value', hint = 'Use key or value.';
    end if;
    return query
    select n.name, m.path, m.value
    from utils.jsonb_path_matches(p_payload, p_path) as m
    cross join lateral (
        select utils.object_name(m, coalesce(p_path -> -1, p_path) = '"*"', p_mapping_type) as name
    ) as n
    where n.name is not null
    order by m.place;
end
$$;
comment on function utils.jsonb_resolve_object_names(jsonb, jsonb, text) is
    'The names of objects that a path leads to in a document, with the place and the value of each, in the order of their places.';

grant execute on function utils.json_path_step(text), utils.json_children(utils.json_match), utils.json_path_elements(jsonb),
    utils.jsonb_path_matches(jsonb, jsonb), utils.json_path_on_pages(jsonb, boolean), utils.normalized_object_name(text),
    utils.object_name(utils.json_match, boolean, text), utils.jsonb_resolve_object_names(jsonb, jsonb, text)
    to service_role;

-- migrate:down

set local role weir_owner;
drop function utils.jsonb_resolve_object_names(jsonb, jsonb, text);
drop function utils.object_name(utils.json_match, boolean, text);
drop function utils.normalized_object_name(text);
drop function utils.json_path_on_pages(jsonb, boolean);
drop function utils.jsonb_path_matches(jsonb, jsonb);
drop function utils.json_path_elements(jsonb);
drop function utils.json_children(utils.json_match);
drop function utils.json_path_step(text);
drop type utils.json_match;
