-- What contradicts what about states: nothing in a world that came about by allowed steps, and each difference that is planted there.
begin;
\ir fixtures/catalogue.sql
\ir fixtures/rows.sql
select no_plan();

select is_empty('select * from etl_api.check_state_consistency()', 'the fixtures agree with themselves');

-- A small world with everything in it that is allowed to be: one request of each kind, its runs and exchanges, named.
create temp table named (id uuid primary key default utils.uuid_v7(), name text unique);
create function pg_temp.id_of(p_name text) returns uuid language sql as $$ select id from named where name = p_name $$;
insert into named (name) values
    ('living worker'), ('released worker'),
    ('mixed workflow'), ('lost workflow'), ('going workflow'), ('stopped workflow'),
    ('partial'), ('delivered'), ('empty'), ('lost'), ('stopped'), ('going'), ('expanding'), ('again');
insert into public.worker (id, service, host, pid, ended_at, released_at)
select id, 'executor', 'localhost', 1, e.at, e.at
from named, lateral (select case name when 'released worker' then clock_timestamp() end as at) as e where name like '%worker';
insert into public.workflow_request (org_id, id, state) select :org_a, id, 'ready' from named where name like '%workflow';
insert into public.workflow_progress (org_id, workflow_request_id, expanded)
select :org_a, id, name <> 'going workflow' from named where name like '%workflow';
insert into public.activity_request (org_id, id, activity_id, state, content, workflow_request_id)
select :org_a, pg_temp.id_of(v.name), :activity_a, 'valid', '{}', pg_temp.id_of(v.workflow)
from (values ('partial', 'mixed workflow'), ('delivered', null), ('empty', null), ('lost', 'lost workflow'),
             ('stopped', 'stopped workflow'), ('going', 'going workflow'), ('expanding', null), ('again', null)) as v(name, workflow);
insert into public.request_progress (org_id, activity_request_id, objects_total, runs_planned)
select r.org_id, r.id, v.objects, v.objects
from (values ('partial', 2), ('delivered', 1), ('empty', 0), ('lost', 1), ('stopped', 5), ('going', 5), ('expanding', 2), ('again', 1))
         as v(name, objects)
join public.activity_request as r on r.id = pg_temp.id_of(v.name);
update public.activity_request as r set state = 'ready' from named as n where n.id = r.id;
update public.activity_request as r
set state = 'in_progress', attempt = 1, worker_id = case n.name when 'expanding' then pg_temp.id_of('living worker') end
from named as n where n.id = r.id;

-- Each run is named after what becomes of it.
insert into named (name)
select 'run ' || name from unnest(array[
    'done', 'failed', 'delivered', 'lost', 'before the stop', 'stopped', 'ready', 'waiting', 'executed', 'fetched', 'processed',
    'expanded', 'again']) as v(name);
insert into public.request_object (org_id, activity_request_id, position, object_id, name)
select :org_a, pg_temp.id_of(v.request), v.position, pg_temp.id_of('run ' || v.run), v.run
from (values ('done', 'partial', 0), ('failed', 'partial', 1), ('delivered', 'delivered', 0), ('lost', 'lost', 0),
             ('before the stop', 'stopped', 0), ('stopped', 'stopped', 1), ('ready', 'going', 0), ('waiting', 'going', 1),
             ('executed', 'going', 2), ('fetched', 'going', 3), ('processed', 'going', 4), ('expanded', 'expanding', 0),
             ('again', 'again', 0)) as v(run, request, position);
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select o.org_id, o.object_id, o.activity_request_id, :source_a, o.position, 'ready'
from public.request_object as o join named as n on n.id = o.activity_request_id;
update public.request_progress as p set objects_expanded = o.count, expanded = n.name <> 'expanding'
from named as n, lateral (select count(*) from public.request_object as o where o.activity_request_id = n.id) as o
where n.id = p.activity_request_id;

