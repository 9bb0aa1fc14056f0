-- An enrichment some of whose objects lack a value that the source needs: these runs are invalid and never called, the others go on.
begin;
\ir fixtures/activities.sql
select no_plan();

-- The first request finds the city out, the second needs it.
select pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example"]}') as first \gset
select etl_api.process_activity_request_by_id(:'first');
select pg_temp.answer(:'first', :registry, '{"address": {"city": "Rome"}, "staff": 3}', 'a.example');
select pg_temp.answer(:'first', :registry, '{"address": {"city": null}}', 'b.example');
select is(etl_api.process_run_results_for_source(:registry), 2, 'two answers, one with a city');

select pg_temp.ask(:enrich_branches, '{"objects": ["a.example", "b.example", "c.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 3, 'three runs');
select results_eq(
    format('select * from pg_temp.runs(%L)', :'request'),
    $$values ('branches', 'a.example', 'ready', null), ('branches', 'b.example', 'invalid', 'missing_value'), ('branches', 'c.example', 'invalid', 'missing_value')$$,
    'those without a city are invalid');
select is((select r from utils.resolve_json_variables((select run_request_template::text from public.source where id = :branches), :branches, :'request', q.object_id) as r),
          row('{"url": "/in/Rome/of/a.example", "query": {"size": 3}}'::text, true), 'what the ready one''s template comes to')
from public.run_queue as q where q.activity_request_id = :'request' and q.position = 0;
select pg_temp.answer(:'request', :branches, '{"count": 4}');
select is(etl_api.process_run_results_for_source(:branches), 1, 'only the one that is ready was called');
select is(etl_api.reconstruct_values_to_activity_request(:'request'), '[
    {"object": "a.example", "values": {"employees": 4}},
    {"object": "b.example", "values": {}, "error": {"state": "invalid", "reason": "there is no value for city, which the source''s request needs"}},
    {"object": "c.example", "values": {}, "error": {"state": "invalid", "reason": "there is no value for city, which the source''s request needs"}}]',
    'the result says what is missing');
select is(array[runs_total, runs_done, runs_invalid], array[3, 1, 2], 'all are counted, so that the request can end')
from public.request_progress where activity_request_id = :'request' and expanded;

-- A request all of whose runs lack something ends, too.
select pg_temp.ask(:enrich_branches, '{"objects": ["d.example"]}') as hopeless \gset
select is(etl_api.process_activity_request_by_id(:'hopeless'), 1, 'a run, though it cannot be called');
select is(runs_total = runs_invalid and expanded, true, 'nothing is open') from public.request_progress where activity_request_id = :'hopeless';

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
