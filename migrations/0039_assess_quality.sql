-- How good the data is that sources give: of one request, or of one source since a moment.
--
-- Each function looks at the runs of one request, through the index of its runs, or at the newest runs of one source: there is no index of
-- runs by source, which every run would have to pay for, so that these are searched for from now backwards among at most a million runs of
-- all sources. Neither looks at more than p_limit runs. The views show the same for requests: with a condition on activity_request_id they
-- cost one request; without, they look at every request that there is.

-- migrate:up

set local role weir_owner;

create function etl_api.assessed_runs(p_request uuid, p_source uuid, p_since timestamptz, p_limit integer)
    returns table (
        org_id uuid, id uuid, activity_request_id uuid, source_id uuid, object_id uuid, "position" integer, run_request_id uuid,
        state text, substate text, reason text)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if p_request is not null then
        return query
        select r.org_id, r.id, r.activity_request_id, r.source_id, r.object_id, r.position, r.run_request_id, r.state::text,
               r.state_substate, r.state_reason
        from public.run_queue as r
        where r.activity_request_id = p_request and (p_source is null or r.source_id is not distinct from p_source)
        order by r.position
        limit p_limit;
    elsif p_source is not null then
        return query
        select r.org_id, r.id, r.activity_request_id, r.source_id, r.object_id, r.position, r.run_request_id, r.state::text,
               r.state_substate, r.state_reason
        from (
            select r.* from public.run_queue as r
            where r.id >= utils.uuid_v7_floor(coalesce(p_since, statement_timestamp() - interval '7 days'))
            order by r.id desc
            limit 1000000
        ) as r
        where r.source_id is not distinct from p_source
        limit p_limit;
    else
        raise exception 'neither a request nor a source is given' using errcode = '22023', hint = 'Give the id of one of them.';
    end if;
end
$$;
comment on function etl_api.assessed_runs(uuid, uuid, timestamptz, integer) is
    'The runs of a request, of one source of it, or of a source since a moment (seven days unless given): those that quality is judged by.';