-- Claimed with an exchange each, except for two that nobody has claimed yet; that of 'again' comes later.
insert into named (name)
select 'exchange' || substring(name from 4) from named
where name like 'run %' and name not in ('run ready', 'run expanded', 'run stopped');
create function pg_temp.claim(p_runs text[]) returns void language sql as $$
    insert into public.run_request (org_id, id, source_id, run_ids, state, attempt, worker_id)
    select r.org_id, pg_temp.id_of('exchange ' || v.name), r.source_id, array[r.id], 'in_progress', 1, pg_temp.id_of('living worker')
    from unnest(p_runs) as v(name) join public.run_queue as r on r.id = pg_temp.id_of('run ' || v.name);
    update public.run_queue as r
    set state = 'in_progress', attempt = r.attempt + 1, worker_id = q.worker_id, run_request_id = q.id
    from unnest(p_runs) as v(name) join public.run_request as q on q.id = pg_temp.id_of('exchange ' || v.name)
    where r.id = any (q.run_ids);
$$;
create function pg_temp.answer(p_runs text[]) returns void language sql as $$
    update public.run_request as q set state = 'done', worker_id = null
    from unnest(p_runs) as v(name) where q.id = pg_temp.id_of('exchange ' || v.name);
    insert into public.run_result (org_id, run_request_id, status, body)
    select q.org_id, q.id, 200, '{}'
    from public.run_request as q join unnest(p_runs) as v(name) on q.id = pg_temp.id_of('exchange ' || v.name);
    update public.run_queue as r set state_substate = 'fetched', worker_id = null
    from unnest(p_runs) as v(name) where r.id = pg_temp.id_of('run ' || v.name);
$$;
create function pg_temp.process(p_runs text[]) returns void language sql as $$
    update public.run_queue as r set state = 'done', state_substate = null
    from unnest(p_runs) as v(name) where r.id = pg_temp.id_of('run ' || v.name);
$$;
create function pg_temp.fail(p_runs text[], p_state text) returns void language sql as $$
    update public.run_request as q set state = 'failed', worker_id = null
    from unnest(p_runs) as v(name) where q.id = pg_temp.id_of('exchange ' || v.name);
    update public.run_queue as r
    set state = p_state::public.run_queue_state, worker_id = null,
        due_at = case p_state when 'waiting' then clock_timestamp() + interval '1 hour' end
    from unnest(p_runs) as v(name) where r.id = pg_temp.id_of('run ' || v.name);
$$;
create function pg_temp.settle(p_request text, p_state text, p_substate text default null) returns void language sql as $$
    update public.activity_request set state = p_state::public.activity_request_state, state_substate = p_substate, worker_id = null
    where id = pg_temp.id_of(p_request)
$$;
select pg_temp.claim(array['done', 'failed', 'delivered', 'lost', 'before the stop', 'waiting', 'executed', 'fetched', 'processed',
                           'again']);
select pg_temp.answer(array['done', 'delivered', 'before the stop', 'fetched', 'processed', 'again']);
select pg_temp.process(array['done', 'delivered', 'before the stop', 'processed', 'again']);
select pg_temp.fail(array['failed', 'lost'], 'failed'), pg_temp.fail(array['waiting'], 'waiting');

-- One is stopped in the middle of its expansion; its open run goes with it.
update public.activity_request set stopping = 'cancelled' where id = pg_temp.id_of('stopped');
update public.run_queue set state = 'failed', state_substate = 'cancelled' where id = pg_temp.id_of('run stopped');
select pg_temp.settle('partial', 'done', 'partial'), pg_temp.settle('delivered', 'done'), pg_temp.settle('empty', 'done', 'empty'),
       pg_temp.settle('lost', 'failed'), pg_temp.settle('stopped', 'failed', 'cancelled'), pg_temp.settle('again', 'done');

-- One outcome was taken, one was not; one was taken in the first round and is posted again in the second, after its run was replayed.
insert into named (name) values ('delivery of partial'), ('delivery of delivered'), ('delivery of again'), ('second delivery of again');
create function pg_temp.post(p_request text, p_delivery text, p_round integer, p_outcome text) returns void language sql as $$
    insert into public.delivery (org_id, id, activity_request_id, webhook_endpoint_id, payload, round)
    select org_id, pg_temp.id_of(p_delivery), pg_temp.id_of(p_request), id, '{}', p_round
    from public.webhook_endpoint where org_id = 'a0000000-0000-7000-8000-000000000001';
    update public.delivery set state = 'in_progress', worker_id = pg_temp.id_of('living worker') where id = pg_temp.id_of(p_delivery);
    update public.delivery set state = p_outcome, worker_id = null
    where id = pg_temp.id_of(p_delivery) and p_outcome <> 'in_progress';
