-- Everything about states, computed anew from the rows: which of them contradict each other.
--
-- Each rule holds at every commit, so that a busy system can be checked as well as one at rest. A rule is one `select`, and each row of
-- it a difference.

-- migrate:up

set local role weir_owner;

create function etl_api.check_state_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    -- Volatile, so that it takes its snapshot after its locks: a partition that is dropped meanwhile is neither read nor missed.
    language sql volatile
    set search_path = pg_catalog, pg_temp
    -- Services plan by key (docs/decisions/0006); here whole tables meet, by hash, whether they have statistics or not.
    set enable_seqscan = on
    set enable_hashjoin = on
    set enable_mergejoin = on
    set enable_bitmapscan = on
    set enable_nestloop = off
    set jit = off
as $$
with since as materialized (
    -- From this id on all weeks are there. An older row may have lost its runs, its exchange or its history with a partition.
    select coalesce(max(p.oldest), '00000000-0000-0000-0000-000000000000')::uuid as id
    from (
        select min(substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([0-9a-f-]+)''\)') collate "C") as oldest
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent in ('public.run_queue'::regclass, 'public.run_request'::regclass, 'public.run_result'::regclass,
                              'public.state_history'::regclass)
        group by i.inhparent
    ) as p
), workflow as materialized (
    select w.org_id, w.id, w.state::text as state, w.state_substate as substate, w.worker_id
    from public.workflow_request as w
    where p_org is null or w.org_id = p_org
), request as materialized (
    select r.org_id, r.id, r.state::text as state, r.state_substate as substate, r.worker_id, r.workflow_request_id,
           r.stopping, r.round
    from public.activity_request as r
    where p_org is null or r.org_id = p_org
), run as materialized (
    select r.org_id, r.id, r.state::text as state, r.state_substate is not distinct from 'fetched' as is_fetched, r.worker_id,
           r.activity_request_id, r.run_request_id, r.due_at
    from public.run_queue as r
    where p_org is null or r.org_id = p_org
), exchange as materialized (
    select q.org_id, q.id, q.state::text as state, q.worker_id, q.run_ids
    from public.run_request as q
    where p_org is null or q.org_id = p_org
), delivery as materialized (
    select d.org_id, d.id, d.state, d.worker_id, d.activity_request_id, d.round
    from public.delivery as d
    where p_org is null or d.org_id = p_org
), progress as materialized (
    select p.*, p.runs_total - p.runs_done - p.runs_failed - p.runs_invalid - p.runs_timedout as runs_open
    from public.request_progress as p
    where p_org is null or p.org_id = p_org
), workflow_progress as materialized (
    select p.*, p.requests_total - p.requests_done - p.requests_failed - p.requests_invalid - p.requests_timedout as requests_open
    from public.workflow_progress as p
    where p_org is null or p.org_id = p_org
), stateful as materialized (
    select s.*, s.state in ('invalid', 'failed', 'timedout', 'done', 'delivered') as is_over
    from (
        select 'workflow_request' as entity, w.org_id, w.id, w.state, w.worker_id from workflow as w
        union all select 'activity_request', r.org_id, r.id, r.state, r.worker_id from request as r
        union all select 'run_queue', r.org_id, r.id, r.state, r.worker_id from run as r
        union all select 'run_request', q.org_id, q.id, q.state, q.worker_id from exchange as q
        union all select 'delivery', d.org_id, d.id, d.state, d.worker_id from delivery as d
    ) as s
), history as materialized (
    -- By time: the sequence is handed out to sessions in advance, and decides only between entries of one session.
    select h.entity, h.org_id, h.entity_id as id, h.from_state, h.to_state,
           lag(h.to_state) over in_order as previous, lead(h.to_state) over in_order is null as is_last
    from public.state_history as h
    where p_org is null or h.org_id = p_org
    window in_order as (partition by h.entity_id order by h.at, h.sequence)
)

-- Counters. The triggers of the counted rows keep them, in the same transaction.
select 'the counters of a request equal its runs', 'activity_request', org_id, activity_request_id,
       n.counter || ' ' || coalesce(n.expected, 0), n.counter || ' ' || coalesce(n.found::text, 'missing')
from progress as p
full join (
    select r.org_id, r.activity_request_id, count(*) as total,
           count(*) filter (where r.state = 'done') as done, count(*) filter (where r.state = 'failed') as failed,
           count(*) filter (where r.state = 'invalid') as invalid, count(*) filter (where r.state = 'timedout') as timedout
    from run as r
    group by r.org_id, r.activity_request_id
) as c using (org_id, activity_request_id)
cross join lateral (values
    ('runs_total', c.total, p.runs_total), ('runs_done', c.done, p.runs_done), ('runs_failed', c.failed, p.runs_failed),
    ('runs_invalid', c.invalid, p.runs_invalid), ('runs_timedout', c.timedout, p.runs_timedout)
) as n(counter, expected, found)
where activity_request_id >= (select since.id from since) and coalesce(n.expected, 0) <> coalesce(n.found, 0)

