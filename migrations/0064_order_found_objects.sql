-- What several sources find comes in one order, whichever answers first (docs/decisions/0027): by the sources as their activity lists them, then
-- as each answer names them. Objects get their places when all sources have answered; until then they are only counted.

-- migrate:up

set local role weir_owner;

alter table public.activity_source add column position integer not null default 0;
comment on column public.activity_source.position is 'The place of the source among those of its activity, from 0; those of one place come by their keys.';
-- As they have been asked so far.
update public.activity_source as l
set position = n.position
from (select s.org_id, s.activity_id, s.source_id, row_number() over (partition by s.org_id, s.activity_id order by s.source_id) - 1 as position
      from public.activity_source as s) as n
where l.org_id = n.org_id and l.activity_id = n.activity_id and l.source_id = n.source_id;

alter table public.object_finding add column place integer not null default 0;
comment on column public.object_finding.place is 'What a run has found comes in this order, which is that of its answer.';

-- Runs are made in the order of their sources, so that the order of their ids is that, too.
do $$
declare
    name text;
    definition text;
    ordered text;
begin
    foreach name in array array['etl_api.expand_request(uuid,uuid,text)', 'etl_api.expand_gathered_request(uuid,integer)'] loop
        definition := pg_get_functiondef(name::regprocedure);
        ordered := replace(replace(definition,
            E'source as materialized (\n        select s.id,\n',
            E'source as materialized (\n        select s.id, row_number() over (order by l.position, s.key collate "C") as rank,\n'),
            'order by s.id, a.position', 'order by s.rank, a.position');
        if ordered not like '%as rank%' or ordered not like '%s.rank, a.position%' then
            raise exception '% makes runs in another way', name;
        end if;
        execute ordered;
    end loop;
end
$$;

create or replace function etl_api.store_findings(p_runs etl_api.fetched_run[], p_mapped etl_api.mapped_value[], p_source_id uuid)
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
        select i.*, o.id as object_id,
               exists (select from public.object_finding as f
                       where f.activity_request_id = i.activity_request_id and f.object_id = o.id) as is_known
        from input as i
        join public.object as o
          on o.object_type_id = i.object_type_id and o.original_object_value_name = i.name and o.org_id = i.org_id
    ), counted as (
        update public.request_progress as p
        set objects_total = n.total, objects_expanded = n.total
        from (select f.activity_request_id, etl_api.count_found(q.objects_total, count(distinct f.object_id)::integer, f.objects_max) as total
              from found as f
              join public.request_progress as q on q.activity_request_id = f.activity_request_id
              where not f.is_known
              group by f.activity_request_id, q.objects_total, f.objects_max) as n
        where p.activity_request_id = n.activity_request_id
    ), linked as (
        insert into public.object_finding (org_id, activity_request_id, object_id, run_id, source_id, value_bytes, note, place)
        select f.org_id, f.activity_request_id, f.object_id, f.run_id, p_source_id, least(f.bytes, 2147483647), f.note, f.place
        from found as f
        order by f.place
        on conflict do nothing
    )
    select f.run_id, f.object_number, f.object_id from found as f order by f.place;
end
$$;

create function etl_api.count_found(p_counted integer, p_new integer, p_objects_max integer) returns integer
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select greatest(p_counted, least(p_counted + p_new, p_objects_max))
$$;
comment on function etl_api.count_found(integer, integer, integer) is
    'How many objects a request has when so many new ones have been found: no more than it may have, and never fewer than before.';

create function etl_api.place_found_objects(p_activity_request_id uuid) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    request record;
    placed integer;
