-- An extract as a part of a workflow (spec 11.3.2): what it finds becomes objects of their source, which flow on.
begin;
\ir fixtures/activities.sql
\ir fixtures/workflows.sql
select no_plan();

select pg_temp.ask_workflow('{"workflow": "pipeline", "input": {"query": "bakery"}}') as flow_request \gset
select etl_api.process_workflow_request(:'flow_request') \g /dev/null
select pg_temp.step(:'flow_request', 'search') as search, pg_temp.step(:'flow_request', 'details') as details \gset
select is(etl_api.process_activity_request_by_id(:'search'), 1, 'a run for each source, about no object');
select is(r.object_id, null, 'since none is known') from public.run_queue as r where r.activity_request_id = :'search';
select is(count(*), 0::bigint, 'nothing is there before it has run') from public.object where request_id = :'search';

select pg_temp.answer(:'search', :directory,
    '{"results": [{"site": "https://www.b.example/x", "name": "B", "size": 9}, {"site": "a.example"}, {"site": "b.example"}]}') \g /dev/null
select is(etl_api.process_run_results_for_source(:directory), 1, 'its answer is mapped');
select is(pg_temp.objects(:'search'), array['b.example', 'a.example'], 'new objects are found, each once, in the order of the answer');
select is(count(*), 2::bigint, 'and belong to the request that found them') from public.object where request_id = :'search';
select results_eq(
    format('select distinct s.key, m.key_mapping from public.object as o
            join public.request_object as r on r.object_id = o.id and r.activity_request_id = %L
            join public.run_queue as q on q.activity_request_id = r.activity_request_id
            join public.source as s on s.id = q.source_id
            join public.object_source as m on m.source_id = s.id and m.object_type_id = o.object_type_id', :'search'),
    $$values ('directory', '["results", "*", "site"]'::jsonb)$$, 'through the mapping of objects that their source has');
select results_eq(format('select d.key, v.value from public.value as v join public.datapoint as d on d.id = v.datapoint_id
                          where v.activity_request_id = %L order by 1', :'search'),
    $$values ('employees', '9'::jsonb), ('legal_name', '"B"')$$, 'what the answer says of them is stored with them');
select pg_temp.collect(:'search') \g /dev/null
select is(etl_api.try_start_next_workflow_phase(:'search'), 1, 'what was found goes on');
select is(etl_api.process_activity_request_by_id(:'details'), 2, 'one run for each');
select is(pg_temp.objects(:'details'), array['b.example', 'a.example'], 'in the same order');

select is(array_agg(rule || ': ' || expected || ', not ' || found), null, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