create function etl_api.datapoint_coverage(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (
        org_id uuid, source_id uuid, source text, datapoint_id uuid, datapoint text,
        objects bigint, with_value bigint, with_null bigint, with_nothing bigint, unanswered bigint)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set enable_hashjoin = on
as $$
    with run as materialized (
        select * from etl_api.assessed_runs(p_request, p_source, p_since, p_limit)
    ), request as materialized (
        select q.id, a.object_type_id
        from (select distinct r.activity_request_id as id from run as r) as i
        join public.activity_request as q on q.id = i.id
        join public.activity as a on a.org_id = q.org_id and a.id = q.activity_id
    ), asked as materialized (
        -- A run without an object stands for those that it has found.
        select r.org_id, r.source_id, q.object_type_id, count(*) as objects, count(*) filter (where r.state = 'done') as answered
        from run as r
        join request as q on q.id = r.activity_request_id
        left join public.object_finding as f
          on r.object_id is null and f.activity_request_id = r.activity_request_id and f.run_id = r.id
        where r.object_id is not null or f.object_id is not null
        group by 1, 2, 3
    ), held as materialized (
        select r.source_id, v.datapoint_id, count(*) filter (where v.value <> 'null') as with_value,
               count(*) filter (where v.value = 'null') as with_null
        from run as r
        join public.value as v on v.run_id = r.id
        where r.state = 'done'
        group by 1, 2
    )
    select a.org_id, a.source_id, s.key, d.id, d.key, a.objects, coalesce(h.with_value, 0), coalesce(h.with_null, 0),
           a.answered - coalesce(h.with_value, 0) - coalesce(h.with_null, 0), a.objects - a.answered
    from asked as a
    join public.source as s on s.id = a.source_id
    join public.datapoint_source as m on m.org_id = a.org_id and m.source_id = a.source_id
    join public.datapoint as d on d.org_id = m.org_id and d.id = m.datapoint_id and d.object_type_id = a.object_type_id
    left join held as h on h.source_id = a.source_id and h.datapoint_id = d.id
    order by s.key, d.key
$$;
comment on function etl_api.datapoint_coverage(uuid, uuid, timestamptz, integer) is
    'Of each datapoint that a source maps: how many objects it was asked about or has found, and how many of them have a value, null, nothing, or no answer.';

create function etl_api.failed_conversions(
    p_request uuid default null, p_source uuid default null, p_since timestamptz default null, p_limit integer default 100000)
    returns table (
        org_id uuid, source_id uuid, source text, datapoint_id uuid, datapoint text, failures bigint, objects text[],
        path text, found text, reason text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.org_id, g.source_id, s.key, g.datapoint_id, d.key, g.failures,
           -- A list of which several elements do not fit is one object.
           array(select o.original_object_value_name
                 from (select u.id, min(u.place) as place from unnest(g.object_ids) with ordinality as u(id, place)
                       group by u.id order by 2 limit 3) as i
                 join public.object as o on o.id = i.id order by i.place),
           (g.first).path, (g.first).found, (g.first).reason
    from (
        select f.org_id, f.source_id, f.datapoint_id, count(*) as failures,
               array_agg(f.object_id order by f.run_id, f.place) filter (where f.object_id is not null) as object_ids,
               (array_agg(f order by f.run_id, f.place))[1] as first
        from etl_api.assessed_runs(p_request, p_source, p_since, p_limit) as r
        join public.conversion_failure as f on f.run_id = r.id
        group by f.org_id, f.source_id, f.datapoint_id, utils.reason_pattern(f.reason)
        order by failures desc
        limit 1000
    ) as g
    join public.source as s on s.id = g.source_id
    left join public.datapoint as d on d.org_id = g.org_id and d.id = g.datapoint_id
    order by g.failures desc, s.key, d.key, (g.first).run_id
$$;
comment on function etl_api.failed_conversions(uuid, uuid, timestamptz, integer) is
    'What answers hold and runs could not convert, alike ones as one, with the first of them. Runs keep a bounded number each, so that there may be more.';

create function etl_api.conflicting_values(
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

create function etl_api.empty_answers(
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
comment on function etl_api.empty_answers(uuid, uuid, timestamptz, integer) is
    'Answers that gave nothing: no_data (the API says so, by a response rule), nothing_mapped (nothing of what is mapped), empty (no byte).';

create function etl_api.failed_runs(
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
comment on function etl_api.failed_runs(uuid, uuid, timestamptz, integer) is 'Runs that ended without success, by source, state and substate.';

-- The same for requests, one function call for each.
create view etl_api.datapoint_coverage_of_requests with (security_invoker = true) as
select q.id as activity_request_id, f.* from public.activity_request as q cross join lateral etl_api.datapoint_coverage(q.id) as f;
create view etl_api.failed_conversions_of_requests with (security_invoker = true) as
select q.id as activity_request_id, f.* from public.activity_request as q cross join lateral etl_api.failed_conversions(q.id) as f;
create view etl_api.conflicting_values_of_requests with (security_invoker = true) as
select q.id as activity_request_id, f.org_id, f.datapoint_id, f.datapoint, f.conflicts, f.object_id, f.object, f."values"
from public.activity_request as q cross join lateral etl_api.conflicting_values(q.id) as f;
create view etl_api.empty_answers_of_requests with (security_invoker = true) as
select q.id as activity_request_id, f.* from public.activity_request as q cross join lateral etl_api.empty_answers(q.id) as f;
create view etl_api.failed_runs_of_requests with (security_invoker = true) as
select q.id as activity_request_id, f.* from public.activity_request as q cross join lateral etl_api.failed_runs(q.id) as f;

grant execute on function etl_api.assessed_runs(uuid, uuid, timestamptz, integer),
    etl_api.datapoint_coverage(uuid, uuid, timestamptz, integer), etl_api.failed_conversions(uuid, uuid, timestamptz, integer),
    etl_api.conflicting_values(uuid, uuid, timestamptz, integer, integer), etl_api.empty_answers(uuid, uuid, timestamptz, integer),
    etl_api.failed_runs(uuid, uuid, timestamptz, integer) to weir_service;
grant select on etl_api.datapoint_coverage_of_requests, etl_api.failed_conversions_of_requests, etl_api.conflicting_values_of_requests,
    etl_api.empty_answers_of_requests, etl_api.failed_runs_of_requests to weir_service;

-- migrate:down

set local role weir_owner;
drop view etl_api.failed_runs_of_requests;
drop view etl_api.empty_answers_of_requests;
drop view etl_api.conflicting_values_of_requests;
drop view etl_api.failed_conversions_of_requests;
drop view etl_api.datapoint_coverage_of_requests;
drop function etl_api.failed_runs(uuid, uuid, timestamptz, integer);
drop function etl_api.empty_answers(uuid, uuid, timestamptz, integer);
drop function etl_api.conflicting_values(uuid, uuid, timestamptz, integer, integer);
drop function etl_api.failed_conversions(uuid, uuid, timestamptz, integer);
drop function etl_api.datapoint_coverage(uuid, uuid, timestamptz, integer);
drop function etl_api.assessed_runs(uuid, uuid, timestamptz, integer);