begin
    select r.org_id, least(a.max_objects, r.objects_max) as objects_max into request
    from public.activity_request as r
    join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
    where r.id = p_activity_request_id;
    perform from public.request_progress as p where p.activity_request_id = p_activity_request_id for no key update;

    -- After a replay: what was not found again goes, and the others move up in the order that they have.
    if exists (select from public.request_object as o
               where o.activity_request_id = p_activity_request_id
                 and not exists (select from public.object_finding as f
                                 where f.activity_request_id = o.activity_request_id and f.object_id = o.object_id)) then
        with removed as (
            delete from public.request_object as o where o.activity_request_id = p_activity_request_id returning o.*
        )
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select r.org_id, r.activity_request_id, row_number() over (order by r.position) - 1, r.object_id, r.name
        from removed as r
        where exists (select from public.object_finding as f
                      where f.activity_request_id = r.activity_request_id and f.object_id = r.object_id);
    end if;
    select coalesce(max(o.position) + 1, 0) into placed
    from public.request_object as o where o.activity_request_id = p_activity_request_id;

    -- By sorting: whatever its settings are, no session compares each with each. Runs were made in the order of their sources.
    with mention as (
        select f.object_id, f.run_id, f.place, false as is_placed
        from public.object_finding as f where f.activity_request_id = p_activity_request_id
        union all
        select o.object_id, null, null, true from public.request_object as o where o.activity_request_id = p_activity_request_id
    ), new as materialized (
        select m.object_id, placed + row_number() over (order by m.run_id, m.place) - 1 as position
        from (select distinct on (m.object_id) m.* from mention as m
              order by m.object_id, m.is_placed desc, m.run_id, m.place) as m
        where not m.is_placed
    ), kept as (
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select request.org_id, p_activity_request_id, n.position, n.object_id, o.original_object_value_name
        from new as n
        join public.object as o on o.id = n.object_id and o.org_id is not distinct from request.org_id
        where n.position < request.objects_max
        order by n.position
    ), left_out as (
        delete from public.object_finding as f
        using new as n
        where f.activity_request_id = p_activity_request_id and f.object_id = n.object_id and n.position >= request.objects_max
        returning f.run_id, f.object_id
    ), forgotten as (
        delete from public.value as v using left_out as l where v.run_id = l.run_id and v.object_id = l.object_id
    ), counted as (
        select l.run_id, count(*) as left_out,
               (select count(*) from public.object_finding as f
                where f.activity_request_id = p_activity_request_id and f.run_id = l.run_id) as total
        from left_out as l
        group by l.run_id
    )
    update public.run_queue as r
    set state_substate = 'max_objects',
        state_reason = concat_ws('; ',
            format('%s of the %s object%s found %s left out: a request of this activity takes at most %s', c.left_out, c.total,
                   case c.total when 1 then '' else 's' end, case c.left_out when 1 then 'is' else 'are' end, request.objects_max),
            r.state_reason)
    from counted as c
    where r.id = c.run_id and r.state is not distinct from 'done';

    update public.request_progress as p
    set objects_total = n.count, objects_expanded = n.count
    from (select count(*) as count from public.request_object as o where o.activity_request_id = p_activity_request_id) as n
    where p.activity_request_id = p_activity_request_id;
end
$$;
comment on function etl_api.place_found_objects(uuid) is
    'Gives the objects that the runs of a request have found their places, once all of these are over: those of earlier rounds keep theirs, new ones come after '
    'them, by the order of the sources and then as each answer names them. What there is no room for is forgotten, and its runs say so.';
grant execute on function etl_api.place_found_objects(uuid) to weir_processor;
grant execute on function etl_api.count_found(integer, integer, integer) to weir_processor;
revoke insert on public.request_object from weir_processor;
revoke delete on public.request_object from weir_intake;

-- By SQL alone, whoever closes the last run gives the places.
do $$
declare
    definition text := pg_get_functiondef('etl_api.process_run_results_for_source(uuid,integer)'::regprocedure);
    changed text := replace(replace(replace(definition,
        E'    get diagnostics closed = row_count;\n    return closed;\n',
        E'    get diagnostics closed = row_count;\n'
        '    perform etl_api.place_found_objects(q.id)\n'
        '    from (select distinct p.activity_request_id as id from unnest(picked) as p where p.object_id is null order by 1) as q\n'
        '    where not exists (select from public.run_queue as r\n'
        '                      where r.activity_request_id = q.id and r.state in (''new'', ''valid'', ''waiting'', ''ready'', ''in_progress''));\n'
        '    return closed;\n'),
        E'            when o.finds and o.kept < o.objects then ''max_objects''\n', ''),
        E'            when o.finds then nullif(concat_ws(''; '',\n'
        '                case when o.kept < o.objects\n'
        '                     then format(''%s of the %s object%s found %s left out: a request of this activity takes at most %s'', o.objects - o.kept, o.objects,\n'
        '                                 case o.objects when 1 then '''' else ''s'' end, case o.objects - o.kept when 1 then ''is'' else ''are'' end, o.objects_max) end,\n'
        '                o.misfits), '''')\n',
        E'            when o.finds then o.misfits\n');
    storing text := pg_get_functiondef('etl_api.store_object(uuid,uuid,jsonb,uuid)'::regprocedure);
    stored text := replace(replace(storing, 'null, null, a.max_objects, false, true', 'null, null, least(a.max_objects, q.objects_max), false, true'),
        E'        p_source_id);\n    return made;\n',
        E'        p_source_id);\n'
        '    if exists (select from public.object_finding as f where f.activity_request_id = p_request_id) then\n'
        '        perform etl_api.place_found_objects(p_request_id);\n'
        '    end if;\n'
        '    return made;\n');
begin
    if changed not like '%place_found_objects%' or changed like '%o.kept < o.objects%'
       or stored not like '%least(a.max_objects%place_found_objects%' then
        raise exception 'answers are stored by SQL in another way than this migration knows';
    end if;
    execute changed;
    execute stored;
end
$$;

