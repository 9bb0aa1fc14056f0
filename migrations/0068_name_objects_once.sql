-- The quality of a source is told over all of its requests. An object that several of them asked about stood once for each among the
-- examples: three times the same name where three objects were meant, and one conflict counted as several. Each is told once.

-- migrate:up

set local role weir_owner;

create function etl_api.first_objects(p_ids uuid[]) returns text[]
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select o.original_object_value_name
        from (
            select u.id, min(u.place) as place from unnest(p_ids) with ordinality as u(id, place) group by u.id order by 2 limit 3
        ) as i
        join public.object as o on o.id = i.id
        order by i.place)
$$;
comment on function etl_api.first_objects(uuid[]) is 'The names of the first three objects of a list, each once.';
grant execute on function etl_api.first_objects(uuid[]) to weir_service;

create or replace function etl_api.conflicting_values(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000,
    p_each integer default 100)
    returns table (
        org_id uuid, datapoint_id uuid, datapoint text, conflicts bigint, request_id uuid, object_id uuid, object text, "values" jsonb)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    with run as materialized (
        select * from etl_api.assessed_runs(p_request, p_source, p_since, p_limit)
    ), compared as materialized (
        select r.id, r.activity_request_id, r.source_id from run as r
        union
        -- What other sources said of the same objects in the same requests.
        select o.id, o.activity_request_id, o.source_id
        from run as r
        join public.run_queue as o on o.activity_request_id = r.activity_request_id and o.position = r.position
        where p_source is not null
    ), conflict as materialized (
        select v.org_id, v.datapoint_id, c.activity_request_id, v.object_id, array_agg(v.run_id order by v.run_id) as run_ids
        from compared as c
        join public.value as v on v.run_id = c.id
        where v.value <> 'null'
        group by 1, 2, 3, 4
        having count(distinct v.value) > 1 and (p_source is null or bool_or(c.source_id = p_source))
    ), latest as (
        -- Requests about the same object are likely to find the same: it is told once, as the newest of them has it.
        select distinct on (c.datapoint_id, c.object_id) c.*
        from conflict as c
        order by c.datapoint_id, c.object_id, c.activity_request_id desc
    ), ranked as (
        select c.*, count(*) over of_datapoint as conflicts,
               row_number() over (of_datapoint order by c.activity_request_id, c.object_id) as place
        from latest as c
        window of_datapoint as (partition by c.datapoint_id)
    )
    select r.org_id, r.datapoint_id, d.key, r.conflicts, r.activity_request_id, r.object_id, o.original_object_value_name,
           (select jsonb_agg(jsonb_build_object(
                       'source', s.key, 'run', v.run_id,
                       'value', case when length(v.value::text) > 200 then to_jsonb(left(v.value::text, 199) || '…') else v.value end)
                       order by s.key, v.run_id)
            from unnest(r.run_ids[1:20]) as i(run_id)
            join public.value as v on v.run_id = i.run_id and v.object_id = r.object_id and v.datapoint_id = r.datapoint_id
            join public.source as s on s.id = v.source_id)
    from ranked as r
    join public.datapoint as d on d.org_id = r.org_id and d.id = r.datapoint_id
    join public.object as o on o.id = r.object_id
    where r.place <= p_each
    order by r.conflicts desc, d.key, r.place
$$;
comment on function etl_api.conflicting_values(uuid, uuid, timestamptz, integer, integer) is
    'Objects of which runs of one request found different values for a datapoint (null is none), each once, of its newest request: p_each of each datapoint, and how many there are.';

