-- An extract whose search criteria filter by place and size: what the source is asked, with what the client gave and what it left out.
begin;
\ir fixtures/activities.sql
select no_plan();

create temp table asked as
select v.input, v.query::jsonb as query, pg_temp.ask(:find, jsonb_build_object('input', v.input::jsonb)) as request
from (values
    ('{"query": "bakery", "place": "Berlin", "size_min": 50}', '{"q": "bakery", "place": "Berlin", "min": 50}'),
    ('{"query": "bakery", "place": "Berlin"}', '{"q": "bakery", "place": "Berlin", "min": 10}'),
    ('{"query": "bakery"}', '{"q": "bakery", "place": null, "min": 10}'),
    ('{"query": "say \"<<$place>>\"", "place": "\u00fc"}', '{"q": "say \"<<$place>>\"", "place": "ü", "min": 10}')
) as v(input, query);
select is(t.result::jsonb -> 'query', a.query, a.input)
from asked as a
join public.source as s on s.id = :directory
cross join lateral utils.resolve_json_variables(s.run_request_template::text, s.id, a.request, null) as t;

-- What is found is the request's own; another request with other filters has objects of its own.
select pg_temp.ask(:find, '{"input": {"query": "bakery", "place": "Berlin", "size_min": 50}}') as berlin \gset
select pg_temp.ask(:find, '{"input": {"query": "bakery", "place": "Rome"}}') as rome \gset
select is(etl_api.process_activity_request_by_id(r), 1, 'a run each') from unnest(array[:'berlin', :'rome']::uuid[]) as r;
select pg_temp.answer(:'berlin', :directory, '{"place": "Berlin", "results": [{"site": "a.example", "size": 50}, {"site": "both.example", "size": 99}]}');
select pg_temp.answer(:'rome', :directory, '{"place": "Rome", "results": [{"site": "both.example", "size": 10}, {"site": "c.example", "size": 12}]}');
select is(etl_api.process_run_results_for_source(:directory), 2, 'both are mapped in one batch');
select is(etl_api.reconstruct_values_to_activity_request(:'berlin'),
    '[{"object": "a.example", "values": {"employees": 50, "city": "Berlin"}}, {"object": "both.example", "values": {"employees": 99, "city": "Berlin"}}]', 'one result');
select is(etl_api.reconstruct_values_to_activity_request(:'rome'),
    '[{"object": "both.example", "values": {"employees": 10, "city": "Rome"}}, {"object": "c.example", "values": {"employees": 12, "city": "Rome"}}]',
    'the other: what both have found has the values of its own run');
select is(count(*), 3::bigint, 'what both have found is one object') from public.object where org_id = :org;

-- Filters that cannot be.
create temp table refused as
select pg_temp.ask(:find, v.content::jsonb) as request, v.reason
from (values
    ('{"input": {"query": "bakery", "size_min": "50"}}', '$.input.size_min: must be a number, not string'),
    ('{"input": {"query": ["bakery"]}}', '$.input.query: must be a string, not array'),
    ('{"input": {"query": "bakery", "country": "IT"}}', '$.input.country: there is no such field; the activity takes place, query, size_min'),
    ('{"input": {"place": "Rome"}}', '$.input.query: is missing; the activity needs it')
) as v(content, reason);
select is(etl_api.process_activity_request_by_id(request), 0, 'no run: ' || reason) from refused;
select is(array[r.state::text, r.state_reason], array['invalid', f.reason], 'said: ' || f.reason) from refused as f join public.activity_request as r on r.id = f.request;

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