-- What was found has a place once its request is over, and what has flowed before a replay stays where it is.
do $$
declare
    sources constant text := pg_get_functiondef('etl_api.check_source_consistency(uuid)'::regprocedure);
    workflows constant text := pg_get_functiondef('etl_api.check_workflow_consistency(uuid)'::regprocedure);
    of_sources constant text := replace(sources, E'from public.object_finding as f\nleft join public.request_object as o\n',
        E'from public.object_finding as f\n'
        'join public.activity_request as r\n'
        '  on r.id = f.activity_request_id and r.org_id = f.org_id and r.state in (''done'', ''delivered'', ''failed'', ''timedout'')\n'
        'left join public.request_object as o\n');
    of_workflows constant text := replace(workflows,
        E'where r.workflow_phase > 1 and given.object_id is null\n',
        E'left join (\n'
        '    -- What they have found was found anew since.\n'
        '    select distinct t.id as receiver_id\n'
        '    from request as t\n'
        '    join step as s on s.id = t.workflow_request_id and s.org_id = t.org_id and t.activity_id = any (s.destinations)\n'
        '    join request as q on q.workflow_request_id = s.id and q.workflow_step = s.step and q.org_id = s.org_id\n'
        '    join public.run_queue as u on u.activity_request_id = q.id and u.org_id = q.org_id\n'
        '    where u.object_id is null and u.replayed_at is not null\n'
        ') as replayed on replayed.receiver_id = r.id\n'
        'where r.workflow_phase > 1 and given.object_id is null and replayed.receiver_id is null\n');
begin
    if of_sources = sources or of_workflows = workflows then
        raise exception 'the checks of states are not as this migration knows them';
    end if;
    execute of_sources;
    execute of_workflows;
end
$$;

-- migrate:down

set local role weir_owner;
do $$
declare
    sources constant text := pg_get_functiondef('etl_api.check_source_consistency(uuid)'::regprocedure);
    workflows constant text := pg_get_functiondef('etl_api.check_workflow_consistency(uuid)'::regprocedure);
    storing constant text := pg_get_functiondef('etl_api.store_object(uuid,uuid,jsonb,uuid)'::regprocedure);
    processing constant text := pg_get_functiondef('etl_api.process_run_results_for_source(uuid,integer)'::regprocedure);
    name text;
begin
    execute replace(sources,
        E'join public.activity_request as r\n'
        '  on r.id = f.activity_request_id and r.org_id = f.org_id and r.state in (''done'', ''delivered'', ''failed'', ''timedout'')\n', '');
    execute replace(regexp_replace(workflows, 'left join \(\n    -- What they have found was found anew since\.\n.*\) as replayed on replayed\.receiver_id = r\.id\n', ''),
                    ' and replayed.receiver_id is null', '');
    execute replace(replace(storing, 'least(a.max_objects, q.objects_max), false, true', 'a.max_objects, false, true'),
        E'    if exists (select from public.object_finding as f where f.activity_request_id = p_request_id) then\n'
        '        perform etl_api.place_found_objects(p_request_id);\n'
        '    end if;\n', '');
    execute replace(replace(regexp_replace(processing,
        '    perform etl_api\.place_found_objects\(q\.id\)\n.*    return closed;\n', E'    return closed;\n'),
        E'            when o.misfits is not null then ''type_mismatch'' end,\n',
        E'            when o.finds and o.kept < o.objects then ''max_objects''\n'
        '            when o.misfits is not null then ''type_mismatch'' end,\n'),
        E'            when o.finds then o.misfits\n',
        E'            when o.finds then nullif(concat_ws(''; '',\n'
        '                case when o.kept < o.objects\n'
        '                     then format(''%s of the %s object%s found %s left out: a request of this activity takes at most %s'', o.objects - o.kept, o.objects,\n'
        '                                 case o.objects when 1 then '''' else ''s'' end, case o.objects - o.kept when 1 then ''is'' else ''are'' end, o.objects_max) end,\n'
        '                o.misfits), '''')\n');
    foreach name in array array['etl_api.expand_request(uuid,uuid,text)', 'etl_api.expand_gathered_request(uuid,integer)'] loop
        execute replace(replace(pg_get_functiondef(name::regprocedure),
            ' row_number() over (order by l.position, s.key collate "C") as rank,', ''),
            'order by s.rank, a.position', 'order by s.id, a.position');
    end loop;
end
$$;
grant delete on public.request_object to weir_intake;
grant insert on public.request_object to weir_processor;
drop function etl_api.place_found_objects(uuid);
create or replace function etl_api.store_findings(p_runs etl_api.fetched_run[], p_mapped etl_api.mapped_value[], p_source_id uuid)
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
drop function etl_api.count_found(integer, integer, integer);
alter table public.object_finding drop column place;
alter table public.activity_source drop column position;