$$;
select pg_temp.post('partial', 'delivery of partial', 1, 'failed'),
       pg_temp.post('delivered', 'delivery of delivered', 1, 'delivered'), pg_temp.settle('delivered', 'delivered'),
       pg_temp.post('again', 'delivery of again', 1, 'delivered'), pg_temp.settle('again', 'delivered');
update public.activity_request set state = 'in_progress', round = 2 where id = pg_temp.id_of('again');
update public.run_queue set state = 'in_progress', state_substate = 'fetched' where id = pg_temp.id_of('run again');
select pg_temp.process(array['again']), pg_temp.settle('again', 'done'),
       pg_temp.post('again', 'second delivery of again', 2, 'in_progress');

-- The differences, with names: `rule: row: expected / found`.
create function pg_temp.differences() returns text[] language sql as $$
    select coalesce(array_agg(line order by line), '{}')
    from (
        select format('%s: %s: %s / %s', c.rule, coalesce(n.name, c.entity || ' ' || c.id), c.expected, c.found) as line
        from etl_api.check_state_consistency() as c left join named as n on n.id = c.id
    ) as l
$$;
select is(pg_temp.differences(), '{}', 'a world that came about by allowed steps agrees with itself');
select bag_eq(
    $$select 'activity_request', r.state::text, count(*) from public.activity_request as r join named using (id) group by 2
      union all select 'workflow_request', r.state::text, count(*) from public.workflow_request as r join named using (id) group by 2
      union all select 'run_queue', r.state::text, count(*) from public.run_queue as r join named using (id) group by 2$$,
    $$values ('activity_request', 'in_progress', 2::bigint), ('activity_request', 'done', 3), ('activity_request', 'delivered', 1),
             ('activity_request', 'failed', 2), ('workflow_request', 'in_progress', 1), ('workflow_request', 'done', 1),
             ('workflow_request', 'failed', 2), ('run_queue', 'ready', 2), ('run_queue', 'waiting', 1), ('run_queue', 'in_progress', 2),
             ('run_queue', 'done', 5), ('run_queue', 'failed', 3)$$, 'it holds what it is meant to hold');

-- finds(TITLE, PLANT, DIFFERENCES): after the plant these are found, and nothing else. It is taken back.
create function pg_temp.differences_after(p_plant text) returns text[] language plpgsql as $$
declare
    differences text[];
    planted integer;
begin
    begin
        execute p_plant;
        get diagnostics planted = row_count;
        if planted = 0 then raise 'nothing was planted by %', p_plant; end if;
        differences := pg_temp.differences();
        raise 'undo' using errcode = 'UNDOO';
    exception when sqlstate 'UNDOO' then
        return differences;
    end;
end
$$;
create function pg_temp.finds(p_title text, p_plant text, variadic p_differences text[]) returns text language sql as $$
    select is(pg_temp.differences_after(p_plant), array(select d from unnest(p_differences) as d order by d), p_title)
$$;
create function pg_temp.finds_nothing(p_title text, p_plant text) returns text language sql as $$
    select is(pg_temp.differences_after(p_plant), '{}', p_title)
$$;
-- By a step that is allowed by itself, so that history and counters know of it.
create function pg_temp.step(p_table text, p_name text, p_set text) returns text language sql as $$
    select format('update public.%I set %s where %I = pg_temp.id_of(%L)', p_table, p_set,
                  case p_table when 'request_progress' then 'activity_request_id' when 'workflow_progress' then 'workflow_request_id'
                               when 'state_history' then 'entity_id' else 'id' end, p_name)
$$;
-- Without any trigger.
create function pg_temp.hidden(p_statement text) returns text language sql as $$
    select 'set local session_replication_role = replica; ' || p_statement
$$;
create function pg_temp.hidden(p_table text, p_name text, p_set text) returns text language sql as $$
    select pg_temp.hidden(pg_temp.step(p_table, p_name, p_set))
$$;

