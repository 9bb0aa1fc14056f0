-- An enrichment as a part of a workflow (spec 11.3.2): runs, answers, values, and what becomes of a failure.
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

update public.workflow set data = jsonb_build_object(
    'details', jsonb_build_object('id', :enrich_twice, 'type', 'activity', 'setup', '{"config": {"phase": 1}}'::jsonb)) where id = :flow;
select pg_temp.ask_workflow('{"workflow": "pipeline", "objects": ["b.example", "a.example"]}') as flow_request \gset
select etl_api.process_workflow_request(:'flow_request') \g /dev/null
select pg_temp.step(:'flow_request', 'details') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 4, 'a run for each object and source');
select results_eq(format('select source, object, state from pg_temp.runs(%L) order by 1, 2', :'request'),
    $$values ('directory', 'a.example', 'ready'), ('directory', 'b.example', 'ready'), ('registry', 'a.example', 'ready'), ('registry', 'b.example', 'ready')$$,
    'which can be called');

-- The registry is asked about one at a time, and once answers what cannot be read; the directory knows one of the two.
select pg_temp.answer(:'request', :registry, '{"name": "A", "staff": 12}', 'a.example'), pg_temp.answer(:'request', :registry, '<html>', 'b.example') \g /dev/null
select is(etl_api.process_run_results_for_source(:registry), 2, 'both answers are taken');
select results_eq(format('select object, state from pg_temp.runs(%L) where source = ''registry'' order by 1', :'request'),
    $$values ('a.example', 'done'), ('b.example', 'failed')$$, 'runs are completed, each by its own answer');
select is(p.runs_done || ' ' || p.runs_failed, '1 1', 'and counted') from public.request_progress as p where p.activity_request_id = :'request';
select is(r.state::text, 'in_progress', 'the request waits for the other source') from public.activity_request as r where r.id = :'request';
select pg_temp.answer(:'request', :directory, '{"results": [{"site": "b.example", "name": "B", "size": 7}]}') \g /dev/null
select is(etl_api.process_run_results_for_source(:directory), 2, 'one answer about both objects');
select set_eq(
    format('select o.original_object_value_name, d.key, s.key as source, v.value from public.value as v join public.object as o on o.id = v.object_id
            join public.datapoint as d on d.id = v.datapoint_id join public.source as s on s.id = v.source_id where v.activity_request_id = %L', :'request'),
    $$values ('a.example'::text collate "C", 'legal_name', 'registry', '"A"'::jsonb), ('a.example', 'employees', 'registry', '12'),
             ('b.example', 'legal_name', 'directory', '"B"'), ('b.example', 'employees', 'directory', '7')$$,
    'values are stored after completion, with the source of each');
select pg_temp.collect(:'request') \g /dev/null
select etl_api.try_start_next_workflow_phase(:'request') \g /dev/null
select is(pg_temp.state_of(:'flow_request'), 'done partial', 'the workflow is over, and says that a part is missing');
select is(jsonb_path_query_array(etl_api.reconstruct_values_to_activity_request(:'request'), '$[*].object'), '["b.example", "a.example"]',
    'the result is in the order of the request');

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