union all
select 'the counters of a workflow request equal its activity requests', 'workflow_request', org_id, workflow_request_id,
       n.counter || ' ' || coalesce(n.expected, 0), n.counter || ' ' || coalesce(n.found::text, 'missing')
from workflow_progress as p
full join (
    select r.org_id, r.workflow_request_id, count(*) as total,
           count(*) filter (where r.state in ('done', 'delivered')) as done, count(*) filter (where r.state = 'failed') as failed,
           count(*) filter (where r.state = 'invalid') as invalid, count(*) filter (where r.state = 'timedout') as timedout
    from request as r
    where r.workflow_request_id is not null
    group by r.org_id, r.workflow_request_id
) as c using (org_id, workflow_request_id)
cross join lateral (values
    ('requests_total', c.total, p.requests_total), ('requests_done', c.done, p.requests_done),
    ('requests_failed', c.failed, p.requests_failed), ('requests_invalid', c.invalid, p.requests_invalid),
    ('requests_timedout', c.timedout, p.requests_timedout)
) as n(counter, expected, found)
where coalesce(n.expected, 0) <> coalesce(n.found, 0)

-- Objects are counted with the statement that stores them.
union all
select 'a request has expanded as many objects as it has rows for', 'activity_request', p.org_id, p.activity_request_id,
       coalesce(o.count, 0) || ' objects', p.objects_expanded || ' objects'
from progress as p
left join (
    select o.org_id, o.activity_request_id, count(*) as count
    from public.request_object as o
    where p_org is null or o.org_id = p_org
    group by o.org_id, o.activity_request_id
) as o using (org_id, activity_request_id)
where p.objects_expanded <> coalesce(o.count, 0)

-- One that is being stopped, or has ended so, need not come to its end.
union all
select 'a request is expanded when it has all of its objects', 'activity_request', p.org_id, p.activity_request_id,
       p.objects_total || ' objects', p.objects_expanded || ' objects'
from progress as p
join request as r on r.id = p.activity_request_id and r.org_id = p.org_id
where p.expanded and p.objects_expanded <> p.objects_total and r.stopping is null

union all
select 'a request in progress has counters', 'activity_request', r.org_id, r.id, 'counters', 'none'
from request as r
left join progress as p on p.activity_request_id = r.id and p.org_id = r.org_id
where r.state = 'in_progress' and p.activity_request_id is null

-- Outcomes.
union all
select 'a request is over only when all of its runs are', 'activity_request', r.org_id, r.id,
       'in_progress',
       r.state || case when p.runs_open > 0 then ', open runs: ' || p.runs_open else ', not expanded' end
from request as r
join progress as p on p.activity_request_id = r.id and p.org_id = r.org_id
where r.state in ('invalid', 'failed', 'timedout', 'done', 'delivered') and p.runs_open > 0
   or r.state in ('done', 'delivered') and not p.expanded and r.stopping is null

-- What was ended before all of its runs were made is measured against those that it comes to.
union all
select 'the outcome of a request follows from its runs', 'activity_request', r.org_id, r.id, o.outcome, o.found
from request as r
join progress as p on p.activity_request_id = r.id and p.org_id = r.org_id
cross join lateral (
    select case when p.runs_total = 0 and p.expanded then 'done empty'
                when p.runs_done = p.runs_total and p.expanded then 'done'
                when p.runs_done > 0 then 'done partial'
                else 'failed' end as outcome,
           concat_ws(' ', r.state, r.substate) as found
) as o
where p.runs_open = 0
  and (r.state in ('done', 'delivered') and o.outcome = 'failed'
       or r.state = 'done' and o.outcome <> o.found
       or r.state in ('failed', 'timedout') and p.runs_done > 0 and r.stopping is null)

union all
select 'a workflow request is over only when all of its activity requests are', 'workflow_request', w.org_id, w.id,
       'in_progress',
       w.state || case when p.requests_open > 0 then ', open requests: ' || p.requests_open else ', not expanded' end
from workflow as w
join workflow_progress as p on p.workflow_request_id = w.id and p.org_id = w.org_id
where w.state in ('invalid', 'failed', 'timedout', 'done', 'delivered') and p.requests_open > 0
   or w.state in ('done', 'delivered') and not p.expanded

-- As etl_api.follow_activity_requests decides it; a substate says that somebody stopped it.
union all
select 'the outcome of a workflow request follows from its activity requests', 'workflow_request', w.org_id, w.id,
       o.outcome, o.found
from workflow as w
join workflow_progress as p on p.workflow_request_id = w.id and p.org_id = w.org_id
cross join lateral (
    select case when p.requests_total = 0 then 'done empty'
                when p.requests_done = p.requests_total then 'done'
                when p.requests_done > 0 then 'done partial'
                when p.requests_timedout = p.requests_total then 'timedout'
                else 'failed' end as outcome,
           concat_ws(' ', w.state, w.substate) as found
) as o
where p.requests_open = 0
  and (w.state in ('done', 'delivered') and o.outcome in ('failed', 'timedout')
       or w.state = 'done' and o.outcome <> o.found
       or w.state in ('failed', 'timedout') and w.substate is null and p.expanded and o.outcome <> o.found)