-- Counters.
select pg_temp.finds('a counter of a request is one too high: ' || c.name,
    pg_temp.hidden('request_progress', 'going', format('%1$I = %1$I + 1', c.name)),
    format('the counters of a request equal its runs: going: %1$s %2$s / %1$s %3$s', c.name, c.value, c.value + 1))
from (values ('runs_total', 5), ('runs_done', 1), ('runs_failed', 0), ('runs_invalid', 0), ('runs_timedout', 0)) as c(name, value);
select pg_temp.finds('runs without counters',
    pg_temp.hidden('delete from public.request_progress where activity_request_id = pg_temp.id_of(''going'')'),
    'a request in progress has counters: going: counters / none',
    'the counters of a request equal its runs: going: runs_total 5 / runs_total missing',
    'the counters of a request equal its runs: going: runs_done 1 / runs_done missing');
select pg_temp.finds('a run is gone', 'delete from public.run_queue where id = pg_temp.id_of(''run ready'')',
    'the counters of a request equal its runs: going: runs_total 4 / runs_total 5');
select pg_temp.finds('a counter of a workflow request is one too high: ' || c.name,
    pg_temp.hidden('workflow_progress', 'going workflow', format('%1$I = %1$I + 1', c.name)),
    format('the counters of a workflow request equal its activity requests: going workflow: %1$s %2$s / %1$s %3$s',
           c.name, c.value, c.value + 1))
from (values ('requests_total', 1), ('requests_done', 0), ('requests_failed', 0), ('requests_invalid', 0), ('requests_timedout', 0))
         as c(name, value);

-- Expansion.
select pg_temp.finds('an object is counted twice', pg_temp.step('request_progress', 'expanding', 'objects_expanded = 2'),
    'a request has expanded as many objects as it has rows for: expanding: 1 objects / 2 objects');
select pg_temp.finds('an expansion has ended too early', pg_temp.step('request_progress', 'expanding', 'expanded = true'),
    'a request is expanded when it has all of its objects: expanding: 2 objects / 1 objects');

-- Outcomes. Each path is allowed, and workflow requests follow.
create function pg_temp.path(p_table text, p_name text, variadic p_states text[]) returns text language sql as $$
    select string_agg(
        pg_temp.step(p_table, p_name, format('state = %L, state_substate = %s', split_part(state, ' ', 1),
                                             quote_nullable(nullif(split_part(state, ' ', 2), '')))), ';' order by place)
    from unnest(p_states) with ordinality as s(state, place)
$$;
select pg_temp.finds('a request is over before its runs are', pg_temp.path('activity_request', 'going', 'failed'),
    'a request is over only when all of its runs are: going: in_progress / failed, open runs: 4');
select pg_temp.finds('a request is done before it is expanded', pg_temp.step('request_progress', 'empty', 'expanded = false'),
    'a request is over only when all of its runs are: empty: in_progress / done, not expanded',
    'the outcome of a request follows from its runs: empty: failed / done empty');
select pg_temp.finds('some runs failed, but it is not partial', pg_temp.path('activity_request', 'partial', 'in_progress', 'done'),
    'the outcome of a request follows from its runs: partial: done partial / done');
select pg_temp.finds('all runs succeeded, but it is partial', pg_temp.path('activity_request', 'again', 'in_progress', 'done partial'),
    'the outcome of a request follows from its runs: again: done / done partial');
select pg_temp.finds('there are no runs, but it is not empty', pg_temp.path('activity_request', 'empty', 'in_progress', 'done'),
    'the outcome of a request follows from its runs: empty: done empty / done');
select pg_temp.finds('no run succeeded, but it is done', pg_temp.path('activity_request', 'lost', 'ready', 'in_progress', 'done partial'),
    'the outcome of a request follows from its runs: lost: failed / done partial');
select pg_temp.finds('a run succeeded, but it ' || state, pg_temp.path('activity_request', 'partial', 'in_progress', state),
    'the outcome of a request follows from its runs: partial: done partial / ' || state)
from unnest(array['failed', 'timedout']) as state;
select pg_temp.finds('a run succeeded, it failed, and nobody stopped it', pg_temp.step('activity_request', 'stopped', 'stopping = null'),
    'a request is expanded when it has all of its objects: stopped: 5 objects / 2 objects',
    'the outcome of a request follows from its runs: stopped: done partial / failed cancelled');
