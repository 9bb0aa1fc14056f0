-- JSON that may be none, and placeholders: what the specification names (11.1.2), for those who work in SQL.
--
-- Libraries/Templates does the same for requests; both run Tests/Vectors/placeholders.json. What differs comes from jsonb: it keeps the
-- members of an object in an order of its own, and writes 1e2 as 100.

-- migrate:up

set local role weir_owner;

-- No exception escapes: not of what is no JSON, nor of what jsonb cannot hold (\u0000, half a surrogate pair, 1e400000, thousands of levels).
create function public.safe_jsonb(p_text text) returns jsonb
    language plpgsql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return p_text::jsonb;
exception when data_exception or program_limit_exceeded then
    return null;
end
$$;
comment on function public.safe_jsonb(text) is 'The text as jsonb; null when it is no JSON, or holds what jsonb cannot.';

create function utils.is_json(p_text text) returns boolean
    language plpgsql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform p_text::json;
    return true;
exception when data_exception or program_limit_exceeded then
    return false;
end
$$;
comment on function utils.is_json(text) is 'Whether a text is JSON, also when jsonb cannot hold it.';

create function public.clean_safe_jsonb(p_text text) returns jsonb
    language sql immutable strict parallel unsafe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        public.safe_jsonb(p_text),
        -- Outside of strings a line break is only white space; inside, JSON wants it escaped.
        case when p_text ~ '[\u0001-\u001f]' then (
            select public.safe_jsonb(string_agg(
                case when t.quotes_before % 2 = 1 and t.token ~ '^[\u0001-\u001f]$'
                     then '\u' || lpad(to_hex(ascii(t.token)), 4, '0') else t.token end,
                '' order by t.place))
            from (
                select m.token[1] as token, m.place,
                       count(*) filter (where m.token[1] = '"') over (order by m.place) as quotes_before
                -- An escaped character, a quotation mark, a control character, or a run of others.
                from regexp_matches(p_text, '\\.?|"|[\u0001-\u001f]|[^\\"\u0001-\u001f]+', 'g') with ordinality as m(token, place)
            ) as t)
        end)
$$;
comment on function public.clean_safe_jsonb(text) is
    'As safe_jsonb, after line breaks, tabs and other control characters inside of strings were escaped.';

