-- Data quality: coverage, failed conversions, conflicting values, empty answers and failed runs, of a request and of a source since a moment.
begin;
\ir fixtures/activities.sql
select no_plan();

-- Six companies, asked of the registry one by one and of the directory all at once. The registry knows alpha well, beta in part, has
-- nothing mapped on gamma, says that it has no delta, answers nothing at all on epsilon, and fails for zeta.
select pg_temp.ask(:enrich_twice, '{"objects": ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 12, 'six objects and two sources are twelve runs');
select pg_temp.answer(:'request', :registry, '{"name": "Alpha", "staff": 5, "listed": true, "address": {"city": "Berlin"}}', 'alpha');
select pg_temp.answer(:'request', :registry, '{"name": "Beta", "staff": "many", "listed": null, "address": {"city": "Bonn"}}', 'beta');
select pg_temp.answer(:'request', :registry, '{"something": "else"}', 'gamma');
select pg_temp.answer(:'request', :registry, '{}', 'delta') as unknown_exchange \gset
update public.run_result set no_data = 'the registry has no such company' where run_request_id = :'unknown_exchange';
select pg_temp.answer(:'request', :registry, '', 'epsilon');
select is(etl_api.process_run_results_for_source(:registry), 5, 'five answers of the registry are mapped');
select r.id as failing from public.run_queue as r join public.object as o on o.id = r.object_id
where r.activity_request_id = :'request' and r.source_id = :registry and o.original_object_value_name = 'zeta' \gset
update public.run_queue set state = 'in_progress' where id = :'failing';
update public.run_queue set state = 'failed', state_substate = 'http_500', state_reason = 'the API answered HTTP 500' where id = :'failing';
select pg_temp.answer(:'request', :directory, '{"results": [
    {"site": "alpha", "name": "Alpha", "size": 6, "at": {"city": null}}, {"site": "beta", "name": "BETA", "size": "lots"},
    {"site": "gamma", "name": "Gamma", "size": 7}, {"site": "delta", "size": "few"}]}');
select is(etl_api.process_run_results_for_source(:directory), 6, 'so is that of the directory');

select results_eq(
    format('select source, datapoint, objects, with_value, with_null, with_nothing, unanswered from etl_api.datapoint_coverage(%L)', :'request'),
    $$values ('directory', 'city', 6::bigint, 0::bigint, 1::bigint, 5::bigint, 0::bigint), ('directory', 'employees', 6, 2, 0, 4, 0),
             ('directory', 'legal_name', 6, 3, 0, 3, 0), ('registry', 'address', 6, 2, 0, 2, 2), ('registry', 'city', 6, 2, 0, 2, 2),
             ('registry', 'employees', 6, 1, 0, 3, 2), ('registry', 'legal_name', 6, 2, 0, 2, 2), ('registry', 'listed', 6, 1, 1, 2, 2)$$,
    'of each source and datapoint: values, nulls, nothing, and what was not answered');
select results_eq(
    format('select source, datapoint, failures, objects, path, found from etl_api.failed_conversions(%L)', :'request'),
    $$values ('directory', 'employees', 2::bigint, array['beta', 'delta'], '$.results[1].size', 'lots'),
             ('registry', 'employees', 1, array['beta'], '$.staff', 'many')$$,
    'what could not be converted, alike ones as one with the first of them');