select pg_temp.finds('the run of a delivered request failed after all',
    pg_temp.path('run_queue', 'run delivered', 'in_progress', 'failed'),
    'the outcome of a request follows from its runs: delivered: failed / delivered');
select pg_temp.finds('one that was stopped in the middle of its expansion is not done as a whole',
    pg_temp.path('activity_request', 'stopped', 'ready', 'in_progress', 'done') || ';'
    || pg_temp.step('request_progress', 'stopped', 'expanded = false'),
    'the outcome of a request follows from its runs: stopped: done partial / done');
select pg_temp.finds_nothing('one that was stopped may be done with less',
    pg_temp.path('activity_request', 'stopped', 'ready', 'in_progress', 'done partial') || ';'
    || pg_temp.step('request_progress', 'stopped', 'expanded = false'));

select pg_temp.finds('a workflow request is over before its requests are', pg_temp.path('workflow_request', 'going workflow', 'failed'),
    'a workflow request is over only when all of its activity requests are: going workflow: in_progress / failed, open requests: 1');
select pg_temp.finds('a workflow request is done before it is expanded',
    pg_temp.step('workflow_progress', 'mixed workflow', 'expanded = false'),
    'a workflow request is over only when all of its activity requests are: mixed workflow: in_progress / done, not expanded');
select pg_temp.finds('the outcome of a workflow request is not ' || v.state,
    pg_temp.path('workflow_request', v.name, variadic v.path),
    format('the outcome of a workflow request follows from its activity requests: %s: %s / %s', v.name, v.expected, v.state))
from (values
    -- Its request is done, but in part.
    ('mixed workflow', array['in_progress', 'done'], 'done partial', 'done'),
    ('mixed workflow', array['in_progress', 'failed'], 'done partial', 'failed'),
    ('lost workflow', array['ready', 'in_progress', 'done partial'], 'failed', 'done partial'),
    ('lost workflow', array['ready', 'in_progress', 'timedout'], 'failed', 'timedout')
) as v(name, path, expected, state);
select pg_temp.finds_nothing('a workflow request may be stopped before its end, whatever has succeeded',
    pg_temp.path('workflow_request', 'mixed workflow', 'in_progress', 'failed cancelled'));
select pg_temp.finds_nothing('or time out before all is planned',
    pg_temp.path('workflow_request', 'lost workflow', 'ready', 'in_progress', 'timedout') || ';'
    || pg_temp.step('workflow_progress', 'lost workflow', 'expanded = false'));

-- History.
select pg_temp.finds('a state that its history does not know of', pg_temp.hidden('run_queue', 'run waiting', 'state = ''invalid'''),
    'the counters of a request equal its runs: going: runs_invalid 1 / runs_invalid 0',
    'the history of a row ends in its state: run waiting: invalid / waiting');
select pg_temp.finds(v.name || ' has no history', format('delete from public.state_history where entity_id = pg_temp.id_of(%L)', v.name),
    format('the history of a row ends in its state: %s: %s / no history', v.name, v.state))
from (values ('going workflow', 'in_progress'), ('going', 'in_progress'), ('run ready', 'ready'), ('exchange executed', 'in_progress'))
         as v(name, state);
select pg_temp.finds('an entry is gone from the middle of ' || v.name,
    format('delete from public.state_history where entity_id = pg_temp.id_of(%L) and from_state = %L', v.name, v.gone),
    format('each change in a history begins where the one before it ended: %s: from %s / from %s', v.name, v.before, v.after))
from (values ('mixed workflow', 'ready', 'ready', 'in_progress'), ('going', 'valid', 'valid', 'ready'),
             ('run waiting', 'ready', 'ready', 'in_progress')) as v(name, gone, before, after);
select pg_temp.finds('the first entry is gone',
    'delete from public.state_history where entity_id = pg_temp.id_of(''exchange failed'') and from_state is null',
    'each change in a history begins where the one before it ended: exchange failed: the first entry / from in_progress');
select pg_temp.finds('there are two first entries',
    pg_temp.step('state_history', 'run waiting', 'from_state = null') || ' and from_state = ''in_progress''',
    'each change in a history begins where the one before it ended: run waiting: from in_progress / another first entry');