create function utils.jsonb_compact(p_value jsonb) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    -- The only spaces outside of strings stand behind a comma or a colon.
    select regexp_replace(p_value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
$$;
comment on function utils.jsonb_compact(jsonb) is 'The value as JSON text without spaces between its parts.';

-- As Libraries/Templates writes a value into text.
create function utils.jsonb_text(p_value jsonb) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case jsonb_typeof(p_value)
           when 'null' then ''
           when 'array' then utils.jsonb_compact(p_value)
           when 'object' then utils.jsonb_compact(p_value)
           else p_value #>> '{}' end
$$;
comment on function utils.jsonb_text(jsonb) is 'A text as it is, null as nothing, everything else as compact JSON.';

create function utils.trim_white_space(p_text text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    -- What Unicode calls white space.
    select btrim(p_text, U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000')
$$;

-- The whole placeholder, the name in it, and its filters. Anything else that looks like one is text.
create function utils.placeholder_pattern() returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select '(<<\$([A-Za-z_][A-Za-z0-9_.-]{0,127})((?:\|(?:upper|lower|trim|text|json|join(?::' || c.text || ')?'
        || '|default:(?:' || c.text || '|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null))){0,8})>>)'
    from (values ('"(?:[^"\\\u0001-\u001f]|\\(?:["\\/bfnrt]|u(?!0000)[0-9a-fA-F]{4}))*"')) as c(text)
$$;
comment on function utils.placeholder_pattern() is 'The regular expression of <<$name|filter:argument>>.';

create function utils.filter_text(p_value jsonb, p_filter text) returns jsonb
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case jsonb_typeof(p_value)
        when 'string' then to_jsonb(case p_filter
            when 'upper' then upper(p_value #>> '{}')
            when 'lower' then lower(p_value #>> '{}')
            else utils.trim_white_space(p_value #>> '{}') end)
        when 'array' then (
            select coalesce(jsonb_agg(utils.filter_text(e.value, p_filter) order by e.k), '[]')
            from jsonb_array_elements(p_value) with ordinality as e(value, k))
        else p_value end;
end
$$;
comment on function utils.filter_text(jsonb, text) is 'upper, lower or trim of a text, or of each text of a list; other values stay.';

-- As Libraries/Templates applies them: from left to right; a filter that has nothing to do with a value leaves it as it is.
create function utils.filter_placeholder(p_value jsonb, p_filters text) returns jsonb
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    filter text[];
begin
    for filter in select regexp_matches(p_filters, '\|([a-z]+)(?::("(?:[^"\\]|\\.)*"|[^|]+))?', 'g') loop
        p_value := case
            when p_value is null or p_value = 'null' then case filter[1]
                when 'default' then public.safe_jsonb(filter[2])
                when 'json' then to_jsonb(p_value::text)
                else p_value end
            when filter[1] in ('upper', 'lower', 'trim') then utils.filter_text(p_value, filter[1])
            when filter[1] = 'text' then to_jsonb(utils.jsonb_text(p_value))
            when filter[1] = 'json' then to_jsonb(utils.jsonb_compact(p_value))
            when filter[1] = 'join' and jsonb_typeof(p_value) = 'array' then (
                select to_jsonb(coalesce(string_agg(utils.jsonb_text(e.value), coalesce(filter[2]::jsonb #>> '{}', ',') order by e.k), ''))
                from jsonb_array_elements(p_value) with ordinality as e(value, k)
                where e.value <> 'null')
            else p_value end;
    end loop;
    return p_value;
end
$$;
comment on function utils.filter_placeholder(jsonb, text) is
    'A variable''s value after the filters of its placeholder, such as |trim|default:"none"; null when there is none.';

create function utils.replace_request_placeholders(p_text text, p_values jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        s.literal || coalesce(utils.jsonb_text(utils.filter_placeholder(p_values -> s.found[2], s.found[3])), s.found[1], ''),
        '' order by s.place)
    from rows from (
        regexp_split_to_table(p_text, utils.placeholder_pattern()), regexp_matches(p_text, utils.placeholder_pattern(), 'g')
    ) with ordinality as s(literal, found, place)
$$;
comment on function utils.replace_request_placeholders(text, jsonb) is
    'The text with the value of each <<$name>> in its place; a placeholder without a value stays. Values are not searched again.';

create function utils.unresolved_placeholders(p_text text, p_values jsonb) returns text[]
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(u.name order by u.place), '{}')
    from (
        select m.found[2] as name, min(m.place) as place
        from regexp_matches(p_text, utils.placeholder_pattern(), 'g') with ordinality as m(found, place)
        where utils.filter_placeholder(p_values -> m.found[2], m.found[3]) is null
        group by m.found[2]
    ) as u
$$;
comment on function utils.unresolved_placeholders(text, jsonb) is 'The names of placeholders without a value, each once, as they come.';

-- The strings of a document one by one, so that it may be as deep as jsonb allows.
create function utils.json_strings(p_value jsonb) returns table (place bigint, before text, string text, is_key boolean)
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select s.place, s.literal, s.found[1]::jsonb #>> '{}', s.found[2] = ':'
    from rows from (
        regexp_split_to_table(p_value::text, '("(?:[^"\\]|\\.)*")(:?)'),
        regexp_matches(p_value::text, '("(?:[^"\\]|\\.)*")(:?)', 'g')
    ) with ordinality as s(literal, found, place)
$$;
comment on function utils.json_strings(jsonb) is
    'The strings and keys of a document in order, each with what stands before it; and what stands behind the last, with a null.';

create function public.json_placeholder_replace(p_template jsonb, p_values jsonb) returns jsonb
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        s.before || case
            when s.string is null then ''
            -- A key stays text whatever stands in it.
            when s.is_key then to_jsonb(utils.replace_request_placeholders(s.string, p_values))::text || ':'
            else coalesce(utils.filter_placeholder(p_values -> w.found[2], w.found[3]),
                          to_jsonb(utils.replace_request_placeholders(s.string, p_values)))::text end,
        '' order by s.place)::jsonb
    from utils.json_strings(p_template) as s
    cross join lateral (select regexp_match(s.string, '^' || utils.placeholder_pattern() || '$') as found) as w
$$;
comment on function public.json_placeholder_replace(jsonb, jsonb) is
    'The template with values in the place of <<$name>>: one that is a whole string becomes the value with its type, one inside of a text '
    'or a key becomes text. One without a value stays.';

create function utils.unresolved_placeholders(p_template jsonb, p_values jsonb) returns text[]
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(u.name order by u.place, u.k), '{}')
    from (
        select distinct on (n.name) n.name, s.place, n.k
        from utils.json_strings(p_template) as s
        cross join unnest(utils.unresolved_placeholders(s.string, p_values)) with ordinality as n(name, k)
        order by n.name, s.place, n.k
    ) as u
$$;
comment on function utils.unresolved_placeholders(jsonb, jsonb) is
    'The names of a template''s placeholders without a value, each once, in the order of the template as jsonb.';

grant usage on schema utils, etl_api to service_role;
grant execute on function public.safe_jsonb(text), public.clean_safe_jsonb(text), public.json_placeholder_replace(jsonb, jsonb),
    utils.replace_request_placeholders(text, jsonb), utils.unresolved_placeholders(text, jsonb),
    utils.unresolved_placeholders(jsonb, jsonb), utils.json_strings(jsonb), utils.filter_placeholder(jsonb, text),
    utils.filter_text(jsonb, text), utils.trim_white_space(text), utils.jsonb_compact(jsonb), utils.jsonb_text(jsonb),
    utils.placeholder_pattern(), utils.is_json(text) to service_role;

-- migrate:down

set local role weir_owner;
revoke usage on schema utils, etl_api from service_role;
drop function utils.unresolved_placeholders(jsonb, jsonb);
drop function public.json_placeholder_replace(jsonb, jsonb);
drop function utils.json_strings(jsonb);
drop function utils.unresolved_placeholders(text, jsonb);
drop function utils.replace_request_placeholders(text, jsonb);
drop function utils.filter_placeholder(jsonb, text);
drop function utils.filter_text(jsonb, text);
drop function utils.placeholder_pattern();
drop function utils.trim_white_space(text);
drop function utils.jsonb_text(jsonb);
drop function utils.jsonb_compact(jsonb);
drop function public.clean_safe_jsonb(text);
drop function utils.is_json(text);
drop function public.safe_jsonb(text);