create or replace function etl_api.empty_answers(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (org_id uuid, source_id uuid, source text, kind text, runs bigint, objects text[], reason text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.org_id, g.source_id, s.key, g.kind, g.runs,
           etl_api.first_objects(g.object_ids),
           g.reason
    from (
        select r.org_id, r.source_id, k.kind, count(*) as runs, (array_agg(r.reason order by r.id))[1] as reason,
               array_agg(r.object_id order by r.id) filter (where r.object_id is not null) as object_ids
        from (
            select r.* from etl_api.assessed_runs(p_request, p_source, p_since, p_limit) as r
            where r.state = 'done' and r.substate = 'no_data' or r.state = 'failed' and r.substate = 'empty'
        ) as r
        left join public.run_result as x on x.run_request_id = r.run_request_id
        cross join lateral (
            select case when r.substate = 'empty' then 'empty' when x.no_data is not null then 'no_data' else 'nothing_mapped' end as kind
        ) as k
        group by r.org_id, r.source_id, k.kind
    ) as g
    join public.source as s on s.id = g.source_id
    order by g.runs desc, s.key, g.kind
$$;

create or replace function etl_api.failed_runs(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (
        org_id uuid, source_id uuid, source text, state text, substate text, runs bigint, objects text[], reason text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.org_id, g.source_id, s.key, g.state, g.substate, g.runs,
           etl_api.first_objects(g.object_ids),
           g.reason
    from (
        select r.org_id, r.source_id, r.state, r.substate, count(*) as runs, (array_agg(r.reason order by r.id))[1] as reason,
               array_agg(r.object_id order by r.id) filter (where r.object_id is not null) as object_ids
        from etl_api.assessed_runs(p_request, p_source, p_since, p_limit) as r
        where r.state in ('failed', 'invalid', 'timedout')
        group by r.org_id, r.source_id, r.state, r.substate
    ) as g
    join public.source as s on s.id = g.source_id
    order by g.runs desc, s.key, g.state, g.substate
$$;

-- migrate:down

set local role weir_owner;

create or replace function etl_api.conflicting_values(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000,
    p_each integer default 100)
    returns table (
        org_id uuid, datapoint_id uuid, datapoint text, conflicts bigint, request_id uuid, object_id uuid, object text, "values" jsonb)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    with run as materialized (
        select * from etl_api.assessed_runs(p_request, p_source, p_since, p_limit)
    ), compared as materialized (
        select r.id, r.activity_request_id, r.source_id from run as r
        union
        -- What other sources said of the same objects in the same requests.
        select o.id, o.activity_request_id, o.source_id
        from run as r
        join public.run_queue as o on o.activity_request_id = r.activity_request_id and o.position = r.position
        where p_source is not null
    ), conflict as materialized (
        select v.org_id, v.datapoint_id, c.activity_request_id, v.object_id, array_agg(v.run_id order by v.run_id) as run_ids
        from compared as c
        join public.value as v on v.run_id = c.id
        where v.value <> 'null'
        group by 1, 2, 3, 4
        having count(distinct v.value) > 1 and (p_source is null or bool_or(c.source_id = p_source))
    ), ranked as (
        select c.*, count(*) over of_datapoint as conflicts,
               row_number() over (of_datapoint order by c.activity_request_id, c.object_id) as place
        from conflict as c
        window of_datapoint as (partition by c.datapoint_id)
    )
    select r.org_id, r.datapoint_id, d.key, r.conflicts, r.activity_request_id, r.object_id, o.original_object_value_name,
           (select jsonb_agg(jsonb_build_object(
                       'source', s.key, 'run', v.run_id,
                       'value', case when length(v.value::text) > 200 then to_jsonb(left(v.value::text, 199) || '…') else v.value end)
                       order by s.key, v.run_id)
            from unnest(r.run_ids[1:20]) as i(run_id)
            join public.value as v on v.run_id = i.run_id and v.object_id = r.object_id and v.datapoint_id = r.datapoint_id
            join public.source as s on s.id = v.source_id)
    from ranked as r
    join public.datapoint as d on d.org_id = r.org_id and d.id = r.datapoint_id
    join public.object as o on o.id = r.object_id
    where r.place <= p_each
    order by r.conflicts desc, d.key, r.place
$$;
comment on function etl_api.conflicting_values(uuid, uuid, timestamptz, integer, integer) is
    'Objects of which runs of one request found different values for a datapoint (null is none): p_each of each datapoint, and how many there are.';

create or replace function etl_api.empty_answers(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (org_id uuid, source_id uuid, source text, kind text, runs bigint, objects text[], reason text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.org_id, g.source_id, s.key, g.kind, g.runs,
           array(select o.original_object_value_name from unnest(g.object_ids) with ordinality as i(id, place)
                 join public.object as o on o.id = i.id order by i.place),
           g.reason
    from (
        select r.org_id, r.source_id, k.kind, count(*) as runs, (array_agg(r.reason order by r.id))[1] as reason,
               (array_agg(r.object_id order by r.id) filter (where r.object_id is not null))[1:3] as object_ids
        from (
            select r.* from etl_api.assessed_runs(p_request, p_source, p_since, p_limit) as r
            where r.state = 'done' and r.substate = 'no_data' or r.state = 'failed' and r.substate = 'empty'
        ) as r
        left join public.run_result as x on x.run_request_id = r.run_request_id
        cross join lateral (
            select case when r.substate = 'empty' then 'empty' when x.no_data is not null then 'no_data' else 'nothing_mapped' end as kind
        ) as k
        group by r.org_id, r.source_id, k.kind
    ) as g
    join public.source as s on s.id = g.source_id
    order by g.runs desc, s.key, g.kind
$$;

create or replace function etl_api.failed_runs(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (
        org_id uuid, source_id uuid, source text, state text, substate text, runs bigint, objects text[], reason text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.org_id, g.source_id, s.key, g.state, g.substate, g.runs,
           array(select o.original_object_value_name from unnest(g.object_ids) with ordinality as i(id, place)
                 join public.object as o on o.id = i.id order by i.place),
           g.reason
    from (
        select r.org_id, r.source_id, r.state, r.substate, count(*) as runs, (array_agg(r.reason order by r.id))[1] as reason,
               (array_agg(r.object_id order by r.id) filter (where r.object_id is not null))[1:3] as object_ids
        from etl_api.assessed_runs(p_request, p_source, p_since, p_limit) as r
        where r.state in ('failed', 'invalid', 'timedout')
        group by r.org_id, r.source_id, r.state, r.substate
    ) as g
    join public.source as s on s.id = g.source_id
    order by g.runs desc, s.key, g.state, g.substate
$$;

drop function etl_api.first_objects(uuid[]);
