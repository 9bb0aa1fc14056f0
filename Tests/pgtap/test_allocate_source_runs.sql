-- etl_api.allocate_source_runs: exchanges that are formed by SQL and wait for an executor.
begin;
\ir fixtures/activities.sql
select no_plan();

create function pg_temp.exchanges(p_source uuid) returns table (state text, substate text, runs integer, requests integer, worker uuid) language sql as $$
    select q.state::text, q.state_substate, cardinality(q.run_ids),
           (select count(distinct r.activity_request_id)::integer from public.run_queue as r
            where r.id = any (q.run_ids) and r.run_request_id = q.id and r.state = 'in_progress'), q.worker_id
    from public.run_request as q where q.source_id = p_source order by q.id
$$;

-- As the specification calls it.
select etl_api.create_run(pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example", "c.example"]}')) \g /dev/null
select ok(etl_api.allocate_source_runs(:registry, 'test_template', 5, '{"test": true}') >= 0,
          'allocate_source_runs should return non-negative count');
select is(etl_api.allocate_source_runs(:registry, 'test_template', 0, '{"test": true}'), 0,
          'allocate_source_runs should return 0 when no slots available');
select throws_ok('select etl_api.allocate_source_runs(''invalid-uuid'', ''template'', 5, ''{}'')', '22P02', null,
                 'Should throw error for invalid source_id');

-- What came of it.
select results_eq(format('select * from pg_temp.exchanges(%L)', :registry),
                  $$select 'ready', 'prepared', 1, 1, null::uuid from generate_series(1, 3)$$, 'an exchange for each run of a source that is asked about one');
select bag_eq(format('select r.object, r.state, r.substate from public.activity_request as q cross join lateral pg_temp.runs(q.id) as r
                      where q.org_id = %L', :org),
              $$values ('a.example', 'in_progress', 'prepared'), ('b.example', 'in_progress', 'prepared'), ('c.example', 'in_progress', 'prepared')$$,
              'each run is bound to its own');
select is(sum(attempt), 3::bigint, 'which counts as an attempt') from public.run_queue where org_id = :org;
select is(etl_api.allocate_source_runs(:registry), 0, 'when nothing is ready there is nothing to form');
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select is(sum(rows), 3::numeric, 'the runs are counted as open work') from etl_api.open_state_counts
where org_id = :org and entity = 'run_queue' and state = 'in_progress';

-- Bounds.
select throws_ok(format('select etl_api.allocate_source_runs(%L, null, %s)', :registry, v.slots), '22023',
                 'slots is ' || v.slots || '; it must be 0 or more, the number of exchanges that may be formed', 'slots: ' || v.slots)
from (values ('-1'), ('null')) as v(slots);
select throws_ok('select etl_api.allocate_source_runs(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no source c0000000-0000-7000-8000-00000000dead', 'a source that there is not');
select throws_ok('select etl_api.allocate_source_runs(null)', 'P0002', 'there is no source null', 'no source');
select etl_api.create_run(pg_temp.ask(:enrich, jsonb_build_object('objects', (select jsonb_agg('n' || k) from generate_series(1, 40) as k)))) \g /dev/null
select is(etl_api.allocate_source_runs(:registry, p_slots => 2), 2, 'no more exchanges than slots');
select is(etl_api.allocate_source_runs(:registry, p_slots => 1000), 11, 'and no more than the source may be called at once, those that wait included');
select is(etl_api.allocate_source_runs(:registry), 0, 'until executors have taken some');
update public.run_request set state = 'in_progress', worker_id = :worker, attempt = 1
where id in (select id from public.run_request where source_id = :registry and state = 'ready' order by id limit 4);
select is(etl_api.allocate_source_runs(:registry), 4, 'then there is room for as many');
select results_eq(
    format('select o.original_object_value_name from public.run_queue as r join public.object as o on o.id = r.object_id
            where r.source_id = %L and r.state = ''ready'' order by r.id', :registry),
    'select (''n'' || k) collate "C" from generate_series(18, 40) as k', 'the oldest runs come first');
update public.source set setup = '{"concurrency": 64, "rate": {"calls": 18, "per_seconds": 1}}' where id = :registry;
select is(etl_api.allocate_source_runs(:registry, p_slots => 100), 2, 'no more than its rate lets begin');
update public.source set setup = '{"concurrency": 64}', paused_until = clock_timestamp() + interval '1 minute' where id = :registry;
select is(etl_api.allocate_source_runs(:registry), 0, 'nothing of a source that is paused');
update public.source set paused_until = clock_timestamp() - interval '1 minute' where id = :registry;
select is(etl_api.allocate_source_runs(:registry, p_slots => 3), 3, 'until its pause is over');

-- Several runs in an exchange: of one request where the templates speak of the request, else of any.
select etl_api.create_run(pg_temp.ask(:qualify, jsonb_build_object(
    'objects', (select jsonb_agg(format('q%s.%s', k, n)) from generate_series(1, v.runs) as k), 'input', jsonb_build_object('query', n))))
from (values ('one', 12), ('two', 5)) as v(n, runs) \g /dev/null
select is(etl_api.allocate_source_runs(:directory, p_slots => 2), 12, 'two exchanges of ten at the most, of one request');
select is(etl_api.allocate_source_runs(:directory), 5, 'those of the other apart');
select results_eq(format('select runs, requests from pg_temp.exchanges(%L) order by runs', :directory), 'values (2, 1), (5, 1), (10, 1)',
                  'so that each serves one request');
update public.source set run_request_template = '{"url": "/search", "query": {"q": "<<$objects>>", "key": "<<$secret.KEY|default:none>>"}}'
where id = :directory;
select etl_api.create_run(pg_temp.ask(:qualify, jsonb_build_object('objects', jsonb_build_array('r' || k, 's' || k))))
from generate_series(1, 3) as k \g /dev/null
select is(etl_api.allocate_source_runs(:directory, p_slots => 1), 6, 'one exchange for all');
select ok(exists (select from pg_temp.exchanges(:directory) where runs = 6 and requests = 3), 'of three requests');
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org)
where rule <> 'what is claimed has a worker that is not released';

-- Sources that share a limit take turns: each has its part of it.
insert into public.rate_group (id, key, concurrency) values ('c0000000-0000-7000-8000-0000000000e1', 'shared', 8);
create temp table shared_source as
select ('c0000000-0000-7000-8000-0000000001' || lpad(k::text, 2, '0'))::uuid as id, k from generate_series(1, 3) as k;
insert into public.source (owner_org_id, id, key, name, run_request_template, rate_group_id)
select :org, s.id, 'shared ' || s.k, 'Shared', '{}', 'c0000000-0000-7000-8000-0000000000e1' from shared_source as s;
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
select :org, (select min(id::text)::uuid from public.activity_request where org_id = :org), s.id, 100 + n, 'ready'
from shared_source as s cross join generate_series(1, 20) as n where s.k < 3;
select is(etl_api.allocate_source_runs(s.id), 4, 'half of a group''s calls for each of two sources that have work') from shared_source as s where s.k < 3;

-- Who may call it.
set local role service_role;
select is(etl_api.allocate_source_runs(:registry, p_slots => 1), 1, 'service_role may allocate');
reset role;
select throws_ok(format('set local role %I; select etl_api.allocate_source_runs(%L)', r, :registry), '42501', null, r || ' may not')
from unnest(array['anon', 'authenticated', 'weir_executor']) as r;

select * from finish();
rollback;
