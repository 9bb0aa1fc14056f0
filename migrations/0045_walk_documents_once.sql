-- Paths over JSON in one walk: "**" visits each place once, however deep the document is and however many ways lead there, and what a path
-- only passes through is not counted against its bound.

-- migrate:up

set local role weir_owner;

comment on type utils.json_match is
    'A place in a JSON document that a path leads to. place: the steps from the root, indexes in eight digits and keys as k, their length in '
    'eight digits and the key, so that places are in the order of jsonb; path: the same for people, as RFC 9535 writes it; records: a bit for '
    'each step that a star chose, one of several records; key or index: the last step.';

create function utils.json_place_path(p_place text[]) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select '$' || coalesce(string_agg(
        case when s.step !~ '^k' then '[' || s.step::integer || ']'
             -- Most names need no quotes; what they are written like is for utils.json_path_step to know.
             when s.step ~ '^k[0-9]{8}[A-Za-z_][A-Za-z0-9_]*$' then '.' || substr(s.step, 10)
             else utils.json_path_step(substr(s.step, 10)) end, '' order by s.k), '')
    from unnest(p_place) with ordinality as s(step, k)
$$;
comment on function utils.json_place_path(text[]) is 'A place of utils.json_match for people, such as $.results[3].name.';

create function utils.json_children(p_nodes utils.json_match[]) returns setof utils.json_match
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select n.place || ('k' || lpad(octet_length(c.key)::text, 8, '0') || c.key), null::text, n.records, c.key, null::integer, c.value
    from unnest(p_nodes) as n
    cross join lateral jsonb_each(case jsonb_typeof(n.value) when 'object' then n.value else '{}' end) as c
    where jsonb_typeof(n.value) = 'object'
    union all
    select n.place || lpad((c.k - 1)::text, 8, '0'), null, n.records | (1::bigint << least(cardinality(n.place), 63)), null,
           (c.k - 1)::integer, c.value
    from unnest(p_nodes) as n
    cross join lateral jsonb_array_elements(case jsonb_typeof(n.value) when 'array' then n.value else '[]' end)
                           with ordinality as c(value, k)
    where jsonb_typeof(n.value) = 'array';
end
$$;
comment on function utils.json_children(utils.json_match[]) is 'The members and elements at some places; elements are records.';

-- Level by level from the outermost places: those inside of them are met on the way, and what both ways know of a place becomes one.
create function utils.json_below(p_starts utils.json_match[]) returns setof utils.json_match
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    nodes utils.json_match[] := p_starts;
    start record;
    outermost text[];
    inner_places text[] := '{}';
    inner_records text[] := '{}';
    -- The records of places inside of others, by their places.
    inner_starts jsonb;
begin
    if (select min(cardinality(s.place)) < max(cardinality(s.place)) from unnest(p_starts) as s) then
        for start in select s.place, s.records from unnest(p_starts) as s order by s.place loop
            if start.place[1:cardinality(outermost)] = outermost then
                inner_places := array_append(inner_places, array_to_string(start.place, ''));
                inner_records := array_append(inner_records, start.records::text);
            else
                outermost := start.place;
            end if;
        end loop;
        inner_starts := jsonb_object(inner_places, inner_records);
        nodes := array(select row(s.*)::utils.json_match from unnest(p_starts) as s where not inner_starts ? array_to_string(s.place, ''));
    end if;
    while nodes <> '{}' loop
        return query select n.* from unnest(nodes) as n;
        nodes := array(
            select row(c.place, null, case when inner_starts is null then c.records
                                           -- A step that a key explains on one of the ways is not the choice of a record.
                                           else c.records & coalesce((inner_starts ->> array_to_string(c.place, ''))::bigint, -1) end,
                       c.key, c.index, c.value)::utils.json_match
            from utils.json_children(nodes) as c);
    end loop;
end
$$;
comment on function utils.json_below(utils.json_match[]) is 'Places and all that is in them, each once; the elements of lists are records.';

