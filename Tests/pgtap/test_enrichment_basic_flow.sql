-- An enrichment of one object by SQL alone: request, run, answer, values, result.
begin;
\ir fixtures/activities.sql
select no_plan();

select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 1, 'the request comes to a run');
select is(etl_api.process_run_results_for_source(:registry), 0, 'without an answer there is nothing to map');
select pg_temp.answer(:'request', :registry, '{"name": {"official": "Acme Inc."}, "staff": 12, "listed": false, "address": {"city": "Rome"}}') as exchange \gset
select is(etl_api.process_run_results_for_source(:registry), 1, 'its answer is mapped');
select results_eq(format('select * from pg_temp.runs(%L)', :'request'), $$values ('registry', 'a.example', 'done', null::text)$$, 'the run is done');
select is(etl_api.reconstruct_values_to_activity_request(:'request'),
          '[{"object": "a.example", "values": {"legal_name": "Acme Inc.", "employees": 12, "listed": false, "address": {"city": "Rome"}, "city": "Rome"}}]',
          'the result');
select is(etl_api.reconstruct_values_to_activity_request(:'request', p_provenance => true),
          jsonb_set(etl_api.reconstruct_values_to_activity_request(:'request'), '{0,provenance}', (
              select jsonb_object_agg(k.key, jsonb_build_object('source', 'registry', 'run', r.id,
                         'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
              from public.run_queue as r, unnest(array['legal_name', 'employees', 'listed', 'address', 'city']) as k(key)
              where r.activity_request_id = :'request')),
          'with the source, the run and the time of each value, when that is asked for');
select is(array[runs_total, runs_done], array[1, 1], 'all runs are counted as done') from public.request_progress where activity_request_id = :'request';
select is(value_bytes, 11 + 2 + 5 + 16 + 6, 'the run knows how large its values are') from public.run_queue where activity_request_id = :'request';
select is(etl_api.process_run_results_for_source(:registry), 0, 'mapped once, it is not mapped again');
select is(v.source_id = :registry and v.run_id = r.id and v.activity_request_id = :'request' and v.org_id = :org, true,
          'each value carries its source, run and request')
from public.value as v join public.run_queue as r on r.activity_request_id = v.activity_request_id;
select results_eq(
    format('select h.from_state, h.to_state, h.substate from public.state_history as h join public.run_queue as r on r.id = h.entity_id
            where r.activity_request_id = %L order by h.sequence', :'request'),
    $$values (null, 'ready', null), ('ready', 'in_progress', null), ('in_progress', 'done', null)$$, 'the run has gone its way');

select pg_temp.ask(:enrich, '{"objects": ["b.example"]}') as unexpanded \gset
select is(etl_api.reconstruct_values_to_activity_request(:'unexpanded'), '[]', 'of a request without runs there is nothing to say');

select throws_ok('select etl_api.process_run_results_for_source(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no source c0000000-0000-7000-8000-00000000dead', 'a source that there is not');
select throws_ok('select etl_api.reconstruct_values_to_activity_request(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no activity request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');
select throws_ok('select etl_api.process_run_results_for_source(null)', 'P0002', 'there is no source null', 'none at all');

set local role service_role;
select is(etl_api.process_run_results_for_source(:registry), 0, 'service_role may map');
select is(jsonb_array_length(etl_api.reconstruct_values_to_activity_request(:'request')), 1, 'and look at results');
reset role;
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);

select * from finish();
rollback;
