-- Enrichments of several objects, several requests and several sources, with answers about many objects, and answers of every bad kind.
begin;
\ir fixtures/activities.sql
\set answer_vectors `cat Tests/Vectors/answers.json`
select no_plan();

-- Two sources; the directory is asked about all three at once, the registry about each alone.
select pg_temp.ask(:enrich_twice, '{"objects": ["c.example", "a.example", "b.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 6, 'three objects, two sources');
select pg_temp.answer(:'request', :directory, '{"place": "Berlin", "results": [
    {"site": "a.example", "name": "A of the directory", "size": 1}, {"site": "https://www.c.example/", "size": "many"},
    {"site": ["b.example"]}, {"site": "a.example", "name": "another"}]}') as exchange \gset
select is(etl_api.process_run_results_for_source(:directory, 2), 2, 'as many as are asked for');
select is(etl_api.process_run_results_for_source(:directory), 1, 'the one that is left');
select is(etl_api.process_run_results_for_source(:directory), 0, 'none');
select results_eq(
    format('select state, state_substate, state_reason from public.run_queue where activity_request_id = %L and source_id = %L order by position',
           :'request', :directory),
    $$values ('done'::public.run_queue_state, 'type_mismatch', 'the text ''many'' where a number is expected (at $.results[1].size)'),
             ('done', null, null),
             ('done', 'no_data', 'the answer names 3 objects, but not this one; an array where an object''s name is expected (at $.results[2].site)')$$,
    'each object gets its own part, by its name');
select results_eq(
    format('select r.position, c.place, d.key, c.path, c.found, c.reason from public.conversion_failure as c join public.run_queue as r on r.id = c.run_id
            left join public.datapoint as d on d.id = c.datapoint_id where c.activity_request_id = %L order by 1, 2', :'request'),
    $$values (0, 1, 'employees', '$.results[1].size', 'many', 'the text ''many'' where a number is expected'),
             (2, 1, null, '$.results[2].site', 'an array', 'an array where an object''s name is expected')$$,
    'what could not be converted is kept, and what is wrong with names with the first run that lacks its object');
select pg_temp.answer(:'request', :registry, '{"name": "Registered ' || n || '", "staff": 7}', n) from unnest(array['a.example', 'b.example']) as n;
select pg_temp.answer(:'request', :registry, '<html>', 'c.example');
select is(etl_api.process_run_results_for_source(:registry), 3, 'three answers');
select is(etl_api.reconstruct_values_to_activity_request(:'request'), '[
    {"object": "c.example", "values": {"city": "Berlin"}, "note": "the text ''many'' where a number is expected (at $.results[1].size)",
     "error": {"state": "failed", "reason": "the answer cannot be used: the answer is not JSON"}},
    {"object": "a.example", "values": {"legal_name": "Registered a.example", "employees": 7, "city": "Berlin"}},
    {"object": "b.example", "values": {"legal_name": "Registered b.example", "employees": 7},
     "note": "the answer names 3 objects, but not this one; an array where an object''s name is expected (at $.results[2].site)"}]',
    'the result, in the order of the request; of two values that of the run made first');
select is(etl_api.reconstruct_values_to_activity_request(:'request')::text, etl_api.reconstruct_values_to_activity_request(:'request')::text,
          'the same whenever it is asked for');

-- The source whose run was made first knows nothing; the other does.
select pg_temp.ask(:enrich_twice, '{"objects": ["a.example"]}') as nulls \gset
select etl_api.process_activity_request_by_id(:'nulls');
select pg_temp.answer(:'nulls', :registry, '{"name": null, "staff": null, "address": {"city": null}}');
select pg_temp.answer(:'nulls', :directory, '{"place": "Bonn", "results": [{"site": "a.example", "name": "A", "size": null}]}');
select is(etl_api.process_run_results_for_source(:registry) + etl_api.process_run_results_for_source(:directory), 2, 'two sources answer');
select is((select array_agg(s.key order by r.id) from public.run_queue as r join public.source as s on s.id = r.source_id
           where r.activity_request_id = :'nulls'), array['registry', 'directory'], 'the registry first');
