-- A sourcing with one factor by SQL: named objects are asked about, or some are found, and then held against the factor.
begin;
\ir fixtures/activities.sql
\set vectors `cat Tests/Vectors/factors.json`
select no_plan();

-- What a factor is, by the vectors that Libraries/Factors is tested with.
select cmp_ok(jsonb_array_length(:'vectors'::jsonb -> 'outcomes'), '>=', 46, 'the vectors of factors were read');
select is(utils.evaluate_factor(coalesce(v ->> 'type', 'option'), v ->> 'operator', v -> 'value', v -> 'found'), v ->> 'outcome',
          format('%s %s %s', v -> 'found', v ->> 'operator', v -> 'value'))
from jsonb_array_elements(:'vectors'::jsonb -> 'outcomes') as v;
select is(utils.evaluate_factor('option', 'equals', '"x"', null), 'unknown', 'what was not found at all is unknown');

update public.activity set factors = '{"all": ["large"]}' where id = :qualify;
select pg_temp.ask(:qualify, '{"objects": ["small.example", "large.example", "unknown.example", "odd.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 4, 'four objects, four runs');
select results_eq(format('select qualified, outcomes from etl_api.qualify_objects(%L)', :'request'),
    $$select false, '{"large": "unknown"}'::jsonb from generate_series(1, 4)$$, 'before any answer nothing is known');
select pg_temp.answer(:'request', :directory, '{"results": [{"site": "large.example", "size": 100}, {"site": "small.example", "size": 99}, {"site": "odd.example", "size": "many"}]}');
select is(etl_api.process_run_results_for_source(:directory), 4, 'the answer is mapped');
select results_eq(format('select * from etl_api.qualify_objects(%L)', :'request'),
    $$values (0, 'small.example', false, '{"large": "failed"}'::jsonb), (1, 'large.example', true, '{"large": "passed"}'),
             (2, 'unknown.example', false, '{"large": "unknown"}'), (3, 'odd.example', false, '{"large": "unknown"}')$$,
    'only what is known to meet the factor qualifies');

-- Without objects some are found first.
select pg_temp.ask(:qualify, '{"input": {"query": "bakery"}}') as sought \gset
select is(etl_api.process_activity_request_by_id(:'sought'), 1, 'no objects, one run');
select pg_temp.answer(:'sought', :directory, '{"results": [{"site": "new.example", "size": 500}, {"site": "small.example", "size": 1000}, {"site": "large.example"}]}');
select is(etl_api.process_run_results_for_source(:directory), 1, 'candidates are found');
select results_eq(format('select object_name, qualified from etl_api.qualify_objects(%L)', :'sought'),
    $$values ('new.example', true), ('small.example', true), ('large.example', true)$$,
    'by what this request has found; where it has found nothing, by what is known');
select results_eq(format('select object_name from etl_api.qualify_objects(%L) where qualified', :'request'), array['large.example'],
    'what another request has found since does not change the first one''s own values');

-- The verdicts that a processor keeps are in the result.
insert into public.object_qualification (org_id, activity_request_id, position, object_id, qualified, factors)
select o.org_id, o.activity_request_id, o.position, o.object_id, q.qualified, '[{"factor": "large"}]'
from public.request_object as o join etl_api.qualify_objects(:'sought') as q on q.position = o.position where o.activity_request_id = :'sought' and o.position = 0;
select is(etl_api.reconstruct_values_to_activity_request(:'sought') -> 0,
    '{"object": "new.example", "qualified": true, "values": {"employees": 500}, "factors": [{"factor": "large"}]}', 'the result shows them');

select throws_ok('select * from etl_api.qualify_objects(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no activity request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');
select throws_ok(format('select * from etl_api.qualify_objects(%L)', pg_temp.ask(:enrich, '{"objects": ["x"]}')), '55000',
                 'activity enrich has no factors', 'an activity that qualifies nothing');

set local role service_role;
select is(count(*), 3::bigint, 'service_role may look') from etl_api.qualify_objects(:'sought');
reset role;
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