select pg_temp.finds('a step was not allowed',
    pg_temp.step('state_history', 'exchange failed', $$
        from_state = case when from_state is not null then 'done' end,
        to_state = case when from_state is null then 'done' else to_state end$$),
    'each change in a history is an allowed transition: exchange failed: nothing follows done / it went to failed');
select pg_temp.finds_nothing('the sequence of another session may be ahead of time',
    pg_temp.step('state_history', 'run waiting', 'sequence = default') || ' and from_state is null');

-- Runs, and the exchanges that serve them.
select pg_temp.finds('a run is executed by ' || v.found, v.plant,
    'a run in progress is served by an exchange in progress: run executed: an exchange in progress that lists the run / ' || v.found)
from (values
    ('no exchange', pg_temp.step('run_queue', 'run executed', 'run_request_id = null')),
    ('an exchange that does not exist', 'delete from public.run_request where id = pg_temp.id_of(''exchange executed'')'),
    ('an exchange that is failed', pg_temp.step('run_request', 'exchange executed', 'state = ''failed'', worker_id = null')),
    ('an exchange that does not list the run', pg_temp.step('run_request', 'exchange executed', 'run_ids = ''{}'''))
) as v(found, plant);
select pg_temp.finds('a fetched run has ' || v.found, v.plant,
    'a fetched run has an exchange that is done, and its answer: run fetched: an answer of an exchange that is done / ' || v.found)
from (values
    ('no exchange', pg_temp.step('run_queue', 'run fetched', 'run_request_id = null')),
    ('an exchange that does not exist', pg_temp.step('run_queue', 'run fetched', 'run_request_id = utils.uuid_v7()')),
    ('an exchange that is failed', pg_temp.step('run_queue', 'run fetched', 'run_request_id = pg_temp.id_of(''exchange lost'')')),
    ('no answer', 'delete from public.run_result where run_request_id = pg_temp.id_of(''exchange fetched'')')
) as v(found, plant);
select pg_temp.finds('a run that is done has ' || v.found, pg_temp.step('run_queue', 'run done', 'run_request_id = ' || v.exchange),
    'a run that is done has an exchange that is done: run done: an exchange that is done / ' || v.found)
from (values ('an exchange that does not exist', 'utils.uuid_v7()'),
             ('an exchange that is failed', 'pg_temp.id_of(''exchange failed'')')) as v(found, exchange);
select pg_temp.finds_nothing('a run that was born done needs no exchange',
    pg_temp.step('run_queue', 'run done', 'run_request_id = null'));

-- Workers.
select pg_temp.finds(t.name || ' is claimed by ' || w.found, pg_temp.step(t.entity, t.name, 'worker_id = ' || w.worker),
    format('what is claimed has a worker that is not released: %s: a worker that is not released / %s', t.name, w.found))
from (values ('workflow_request', 'going workflow', false), ('activity_request', 'expanding', false), ('run_queue', 'run executed', false),
             ('run_request', 'exchange executed', true), ('delivery', 'second delivery of again', true)) as t(entity, name, needs_one)
join (values ('an unknown worker', 'utils.uuid_v7()', false),
             ('a worker that was released', 'pg_temp.id_of(''released worker'')', false), ('no worker', 'null', true)) as w(found, worker, is_none) on t.needs_one or not w.is_none;
select pg_temp.finds(format('a %s works on %s', w.name, v.name), pg_temp.step(v.entity, v.name, format('worker_id = %L', w.id)),
    format('nobody works on what is over, or on a run that is ready: %s: %s without a worker / worker %s', v.name, v.state, w.id))
from (values ('workflow_request', 'lost workflow', 'failed'), ('activity_request', 'delivered', 'delivered'),
             ('run_queue', 'run done', 'done'), ('run_queue', 'run failed', 'failed'), ('run_queue', 'run ready', 'ready'), ('run_request', 'exchange failed', 'failed'),
             ('delivery', 'delivery of partial', 'failed')) as v(entity, name, state)
join named as w on w.name = 'living worker' or w.name = 'released worker' and v.state <> 'ready';
select pg_temp.finds('a run waits for ever', pg_temp.step('run_queue', 'run waiting', 'due_at = null'),
    'a run that waits has a time at which it goes on: run waiting: a due time / none');