select is(etl_api.reconstruct_values_to_activity_request(:'nulls') -> 0 -> 'values',
          '{"legal_name": "A", "employees": null, "address": {"city": null}, "city": "Bonn"}', 'the null of one source does not hide the value of another');

select is(v.value, '"A of the directory"', 'of two places with one name the first counts')
from public.value as v join public.datapoint as d on d.id = v.datapoint_id
where v.activity_request_id = :'request' and v.source_id = :directory and d.key = 'legal_name';

-- Answers that cannot be used, each with the word that a processor would use.
create temp table bad as
select v.*, pg_temp.ask(:enrich, jsonb_build_object('objects', jsonb_build_array('x' || v.k))) as request
from (values
    (1, '', 'empty', 'the answer is empty'), (2, E' \n', 'empty', 'the answer is empty'), (3, 'Not found', 'invalid_json', 'the answer is not valid JSON'),
    (4, '<html></html>', 'not_json', 'the answer is not JSON'), (5, '{"name": ', 'invalid_json', 'the answer is not valid JSON'),
    (6, '{"name": "\u0000"}', 'unstorable',
     'the answer holds something that the database cannot store, such as the character U+0000 or a number out of range'),
    (7, '[1e400000]', 'unstorable',
     'the answer holds something that the database cannot store, such as the character U+0000 or a number out of range')
) as v(k, body, substate, reason);
update bad set body = 'not found' where k = 3;
select etl_api.process_activity_request_by_id(request) from bad;
select pg_temp.answer(request, :registry, body) from bad;
select pg_temp.ask(:enrich, '{"objects": ["bytes"]}') as bytes \gset
select etl_api.process_activity_request_by_id(:'bytes');
select pg_temp.answer(:'bytes', :registry, '{}') as bytes_exchange \gset
update public.run_result set body = '\xff00' where run_request_id = :'bytes_exchange';
select pg_temp.ask(:enrich, '{"objects": ["nothing"]}') as nothing \gset
select etl_api.process_activity_request_by_id(:'nothing');
select pg_temp.answer(:'nothing', :registry, 'whatever') as nothing_exchange \gset
update public.run_result set no_data = 'the API knows no such company' where run_request_id = :'nothing_exchange';
select pg_temp.ask(:enrich, '{"objects": ["unmapped"]}') as unmapped \gset
select etl_api.process_activity_request_by_id(:'unmapped');
select pg_temp.answer(:'unmapped', :registry, '{"unknown": 1}');
select is(etl_api.process_run_results_for_source(:registry), 10, 'bad answers hold nobody up');
select is(array[r.state::text, r.state_substate, r.state_reason], array['failed', b.substate, 'the answer cannot be used: ' || b.reason], b.substate || ': ' || replace(b.body, E'\n', '⏎'))
from bad as b join public.run_queue as r on r.activity_request_id = b.request;
select is(array[state::text, state_substate], array['failed', 'invalid_json'], 'bytes that are no text')
from public.run_queue where activity_request_id = :'bytes';
select is(array[state::text, state_substate, state_reason], array['done', 'no_data', 'the API knows no such company'], 'an answer that says that there is nothing')
from public.run_queue where activity_request_id = :'nothing';
select is(array[state::text, state_substate, state_reason], array['done', 'no_data', 'the answer holds none of the mapped values'], 'an answer about something else')
from public.run_queue where activity_request_id = :'unmapped';
select is(count(*), 0::bigint, 'nothing is stored of these') from public.value as v join bad as b on b.request = v.activity_request_id;

select pg_temp.ask(:enrich_twice, '{"objects": ["a.example", "b.example"]}') as nobody \gset
select etl_api.process_activity_request_by_id(:'nobody');
select pg_temp.answer(:'nobody', :directory, '{"results": []}');
select is(etl_api.process_run_results_for_source(:directory), 2, 'an answer that names nobody');
select is(array_agg(distinct state_reason), array['the answer names no object where the mapping looks for one'], 'is done with that')
from public.run_queue where activity_request_id = :'nobody' and state = 'done' and state_substate = 'no_data';