create function utils.json_path_places(p_payload jsonb, p_path jsonb) returns setof utils.json_match
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As Swift's MappingLimits.
    matches_max constant integer := 100000;
    matches utils.json_match[] := array[row('{}', null, 0, null, null, p_payload)::utils.json_match];
    elements jsonb[] := utils.json_path_elements(p_path);
    element jsonb;
    wanted text;
    wanted_index integer;
    any_depth boolean := false;
begin
    if p_payload is null then
        return;
    end if;
    -- The end of the path is a step as well: to where one is.
    foreach element in array elements || 'null'::jsonb loop
        if element = '"**"' then
            any_depth := true;
            continue;
        end if;
        wanted := case jsonb_typeof(element) when 'string' then element #>> '{}' end;
        wanted_index := case jsonb_typeof(element) when 'number' then element::integer end;
        if wanted ~ '^''.*''$' and length(wanted) > 1 then
            wanted := substr(wanted, 2, length(wanted) - 2);
        end if;
        with reached as materialized (
            select m.* from unnest(matches) as m where not any_depth
            union all
            select m.* from utils.json_below(case when any_depth then matches end) as m
        )
        select array_agg(row(s.place, null, s.records, s.key, s.index, s.value)::utils.json_match) into matches
        from (
            select r.place, r.records, r.key, r.index, r.value from reached as r where element = 'null'
            union all
            -- A star chooses one of several records, of members too.
            select c.place, c.records | (1::bigint << least(cardinality(c.place) - 1, 63)), c.key, c.index, c.value
            from utils.json_children(case when element = '"*"' then array(select row(r.*)::utils.json_match from reached as r) end) as c
            union all
            select r.place || lpad(wanted_index::text, 8, '0'), r.records, null, wanted_index, r.value -> wanted_index
            from reached as r
            where jsonb_typeof(r.value) = 'array' and r.value -> wanted_index is not null
            union all
            select r.place || ('k' || lpad(octet_length(wanted)::text, 8, '0') || wanted), r.records, wanted, null, r.value -> wanted
            from reached as r
            where element <> '"*"' and jsonb_typeof(r.value) = 'object' and r.value ? wanted
            limit matches_max + 1
        ) as s;
        if cardinality(matches) > matches_max then
            raise exception 'the path matches more than % places of the answer; narrow it', matches_max
                using errcode = 'program_limit_exceeded';
        end if;
        exit when matches is null;
        any_depth := false;
    end loop;
    return query select m.* from unnest(matches) as m order by m.place;
end
$$;
comment on function utils.json_path_places(jsonb, jsonb) is 'As utils.jsonb_path_matches, without the paths for people.';

create or replace function utils.jsonb_path_matches(p_payload jsonb, p_path jsonb) returns setof utils.json_match
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select m.place, utils.json_place_path(m.place), m.records, m.key, m.index, m.value
    from utils.json_path_places(p_payload, p_path) as m;
end
$$;
comment on function utils.jsonb_path_matches(jsonb, jsonb) is
    'The places that a path leads to, each once. An element of a path is a key, an index, "*" for every child or "**" for any depth.';

drop function utils.json_children(utils.json_match);

grant execute on function utils.json_place_path(text[]), utils.json_children(utils.json_match[]), utils.json_below(utils.json_match[]),
    utils.json_path_places(jsonb, jsonb) to service_role;

-- migrate:down

set local role weir_owner;
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
grant execute on function utils.json_children(utils.json_match) to service_role;

create or replace function utils.jsonb_path_matches(p_payload jsonb, p_path jsonb) returns setof utils.json_match
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
drop function utils.json_path_places(jsonb, jsonb);
drop function utils.json_below(utils.json_match[]);
drop function utils.json_children(utils.json_match[]);
drop function utils.json_place_path(text[]);
comment on type utils.json_match is 'A place in a JSON document that a path leads to.';
