-- A sourcing as the last part of a workflow (spec 11.3.2): what the steps before it found is held against the factors.
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

select pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery"}}') as flow_request \gset
select etl_api.process_workflow_request(:'flow_request') \g /dev/null
select pg_temp.step(:'flow_request', 'search') as search, pg_temp.step(:'flow_request', 'details') as details, pg_temp.step(:'flow_request', 'verdict') as verdict \gset
select pg_temp.run_step(:'search', :directory, :'found') \g /dev/null
select etl_api.try_start_next_workflow_phase(:'search') \g /dev/null
select pg_temp.run_details(:'details') \g /dev/null
select is(etl_api.try_start_next_workflow_phase(:'details'), 1, 'its turn comes last');
select is(etl_api.process_activity_request_by_id(:'verdict'), 3, 'it asks about what has come to it');

-- Of c nothing new is said: what the enrichment has found counts.
select pg_temp.answer(:'verdict', :directory,
    '{"results": [{"site": "a.example", "size": 99}, {"site": "b.example", "at": {"city": "Bonn"}}, {"site": "c.example"}]}') \g /dev/null
select is(etl_api.process_run_results_for_source(:directory), 3, 'runs are completed');
select pg_temp.collect(:'verdict') \g /dev/null
select results_eq(format('select o.name collate "default", q.qualified from public.object_qualification as q
                          join public.request_object as o using (activity_request_id, position) where q.activity_request_id = %L order by 1', :'verdict'),
    $$values ('a.example', false), ('b.example', false), ('c.example', true)$$, 'both factors have to be met: by its own values, else by those of the steps before');
select results_eq(format('select object_name, outcomes from etl_api.qualify_objects(%L) order by 1', :'verdict'),
    $$values ('a.example', '{"large": "failed", "in_berlin": "passed"}'::jsonb), ('b.example', '{"large": "passed", "in_berlin": "failed"}'),
             ('c.example', '{"large": "passed", "in_berlin": "passed"}')$$, 'and each says which it missed');
select is(jsonb_path_query_array(etl_api.reconstruct_values_to_activity_request(:'verdict'), '$[*].qualified'), '[false, false, true]', 'the result shows it');
select etl_api.try_start_next_workflow_phase(:'verdict') \g /dev/null
select is(pg_temp.state_of(:'flow_request'), 'done', 'the workflow is over');

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