-- What holds too much is refused in the words that a processor uses.
create temp table large as
select v ->> 'name' as name, v ->> 'substate' as substate, v ->> 'reason' as reason, v ->> 'type' as type,
       case when v ? 'levels' then repeat('[', (v -> 'levels')::integer) || repeat(']', (v -> 'levels')::integer)
            else '{"numbers": [' || (v ->> 'number') || repeat(',' || (v ->> 'number'), (v -> 'times')::integer - 1) || ']}' end as body,
       pg_temp.ask(:enrich, jsonb_build_object('objects', jsonb_build_array(v ->> 'name'))) as request
from jsonb_array_elements(:'answer_vectors'::jsonb -> 'answers') as v;
select cmp_ok(count(*), '>=', 11::bigint, 'the vectors of answers were read') from large;
select etl_api.process_activity_request_by_id(request) from large;
select pg_temp.answer(request, :registry, body) from large;
create function pg_temp.process_as(p_type text) returns bigint language plpgsql as $$
begin
    update public.datapoint set data_type = p_type where org_id = 'c0000000-0000-7000-8000-000000000001' and key = 'address';
    return (select sum(etl_api.process_run_results_for_source('c0000000-0000-7000-8000-000000000003')));
end
$$;
update public.datapoint_source as m set key_mapping = '[["numbers"]]' from public.datapoint as d
where m.source_id = :registry and d.id = m.datapoint_id and d.key = 'address';
create temp table waits as select r.id, l.type from large as l join public.run_queue as r on r.activity_request_id = l.request;
update public.run_queue as r set state_substate = 'hidden' from waits as w where r.id = w.id and w.type = 'number';
select is(pg_temp.process_as('json'), 4::bigint, 'levels, and numbers in a json value');
update public.run_queue as r set state_substate = 'fetched' from waits as w where r.id = w.id and w.type = 'number';
select is(pg_temp.process_as('number'), 7::bigint, 'numbers');
select is(array[r.state::text, case r.state when 'failed' then r.state_substate end, case r.state when 'failed' then r.state_reason end],
          array[case when l.substate is null then 'done' else 'failed' end, l.substate, 'the answer cannot be used: ' || l.reason], l.name)
from large as l join public.run_queue as r on r.activity_request_id = l.request;
update public.datapoint set data_type = 'json' where org_id = :org and key = 'address';
select pg_temp.ask(:enrich, '{"objects": ["long"]}') as long \gset
select etl_api.process_activity_request_by_id(:'long');
select pg_temp.answer(:'long', :registry, '[' || repeat(' ', 16777215) || ']');
select is(etl_api.process_run_results_for_source(:registry), 1, 'an answer that is too long');
select is(array[state::text, state_substate, state_reason],
          array['failed', 'too_large', 'the answer cannot be used: the answer has 16777217 bytes, more than the maximum of 16777216'], 'is said to be that')
from public.run_queue where activity_request_id = :'long';

-- A mapping that cannot be used fails its runs and nobody else.
update public.datapoint_source set key_mapping = '[["a", null]]' where source_id = :branches;
select pg_temp.ask(:enrich_branches, '{"objects": ["a.example"], "input": {"city": "Bonn"}}') as mismapped \gset
select etl_api.process_activity_request_by_id(:'mismapped');
select pg_temp.answer(:'mismapped', :branches, '{}');
select is(etl_api.process_run_results_for_source(:branches), 1, 'a mapping that is none');
select is(array[state::text, state_substate, state_reason], array['failed', 'mapping', 'the source''s mapping cannot be used: path element 2: null is no path element'],
          'is said to be one') from public.run_queue where activity_request_id = :'mismapped';

-- Pages: an answer that is an array of them.
select pg_temp.ask(:enrich_twice, '{"objects": ["a.example", "b.example"]}') as paged \gset
select etl_api.process_activity_request_by_id(:'paged');
select pg_temp.answer(:'paged', :directory, '[{"results": [{"site": "a.example", "size": 1}]}, {"results": [{"site": "b.example", "size": 2}]}]') as pages \gset
update public.run_result set pages = 2 where run_request_id = :'pages';
select is(etl_api.process_run_results_for_source(:directory), 2, 'an answer of two pages');
select is(jsonb_path_query_array(etl_api.reconstruct_values_to_activity_request(:'paged'), '$[*].values.employees'), '[1, 2]', 'both are read');

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
