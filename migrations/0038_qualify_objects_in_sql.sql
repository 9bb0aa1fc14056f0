-- Factors by SQL: which objects of a request meet the factors of its activity, by the values as they stand.
--
-- Libraries/Factors does the same when a sourcing's result is collected, and keeps the verdicts in object_qualification with a sentence for
-- each factor; both run Tests/Vectors/factors.json.

-- migrate:up

set local role weir_owner;

-- A date or time without its zone, with a T before the time of the day; and the zone, UTC as Z.
create function utils.factor_clock(p_time text) returns text[]
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select array[left(p_time, 10) || case when length(p_time) > 10 then 'T' else '' end || regexp_replace(t.rest, '[Zz+-].*$', ''),
                 case when z.zone in ('z', '+00:00', '-00:00', '+0000', '+00') then 'Z' else z.zone end]
    from (select substr(p_time, 12) as rest) as t
    cross join lateral (select coalesce(substring(t.rest from '[Zz+-].*$'), '') as zone) as z
$$;

-- How one value lies to another: negative when before it, 0 when the same, positive when behind it; null when they cannot be compared.
create function utils.factor_order(p_factor_type text, p_left jsonb, p_right jsonb) returns integer
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_factor_type = 'time' and v.kinds <@ '{string,number}' and 'string' = any (v.kinds) then case
            -- Times of ISO 8601, as exactly as the less exact of the two is given: a day of 2020 is neither before nor after 2020. Clocks of
            -- two zones say nothing about each other.
            when v.is_time and (v.c[2] = '' or v.d[2] = '' or v.c[2] = v.d[2]) then case
                when left(v.c[1], length(v.d[1])) collate "C" < left(v.d[1], length(v.c[1])) then -1
                when left(v.c[1], length(v.d[1])) collate "C" > left(v.d[1], length(v.c[1])) then 1
                else 0 end end
        when v.kinds = '{number,number}' then sign(p_left::numeric - p_right::numeric)::integer
        when v.kinds = '{boolean,boolean}' then p_left::boolean::integer - p_right::boolean::integer
        when v.kinds = '{string,string}' then case when v.a collate "C" < v.b then -1 when v.a collate "C" > v.b then 1 else 0 end end
    from (
        select array[jsonb_typeof(p_left), jsonb_typeof(p_right)] as kinds, p_left #>> '{}' as a, p_right #>> '{}' as b,
               utils.factor_clock(p_left #>> '{}') as c, utils.factor_clock(p_right #>> '{}') as d,
               p_left #>> '{}' ~ '^\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?$' and p_right #>> '{}' ~ '^\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?$' as is_time
    ) as v
$$;

-- Whether one of several comparisons holds; null when none can be made.
create function utils.factor_equals_any(p_factor_type text, p_value jsonb, p_values jsonb) returns boolean
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select bool_or(utils.factor_order(p_factor_type, p_value, v) = 0) from jsonb_array_elements(p_values) as v
$$;

create function utils.evaluate_factor(p_factor_type text, p_operator text, p_value jsonb, p_found jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case h.holds when true then 'passed' when false then 'failed' else 'unknown' end
    from (
        -- That a value of another kind is not the one that is asked for tells nothing.
        select case when p_found <> 'null' then case p_operator
            when 'equals' then o.ordered = 0
            when 'not_equals' then o.ordered <> 0
            when 'greater_than' then o.ordered > 0
            when 'greater_equal' then o.ordered >= 0
            when 'less_than' then o.ordered < 0
            when 'less_equal' then o.ordered <= 0
            when 'between' then
                case when utils.factor_order(p_factor_type, p_found, p_value -> 0) is not null
                          and utils.factor_order(p_factor_type, p_found, p_value -> 1) is not null
                     then utils.factor_order(p_factor_type, p_found, p_value -> 0) >= 0
                          and utils.factor_order(p_factor_type, p_found, p_value -> 1) <= 0 end
            when 'in' then utils.factor_equals_any(p_factor_type, p_found, p_value)
            when 'contains' then case
                when jsonb_typeof(p_found) = 'string' and jsonb_typeof(p_value) = 'string' then strpos(p_found #>> '{}', p_value #>> '{}') > 0
                -- Of an empty list it is known that it does not.
                when p_found = '[]' then false
                when jsonb_typeof(p_found) = 'array' then utils.factor_equals_any(p_factor_type, p_value, p_found) end
            end end as holds
        from (select utils.factor_order(p_factor_type, p_found, p_value) as ordered) as o
    ) as h
$$;
comment on function utils.evaluate_factor(text, text, jsonb, jsonb) is
    'A value that was found, held against a factor (its type, operator and value): passed, failed, or unknown.';

create function utils.combine_factors(p_expression jsonb, p_outcomes jsonb) returns text
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    parts text[];
    decisive text := 'failed';
    otherwise text := 'passed';
begin
    if jsonb_typeof(p_expression) = 'string' then
        return coalesce(p_outcomes ->> (p_expression #>> '{}'), 'unknown');
    end if;
    if p_expression ? 'any' then
        decisive := 'passed';
        otherwise := 'failed';
    end if;
    parts := array(
        select utils.combine_factors(e, p_outcomes)
        from jsonb_array_elements(case jsonb_typeof(p_expression) when 'array' then p_expression
                                  else coalesce(p_expression -> 'all', p_expression -> 'any') end) as e);
    return case when decisive = any (parts) then decisive when 'unknown' = any (parts) then 'unknown' else otherwise end;
end
$$;
comment on function utils.combine_factors(jsonb, jsonb) is
    'What an object comes to under {"all" | "any": [the key of a factor, or one more of these]}, from its outcome under each factor by key.';

create function etl_api.qualify_objects(p_activity_request_id uuid)
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
comment on function etl_api.qualify_objects(uuid) is
    'Which objects of a request meet its activity''s factors, by the values as they stand, with the outcome under each factor.';

grant execute on function utils.factor_clock(text), utils.factor_order(text, jsonb, jsonb), utils.factor_equals_any(text, jsonb, jsonb),
    utils.evaluate_factor(text, text, jsonb, jsonb), utils.combine_factors(jsonb, jsonb) to service_role;
grant execute on function etl_api.qualify_objects(uuid) to service_role;

-- migrate:down

set local role weir_owner;
drop function etl_api.qualify_objects(uuid);
drop function utils.combine_factors(jsonb, jsonb);
drop function utils.evaluate_factor(text, text, jsonb, jsonb);
drop function utils.factor_equals_any(text, jsonb, jsonb);
drop function utils.factor_order(text, jsonb, jsonb);
drop function utils.factor_clock(text);
