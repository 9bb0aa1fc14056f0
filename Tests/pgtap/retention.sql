-- Old weeks of work are dropped together, oldest first, up to the first with a request that is not over.
begin;
\ir fixtures/catalogue.sql
select no_plan();

-- Weeks long ago, each with a run of a request that was made then.
select etl_api.ensure_partitions('2025-01-06 00:00:00+00', interval '20 days');
create temp table made (week int, id uuid);
insert into made select k, utils.uuid_v7_floor('2025-01-07 00:00:00+00'::timestamptz + k * interval '7 days') from generate_series(0, 2) as k;
insert into public.activity_request (org_id, id, activity_id, state, content)
select :org_a, id, :activity_a, case week when 2 then 'in_progress' else 'delivered' end::public.activity_request_state, '{}' from made;
insert into public.request_progress (org_id, activity_request_id) select :org_a, id from made;
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select :org_a, id, id, :source_a, 0, 'done' from made;
insert into public.conversion_failure (org_id, run_id, place, source_id, activity_request_id, path, found, reason)
select :org_a, id, 1, :source_a, id, '$.size', 'many', 'the text ''many'' where a number is expected' from made;
insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value)
select :org_a, id, utils.uuid_v7(), utils.uuid_v7(), :source_a, id, '1' from made;
create function pg_temp.weeks() returns setof text language sql as $$
    select relname::text from pg_class where relname ~ '_2025w\d\d$' and relkind = 'r'
$$;

select is((select count(*) from pg_temp.weeks()), 18::bigint, 'three weeks of six tables');
select is(etl_api.drop_partitions('2025-01-12 00:00:00+00'), '{}'::text[], 'a week that has not ended stays');
select set_eq(
    $$select unnest(etl_api.drop_partitions('2025-01-13 00:00:00+00'))$$,
    array['run_log_2025w02', 'run_result_2025w02', 'run_request_2025w02', 'state_history_2025w02', 'conversion_failure_2025w02', 'run_queue_2025w02'],
    'what belongs to a week goes together, as soon as it has ended');
select is((select array_agg(week order by week) from made join public.run_queue using (id)), array[1, 2], 'its runs are gone');
select is((select array_agg(m.week order by m.week) from made as m join public.conversion_failure as f on f.run_id = m.id), array[1, 2],
          'and what they could not convert');
select is((select count(*) from made as m join public.value as v on v.run_id = m.id), 3::bigint, 'what they have found stays');
select is((select count(*) from public.activity_request join made using (id)), 3::bigint, 'requests stay');
select is(cardinality(etl_api.drop_partitions('2026-01-01 00:00:00+00')), 6, 'the next week goes, that of an open request stays');
select is((select array_agg(week) from made join public.run_queue using (id)), array[2], 'and so do its runs');
select is(etl_api.drop_partitions('2026-01-01 00:00:00+00'), '{}'::text[], 'until it is over');

set local role weir_scheduler;
select lives_ok($$select etl_api.drop_partitions('2025-01-01 00:00:00+00')$$, 'the scheduler may do it');
set local role weir_executor;
select throws_ok($$select etl_api.drop_partitions('2025-01-01 00:00:00+00')$$, '42501', null, 'an executor may not');
reset role;

select * from finish();
rollback;