select results_eq(
    format('select datapoint, conflicts, object, "values" #> ''{0,value}'', "values" #>> ''{0,source}'', "values" #> ''{1,value}''
            from etl_api.conflicting_values(%L)', :'request'),
    $$values ('employees', 1::bigint, 'alpha', '6'::jsonb, 'directory', '5'::jsonb),
             ('legal_name', 1, 'beta', '"BETA"', 'directory', '"Beta"')$$,
    'values of one object that differ; null and the same value twice are no conflict');
select bag_eq(
    format('select source, kind, runs, objects from etl_api.empty_answers(%L)', :'request'),
    $$values ('directory', 'nothing_mapped', 3::bigint, array['delta', 'epsilon', 'zeta']),
             ('registry', 'nothing_mapped', 1, array['gamma']), ('registry', 'no_data', 1, array['delta']),
             ('registry', 'empty', 1, array['epsilon'])$$,
    'empty answers: nothing is mapped, the API says so, not a byte');
select is(reason, 'the registry has no such company', 'with the words of the rule')
from etl_api.empty_answers(:'request') where kind = 'no_data';
select bag_eq(
    format('select source, state, substate, runs, objects, reason from etl_api.failed_runs(%L) where substate <> ''empty''', :'request'),
    $$values ('registry', 'failed', 'http_500', 1::bigint, array['zeta'], 'the API answered HTTP 500')$$,
    'failed runs by substate');
select is(count(*), 1::bigint, 'an answer without a byte is a failed run as well')
from etl_api.failed_runs(:'request') where substate = 'empty';

-- The views show the same.
select is((select jsonb_agg(to_jsonb(v) - 'activity_request_id') from etl_api.datapoint_coverage_of_requests as v where activity_request_id = :'request'),
          (select jsonb_agg(to_jsonb(f)) from etl_api.datapoint_coverage(:'request') as f), 'the view of coverage');
select is((select jsonb_agg(to_jsonb(v) - 'activity_request_id') from etl_api.failed_conversions_of_requests as v where activity_request_id = :'request'),
          (select jsonb_agg(to_jsonb(f)) from etl_api.failed_conversions(:'request') as f), 'that of conversions');
select is((select jsonb_agg(to_jsonb(v) - 'activity_request_id') from etl_api.conflicting_values_of_requests as v where activity_request_id = :'request'),
          (select jsonb_agg(to_jsonb(f) - 'request_id') from etl_api.conflicting_values(:'request') as f), 'that of conflicts');
select is((select jsonb_agg(to_jsonb(v) - 'activity_request_id') from etl_api.empty_answers_of_requests as v where activity_request_id = :'request'),
          (select jsonb_agg(to_jsonb(f)) from etl_api.empty_answers(:'request') as f), 'that of empty answers');
select is((select jsonb_agg(to_jsonb(v) - 'activity_request_id') from etl_api.failed_runs_of_requests as v where activity_request_id = :'request'),
          (select jsonb_agg(to_jsonb(f)) from etl_api.failed_runs(:'request') as f), 'that of failed runs');

-- Objects that a run has found count like those that were asked about.
select pg_temp.ask(:find, '{"input": {"query": "bakery"}}') as sought \gset
select etl_api.process_activity_request_by_id(:'sought');
select pg_temp.answer(:'sought', :directory, '{"results": [{"site": "one", "size": 1}, {"site": "two", "name": "Two"}, {"site": "alpha", "size": 8}]}');
select etl_api.process_run_results_for_source(:directory);
select results_eq(
    format('select datapoint, objects, with_value, with_nothing, unanswered from etl_api.datapoint_coverage(%L)', :'sought'),
    $$values ('city', 3::bigint, 0::bigint, 3::bigint, 0::bigint), ('employees', 3, 2, 1, 0), ('legal_name', 3, 1, 2, 0)$$,
    'three objects found, by one run');

-- Of a source: all of its requests since a moment. A run of eight days ago is told apart by its id alone.
select results_eq(
    format('select datapoint, objects, with_value from etl_api.datapoint_coverage(p_source => %L)', :directory),
    $$values ('city', 9::bigint, 0::bigint), ('employees', 9, 4), ('legal_name', 9, 4)$$, 'a source over its requests');
insert into public.run_queue (org_id, id, activity_request_id, source_id, object_id, position, state, state_substate)
select r.org_id, utils.uuid_v7_floor(statement_timestamp() - interval '8 days'), r.activity_request_id, r.source_id, r.object_id, 6, 'timedout', 'timeout'
from public.run_queue as r where r.id = :'failing';
select is(sum(runs), 2::numeric, 'within seven days unless said otherwise') from etl_api.failed_runs(p_source => :registry);
select is(sum(runs), 3::numeric, 'or since an earlier moment')
from etl_api.failed_runs(p_source => :registry, p_since => statement_timestamp() - interval '9 days');
select results_eq(
    format('select datapoint, conflicts, object from etl_api.conflicting_values(p_source => %L)', :registry),
    $$values ('employees', 1::bigint, 'alpha'), ('legal_name', 1, 'beta')$$,
    'what other sources said in the same requests is compared, what other requests said is not');
select is(count(*), 0::bigint, 'a source that agrees with itself, alone in its request, conflicts with nobody')
from etl_api.conflicting_values(p_source => :directory, p_request => :'sought');
select is(count(*), 0::bigint, 'no more of each datapoint than asked for') from etl_api.conflicting_values(:'request', p_each => 0);
select is(sum(objects), 3::numeric, 'a source of a request') from etl_api.datapoint_coverage(:'sought', :directory) where datapoint = 'city';
select is(count(*), 4::bigint, 'no more runs than asked for') from etl_api.assessed_runs(:'request', null, null, 4);
select throws_ok('select * from etl_api.failed_runs()', '22023', 'neither a request nor a source is given', 'something has to be said');

-- An object that several requests asked about is named once among the examples of a source, and the newest request speaks for it.
select pg_temp.ask(:enrich_twice, '{"objects": ["alpha", "zeta"]}') as later \gset
select etl_api.process_activity_request_by_id(:'later');
select pg_temp.answer(:'later', :registry, '{"name": "Alpha", "staff": 9}', 'alpha');
select pg_temp.answer(:'later', :registry, '{"something": "else"}', 'zeta');
select pg_temp.ask(:enrich_twice, '{"objects": ["zeta", "eta"]}') as latest \gset
select etl_api.process_activity_request_by_id(:'latest');
select pg_temp.answer(:'latest', :registry, '{"something": "else"}', 'zeta');
select pg_temp.answer(:'latest', :registry, '{"something": "else"}', 'eta');
select etl_api.process_run_results_for_source(:registry);
select pg_temp.answer(:'later', :directory, '{"results": [{"site": "alpha", "size": 6}]}');
select etl_api.process_run_results_for_source(:directory);
select is(runs || ' runs: ' || array_to_string(objects, ', '), '4 runs: gamma, zeta, eta', 'an object of two runs is named once')
from etl_api.empty_answers(p_source => :registry) where kind = 'nothing_mapped';
insert into public.run_queue (org_id, activity_request_id, source_id, object_id, position, state, state_substate)
select r.org_id, r.activity_request_id, r.source_id, r.object_id, 7, 'failed', 'http_500' from public.run_queue as r where r.id = :'failing';
select is(runs || ' runs: ' || array_to_string(objects, ', '), '2 runs: zeta', 'among runs without success too')
from etl_api.failed_runs(p_source => :registry) where substate = 'http_500';
select is(format('%s of %s: %s', conflicts, object, "values" -> 1 -> 'value'), '1 of alpha: 9', 'and among conflicts')
from etl_api.conflicting_values(p_source => :registry) where datapoint = 'employees';

-- Of another organization's, nothing; and services may look.
select is(count(*), 0::bigint, 'a request that there is not') from etl_api.datapoint_coverage('c0000000-0000-7000-8000-00000000dead');
set local role weir_intake;
select is(count(*), 8::bigint, 'services may look') from etl_api.datapoint_coverage_of_requests where activity_request_id = :'request';
select is(count(*), 2::bigint, 'at conflicts too') from etl_api.conflicting_values(:'request');
reset role;

-- One request is found through indexes, whatever else there is.
create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
    line text;
    plan text := '';
begin
    for line in execute 'explain ' || p_query loop
        plan := plan || line || chr(10);
    end loop;
    return plan;
end
$$;
set local enable_seqscan = off;
select alike(pg_temp.plan_of(format('select * from etl_api.%s_of_requests where activity_request_id = %L', name, :'request')),
             '%Index% on activity_request%Index Cond: (id = %', name || ' of one request: the request is looked up')
from unnest(array['datapoint_coverage', 'failed_conversions', 'conflicting_values', 'empty_answers', 'failed_runs']) as name;
select * from finish();
rollback;