-- Deliveries.
select pg_temp.finds(v.title, v.plant, 'a request is delivered exactly when all deliveries of its round are: ' || v.difference)
from (values
    ('a delivered request was not taken', pg_temp.step('delivery', 'delivery of delivered', 'state = ''failed'''),
     'delivered: done / delivered, 0 of 1 deliveries taken'),
    ('a delivered request was taken in another round', pg_temp.step('activity_request', 'delivered', 'round = 2'),
     'delivered: done / delivered, 0 of 0 deliveries taken'),
    ('a request was taken and is only done',
     pg_temp.step('delivery', 'second delivery of again', 'state = ''delivered'', worker_id = null'),
     'again: delivered / done, 1 of 1 deliveries taken')
) as v(title, plant, difference);

-- Jobs, permits and what was found.
insert into named (name) values ('run of a job'), ('exchange of a job'), ('shared limit'), ('found');
insert into public.request_object (org_id, activity_request_id, position, object_id, name)
values (:org_a, pg_temp.id_of('expanding'), 1, pg_temp.id_of('run of a job'), 'job');
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
values (:org_a, pg_temp.id_of('run of a job'), pg_temp.id_of('expanding'), :source_a, 1, 'ready');
update public.request_progress set objects_expanded = 2 where activity_request_id = pg_temp.id_of('expanding');
select pg_temp.claim(array['of a job']);
insert into public.external_job (org_id, run_request_id, source_id, phase, external_id)
values (:org_a, pg_temp.id_of('exchange of a job'), :source_a, 'polling', 'job-2');
update public.run_request set state = 'waiting', state_substate = 'external_job', worker_id = null where id = pg_temp.id_of('exchange of a job');
update public.run_queue set state = 'waiting', state_substate = 'external_job', worker_id = null, due_at = 'infinity'
where id = pg_temp.id_of('run of a job');
-- With the one of the fixtures, at the limit of a source that declares none; that of a worker that has ended does not count.
insert into public.call_permit (org_id, source_id, worker_id, slots, wanted)
values (:org_a, :source_a, pg_temp.id_of('living worker'), 15, 20), (:org_a, :source_a, pg_temp.id_of('released worker'), 9, 9);
insert into public.rate_group (id, key, concurrency) values (pg_temp.id_of('shared limit'), 'pgtap_shared', 15);
insert into public.object_finding (org_id, activity_request_id, object_id, run_id, source_id)
values (:org_a, pg_temp.id_of('expanding'), pg_temp.id_of('run of a job'), pg_temp.id_of('run expanded'), :source_a);
select is(pg_temp.differences(), '{}', 'a job that is waited for, permits at their limit and what was found agree with everything');
select pg_temp.finds(title, plant, difference) from (values
    ('a job is gone', 'delete from public.external_job where run_request_id = pg_temp.id_of(''exchange of a job'')',
     'a run that waits for a job has an exchange that waits, and the job: run of a job: an exchange that waits, and its job / no job'),
    ('an exchange does not wait', pg_temp.step('run_request', 'exchange of a job', 'state = ''timedout'''),
     'a run that waits for a job has an exchange that waits, and the job: run of a job: an exchange that waits, and its job / an exchange that is timedout'),
    ('a run waits for the job of no exchange', pg_temp.step('run_queue', 'run of a job', 'run_request_id = null'),
     'a run that waits for a job has an exchange that waits, and the job: run of a job: an exchange that waits, and its job / no exchange'),
    ('a job is another source''s',
     'update public.external_job set source_id = utils.uuid_v7() where run_request_id = pg_temp.id_of(''exchange of a job'')',
     'a job belongs to an exchange: exchange of a job: an exchange of its source / an exchange of another source'),
    ('a job has no exchange',
     'insert into public.external_job (org_id, run_request_id, source_id, phase) select org_id, pg_temp.id_of(''found''), source_id, ''submitting'' from public.external_job limit 1',
     'a job belongs to an exchange: found: an exchange of its source / an exchange that does not exist'),
    ('a source has a permit too many', 'update public.call_permit set slots = 16 where worker_id = pg_temp.id_of(''living worker'')',
     'the permits of a source are within its limit: source a0000000-0000-7000-8000-000000000003: at most 16 calls / 17 calls'),
    ('its own limit counts', format('update public.source set setup = ''{"concurrency": 15}'' where id = %L', :source_a),
     'the permits of a source are within its limit: source a0000000-0000-7000-8000-000000000003: at most 15 calls / 16 calls'),
    ('a group has a permit too many', 'update public.call_permit set rate_group_id = pg_temp.id_of(''shared limit'')',
     'the permits of a rate group are within its limit: shared limit: at most 15 calls / 16 calls'),
    ('what was found is none of the request''s objects',
     'update public.object_finding set object_id = pg_temp.id_of(''found''), activity_request_id = pg_temp.id_of(''delivered'')
      where activity_request_id = pg_temp.id_of(''expanding'')',
     format('an object that was found is one of its request''s: delivered: object %s among its objects / run %s has found it',
            pg_temp.id_of('found'), pg_temp.id_of('run expanded')))
) as v(title, plant, difference);
select pg_temp.finds_nothing('what was found has no place while its request is open',
    'update public.object_finding set object_id = pg_temp.id_of(''found'') where activity_request_id = pg_temp.id_of(''expanding'')');