-- History.
union all
select 'the history of a row ends in its state', s.entity, s.org_id, s.id, s.state, coalesce(h.to_state, 'no history')
from stateful as s
left join history as h on h.id = s.id and h.entity = s.entity and h.org_id = s.org_id and h.is_last
where s.entity <> 'delivery' and s.id >= (select since.id from since) and h.to_state is distinct from s.state

union all
select 'each change in a history begins where the one before it ended', h.entity, h.org_id, h.id,
       coalesce('from ' || h.previous, 'the first entry'), coalesce('from ' || h.from_state, 'another first entry')
from history as h
where h.from_state is distinct from h.previous

union all
select 'each change in a history is an allowed transition', h.entity, h.org_id, h.id,
       etl_api.describe_transitions(h.entity, h.from_state), 'it went to ' || h.to_state
from history as h
left join public.state_transition as t
  on t.entity = h.entity and t.from_state = h.from_state and t.to_state = h.to_state
where h.from_state is not null and t.entity is null

-- Runs and exchanges. They are claimed together, and taken back or answered together.
union all
select 'a run in progress is served by an exchange in progress', 'run_queue', r.org_id, r.id,
       'an exchange in progress that lists the run',
       case when r.run_request_id is null then 'no exchange'
            when q.id is null then 'an exchange that does not exist'
            when q.state <> 'in_progress' then 'an exchange that is ' || q.state
            else 'an exchange that does not list the run' end
from run as r
left join exchange as q on q.id = r.run_request_id and q.org_id = r.org_id
left join (
    select q.org_id, q.id, u.run_id
    from exchange as q
    cross join lateral unnest(q.run_ids) as u(run_id)
    where q.state = 'in_progress'
) as s on s.run_id = r.id and s.id = r.run_request_id and s.org_id = r.org_id
where r.state = 'in_progress' and not r.is_fetched and s.id is null

union all
select 'a fetched run has an exchange that is done, and its answer', 'run_queue', r.org_id, r.id,
       'an answer of an exchange that is done',
       case when r.run_request_id is null then 'no exchange'
            when q.id is null then 'an exchange that does not exist'
            when q.state <> 'done' then 'an exchange that is ' || q.state
            else 'no answer' end
from run as r
left join exchange as q on q.id = r.run_request_id and q.org_id = r.org_id
left join public.run_result as x on x.run_request_id = q.id and x.org_id = q.org_id
where r.state = 'in_progress' and r.is_fetched and (q.state is distinct from 'done' or x.run_request_id is null)

-- A run that was born done needs none.
union all
select 'a run that is done has an exchange that is done', 'run_queue', r.org_id, r.id, 'an exchange that is done',
       coalesce('an exchange that is ' || q.state, 'an exchange that does not exist')
from run as r
left join exchange as q on q.id = r.run_request_id and q.org_id = r.org_id
where r.state = 'done' and r.run_request_id >= (select since.id from since) and q.state is distinct from 'done'

-- Whoever claims holds its worker's row until the commit, and whoever releases the worker takes back all that it has claimed.
union all
select 'what is claimed has a worker that is not released', s.entity, s.org_id, s.id, 'a worker that is not released',
       case when s.worker_id is null then 'no worker'
            when w.id is null then 'an unknown worker'
            else 'a worker that was released' end
from stateful as s
left join public.worker as w on w.id = s.worker_id
where not s.is_over
  and (s.worker_id is not null and (w.id is null or w.released_at is not null)
       or s.worker_id is null and s.state = 'in_progress' and s.entity in ('run_request', 'delivery'))

union all
select 'nobody works on what is over, or on a run that is ready', s.entity, s.org_id, s.id, s.state || ' without a worker',
       'worker ' || s.worker_id
from stateful as s
where s.worker_id is not null and (s.is_over or s.entity = 'run_queue' and s.state = 'ready')

union all
select 'a run that waits has a time at which it goes on', 'run_queue', r.org_id, r.id, 'a due time', 'none'
from run as r
where r.state = 'waiting' and r.due_at is null

-- Deliveries. The last of a round that is taken makes the request delivered in the same transaction.
union all
select 'a request is delivered exactly when all deliveries of its round are', 'activity_request', r.org_id, r.id,
       case r.state when 'done' then 'delivered' else 'done' end,
       format('%s, %s of %s deliveries taken', r.state, coalesce(d.taken, 0), coalesce(d.total, 0))
from request as r
left join (
    select d.org_id, d.activity_request_id, d.round, count(*) as total, count(*) filter (where d.state = 'delivered') as taken
    from delivery as d
    group by d.org_id, d.activity_request_id, d.round
) as d on d.activity_request_id = r.id and d.org_id = r.org_id and d.round = r.round
where r.state in ('done', 'delivered') and (r.state = 'delivered') <> coalesce(d.taken = d.total, false)
$$;
comment on function etl_api.check_state_consistency(uuid) is
    'What contradicts what, of one organization or of all: the rule, the row, what should be there, what is. No row when all is well.';
grant execute on function etl_api.check_state_consistency(uuid) to weir_scheduler;

-- migrate:down

set local role weir_owner;
drop function etl_api.check_state_consistency(uuid);
