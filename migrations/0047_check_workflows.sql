-- What contradicts what among workflows, their steps and what flows between these, and what of them is stuck.

-- migrate:up

set local role weir_owner;

-- One line of each function changes: a workflow is partial, too, when one of its requests is; and a step that has waited for its phase is as old as
-- its turn.
do $$
declare
    checked constant text := pg_get_functiondef('etl_api.check_work_consistency(uuid)'::regprocedure);
    monitored constant text := pg_get_functiondef('etl_api.stuck_work(interval,integer)'::regprocedure);
    checks text;
    monitors text;
begin
    checks := replace(checked, 'when p.requests_done = p.requests_total then ''done''',
                      'when p.requests_done = p.requests_total and p.requests_partial = 0 then ''done''');
    monitors := replace(monitored,
        'and (r.state <> ''in_progress'' or not p.expanded)',
        'and (r.state <> ''in_progress'' or not p.expanded)
       and (r.workflow_phase is null or r.workflow_phase = 1
            or not exists (select from public.state_history as h where h.entity_id = r.id and h.at >= (select at from cut)))');
    monitors := replace(monitors,
        '(select ''request_not_expanded'',',
        '(select ''workflow_not_advanced'', p.org_id, p.workflow_request_id, p.step_ended_at,
            ''a step of it has ended, and no weir-processor has looked what can start now''
     from public.workflow_progress as p
     where p.step_ended_at < (select at from cut)
     order by p.step_ended_at
     limit p_limit)
    union all
    (select ''workflow_not_announced'', w.org_id, w.id, w.unannounced_since, ''it is over, and no weir-processor has made its deliveries''
     from public.workflow_request as w
     where w.unannounced_since < (select at from cut)
     order by w.unannounced_since
     limit p_limit)
    union all
    (select ''request_not_expanded'',');
    if checks = checked or monitors not like '%workflow_not_advanced%' or monitors not like '%workflow_phase%' then
        raise exception 'the checks of states are not as this migration knows them';
    end if;
    execute checks;
    execute monitors;
end
$$;

create function etl_api.check_workflow_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    language sql volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = on
    set enable_hashjoin = on
    set enable_mergejoin = on
    set enable_bitmapscan = on
    set enable_nestloop = off
    set jit = off
as $$
with workflow as materialized (
    select w.org_id, w.id, w.state::text as state, w.definition, w.round, w.created_at, w.unannounced_since, p.expanded, p.step_ended_at, p.requests_partial,
           p.requests_total - p.requests_done - p.requests_failed - p.requests_invalid - p.requests_timedout as requests_open
    from public.workflow_request as w
    join public.workflow_progress as p on p.workflow_request_id = w.id and p.org_id = w.org_id
    where p_org is null or w.org_id = p_org
), request as materialized (
    select r.org_id, r.id, r.workflow_request_id, r.workflow_phase, r.workflow_step, r.activity_id, r.state::text as state,
           r.state_substate as substate, r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') as is_open
    from public.activity_request as r
    where r.workflow_request_id is not null and (p_org is null or r.org_id = p_org)
), step as materialized (
    select w.org_id, w.id, s.step, s.destinations
    from workflow as w
    cross join lateral etl_api.workflow_steps(w.definition) as s
    where w.expanded
)
select 'the counters of a workflow request equal its activity requests', 'workflow_request', w.org_id, w.id,
       'requests_partial ' || coalesce(c.partial, 0), 'requests_partial ' || w.requests_partial
from workflow as w
left join (
    select r.org_id, r.workflow_request_id, count(*) as partial
    from request as r where r.state in ('done', 'delivered') and r.substate = 'partial'
    group by r.org_id, r.workflow_request_id
) as c on c.workflow_request_id = w.id and c.org_id = w.org_id
where w.requests_partial <> coalesce(c.partial, 0)

union all
select 'a workflow request has an activity request for each of its steps', 'workflow_request', s.org_id, s.id, 'a request for step ' || s.step, 'none'
from step as s
left join request as r on r.workflow_request_id = s.id and r.workflow_step = s.step and r.org_id = s.org_id
where r.id is null

-- A phase starts, and a workflow closes, when somebody looks; until then a note says that somebody has to.
union all
select 'a step waits only while a step before it is open', 'activity_request', r.org_id, r.id, 'ready', 'waiting in phase ' || r.workflow_phase
from request as r
join workflow as w on w.id = r.workflow_request_id and w.org_id = r.org_id
left join (
    select o.org_id, o.workflow_request_id, min(o.workflow_phase) as phase from request as o
    where o.is_open group by o.org_id, o.workflow_request_id
) as first_open on first_open.workflow_request_id = r.workflow_request_id and first_open.org_id = r.org_id
where r.state = 'waiting' and r.substate = 'phase' and w.expanded and w.step_ended_at is null and first_open.phase = r.workflow_phase

union all
select 'a workflow request is over when all of its steps are', 'workflow_request', w.org_id, w.id, 'an end', w.state
from workflow as w
where w.definition is not null and w.expanded and w.step_ended_at is null and w.requests_open = 0
  and w.state not in ('invalid', 'failed', 'timedout', 'done', 'delivered')

union all
select 'only a workflow request that is over is announced', 'workflow_request', w.org_id, w.id, 'an end', w.state
from workflow as w
where w.unannounced_since is not null and w.state not in ('failed', 'timedout', 'done', 'delivered')

union all
select 'a workflow request is delivered exactly when all deliveries of its round are', 'workflow_request', w.org_id, w.id,
       case w.state when 'done' then 'delivered' else 'done' end,
       format('%s, %s of %s deliveries taken', w.state, coalesce(d.taken, 0), coalesce(d.total, 0))
from workflow as w
left join (
    select d.org_id, d.workflow_request_id, d.round, count(*) as total,
           count(*) filter (where d.state = 'delivered' or d.delivered_at is not null) as taken
    from public.delivery as d
    where d.workflow_request_id is not null
    group by d.org_id, d.workflow_request_id, d.round
) as d on d.workflow_request_id = w.id and d.org_id = w.org_id and d.round = w.round
where case w.state when 'done' then d.taken = d.total
                   -- Deliveries are kept for a while only.
                   when 'delivered' then d.taken < d.total or d.total is null and w.created_at > clock_timestamp() - interval '1 hour' end

-- What flows.
union all
select 'an object of a later step comes from a step before it', 'activity_request', r.org_id, r.id,
       'object ' || o.object_id || ' among those of a step that leads to it', 'in none'
from request as r
join public.request_object as o on o.activity_request_id = r.id and o.org_id = r.org_id
left join (
    select distinct t.id as receiver_id, g.object_id
    from request as t
    join step as s on s.id = t.workflow_request_id and s.org_id = t.org_id and t.activity_id = any (s.destinations)
    join request as q on q.workflow_request_id = s.id and q.workflow_step = s.step and q.org_id = s.org_id
    join public.request_object as g on g.activity_request_id = q.id and g.org_id = q.org_id
) as given on given.receiver_id = r.id and given.object_id = o.object_id
where r.workflow_phase > 1 and given.object_id is null

union all
select 'a later step is expanded when all of its objects have runs', 'activity_request', r.org_id, r.id,
       p.objects_total || ' objects', p.objects_asked || ' objects'
from request as r
join public.request_progress as p on p.activity_request_id = r.id and p.org_id = r.org_id
where r.workflow_phase > 1 and (p.expanded and p.objects_asked <> p.objects_total or p.objects_asked > p.objects_total)
$$;
comment on function etl_api.check_workflow_consistency(uuid) is
    'What contradicts what among workflows and their steps; a part of etl_api.check_state_consistency().';

do $$
begin
    execute replace(pg_get_functiondef('etl_api.check_state_consistency(uuid)'::regprocedure), E'\nAS $function$\n',
                    E'\nAS $function$\n    select * from etl_api.check_workflow_consistency(p_org)\n    union all\n');
end
$$;
grant execute on function etl_api.check_workflow_consistency(uuid) to weir_scheduler;

-- migrate:down

set local role weir_owner;
do $$
begin
    execute replace(pg_get_functiondef('etl_api.check_state_consistency(uuid)'::regprocedure),
                    E'    select * from etl_api.check_workflow_consistency(p_org)\n    union all\n', '');
end
$$;
drop function etl_api.check_workflow_consistency(uuid);
do $$
declare
    monitored text := pg_get_functiondef('etl_api.stuck_work(interval,integer)'::regprocedure);
begin
    execute replace(pg_get_functiondef('etl_api.check_work_consistency(uuid)'::regprocedure), ' and p.requests_partial = 0 then ''done''', ' then ''done''');
    monitored := regexp_replace(monitored, '\(select ''workflow_not_advanced''.*\(select ''request_not_expanded''', '(select ''request_not_expanded''');
    monitored := regexp_replace(monitored, '\n       and \(r\.workflow_phase is null or r\.workflow_phase = 1\n[^\n]*', '');
    execute monitored;
end
$$;