select pg_temp.finds_nothing('a job of a week that is gone is not asked for its exchange',
    'insert into public.external_job (org_id, run_request_id, source_id, phase) select org_id, utils.uuid_v7_floor(''2020-01-01''), source_id, ''submitting'' from public.external_job limit 1');

-- Several at once, of one organization or of all, for the scheduler too.
update public.run_queue set worker_id = pg_temp.id_of('living worker') where id = pg_temp.id_of('run ready');
update public.activity_request set worker_id = utils.uuid_v7() where id = :request_b;
set local role weir_scheduler;
select is(count(*), 2::bigint, 'the scheduler finds the differences of all organizations') from etl_api.check_state_consistency();
select results_eq(format('select id from etl_api.check_state_consistency(%L)', :org_b), format('values (%L::uuid)', :request_b),
                  'and those of one');
reset role;
update public.activity_request set worker_id = null where id = :request_b;
update public.run_queue set worker_id = null where id = pg_temp.id_of('run ready');

-- What became of a week is not asked any more once its partitions are gone. Of this request one run is gone with them, one is left.
select is(etl_api.ensure_partitions('2024-01-01 12:00:00+00', '7 days'), 12, 'two old weeks of six tables');
insert into named values (utils.uuid_v7_floor('2024-01-07 23:59:59+00'), 'old');
insert into public.activity_request (org_id, id, activity_id, state, content)
values (:org_a, pg_temp.id_of('old'), :activity_a, 'in_progress', '{}');
insert into public.request_progress (org_id, activity_request_id, objects_total, objects_expanded, expanded)
values (:org_a, pg_temp.id_of('old'), 2, 2, true);
insert into public.request_object (org_id, activity_request_id, position, object_id, name)
select :org_a, pg_temp.id_of('old'), k, utils.uuid_v7(), k from generate_series(0, 1) as k;
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select :org_a, utils.uuid_v7_floor(at), pg_temp.id_of('old'), :source_a, 0, 'failed'
from (values ('2024-01-07 23:59:59.5+00'::timestamptz), ('2024-01-08 00:00:00+00')) as v(at);
update public.activity_request set state = 'failed' where id = pg_temp.id_of('old');
select is(pg_temp.differences(), '{}', 'a request of old weeks agrees with itself');
select pg_temp.finds('and is checked', pg_temp.hidden('request_progress', 'old', 'runs_total = 3'),
    'the counters of a request equal its runs: old: runs_total 2 / runs_total 3',
    'a request is over only when all of its runs are: old: in_progress / failed, open runs: 1');
drop table public.state_history_2024w01;
select is(pg_temp.differences(), '{}', 'nothing is missed when the history of a week is gone');
drop table public.run_queue_2024w01, public.run_request_2024w01, public.run_result_2024w01, public.run_log_2024w01;
select is(pg_temp.differences(), '{}', 'nothing is missed when a week is gone');

select * from finish();
rollback;
