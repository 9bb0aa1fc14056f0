-- What contradicts what among jobs, permits to call and objects that were found, beside what etl_api.check_state_consistency() knows of requests,
-- runs, exchanges and deliveries: from now on it asks for both.
--
-- Each rule holds at every commit, but for one: a limit that was lowered is exceeded until the calls that are under way have ended.

-- migrate:up

set local role weir_owner;

alter function etl_api.check_state_consistency(uuid) rename to check_work_consistency;

create function etl_api.check_source_consistency(p_org uuid default null)
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
-- Jobs. Nothing but its job wakes a run that waits for one.
select 'a run that waits for a job has an exchange that waits, and the job', 'run_queue', r.org_id, r.id,
       'an exchange that waits, and its job',
       case when r.run_request_id is null then 'no exchange'
            when q.id is null then 'an exchange that does not exist'
            when q.state <> 'waiting' then 'an exchange that is ' || q.state
            else 'no job' end
from public.run_queue as r
left join public.run_request as q on q.id = r.run_request_id and q.org_id = r.org_id
left join public.external_job as j on j.run_request_id = r.run_request_id and j.org_id = r.org_id
where r.state = 'waiting' and r.due_at = 'infinity' and (p_org is null or r.org_id = p_org)
  and (q.state is distinct from 'waiting' or j.run_request_id is null)

union all
select 'a job belongs to an exchange', 'run_request', j.org_id, j.run_request_id, 'an exchange of its source',
       case when q.id is null then 'an exchange that does not exist' else 'an exchange of another source' end
from public.external_job as j
left join public.run_request as q on q.id = j.run_request_id and q.org_id = j.org_id
where (p_org is null or j.org_id = p_org) and j.run_request_id >= etl_api.kept_since() and q.source_id is distinct from j.source_id

-- Permits. Those of workers that have ended do not count.
union all
select 'the permits of a source are within its limit', 'source', s.owner_org_id, s.id,
       'at most ' || coalesce(s.setup ->> 'concurrency', '16') || ' calls', p.slots || ' calls'
from (
    select p.org_id, p.source_id, sum(p.slots) as slots
    from public.call_permit as p
    join public.worker as w on w.id = p.worker_id and w.ended_at is null
    group by p.org_id, p.source_id
) as p
join public.source as s on s.id = p.source_id and s.owner_org_id = p.org_id
where (p_org is null or p.org_id = p_org) and p.slots > coalesce((s.setup ->> 'concurrency')::integer, 16)

-- A group's sources belong to several organizations.
union all
select 'the permits of a rate group are within its limit', 'rate_group', null, g.id,
       'at most ' || g.concurrency || ' calls', p.slots || ' calls'
from (
    select p.rate_group_id, sum(p.slots) as slots
    from public.call_permit as p
    join public.worker as w on w.id = p.worker_id and w.ended_at is null
    group by p.rate_group_id
) as p
join public.rate_group as g on g.id = p.rate_group_id
where p_org is null and p.slots > g.concurrency

-- Objects. They are placed and linked in one transaction.
union all
select 'an object that was found is one of its request''s', 'activity_request', f.org_id, f.activity_request_id,
       'object ' || f.object_id || ' among its objects', 'run ' || f.run_id || ' has found it'
from public.object_finding as f
left join public.request_object as o
  on o.activity_request_id = f.activity_request_id and o.object_id = f.object_id and o.org_id = f.org_id
where (p_org is null or f.org_id = p_org) and o.object_id is null
$$;
comment on function etl_api.check_source_consistency(uuid) is
    'What contradicts what among jobs, permits to call and objects that were found; a part of etl_api.check_state_consistency().';

create function etl_api.check_state_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    language sql volatile
    set search_path = pg_catalog, pg_temp
as $$
    select * from etl_api.check_work_consistency(p_org)
    union all
    select * from etl_api.check_source_consistency(p_org)
$$;
comment on function etl_api.check_state_consistency(uuid) is
    'What contradicts what, of one organization or of all: the rule, the row, what should be there, what is. No row when all is well.';
comment on function etl_api.check_work_consistency(uuid) is
    'What contradicts what among requests, runs, exchanges and deliveries; a part of etl_api.check_state_consistency().';
grant execute on function etl_api.check_state_consistency(uuid), etl_api.check_source_consistency(uuid) to weir_scheduler;

-- migrate:down

set local role weir_owner;
drop function etl_api.check_state_consistency(uuid);
drop function etl_api.check_source_consistency(uuid);
alter function etl_api.check_work_consistency(uuid) rename to check_state_consistency;
comment on function etl_api.check_state_consistency(uuid) is
    'What contradicts what, of one organization or of all: the rule, the row, what should be there, what is. No row when all is well.';
