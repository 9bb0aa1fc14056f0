-- A sourcing with several factors, all or any of them, nested; and what counts when something is unknown.
begin;
\ir fixtures/activities.sql
\set vectors `cat Tests/Vectors/factors.json`
select no_plan();

select cmp_ok(jsonb_array_length(:'vectors'::jsonb -> 'combinations'), '>=', 11, 'the vectors of combinations were read');
select is(utils.combine_factors(v -> 'expression', v -> 'outcomes'), v ->> 'outcome', format('%s of %s', v -> 'expression', v -> 'outcomes'))
from jsonb_array_elements(:'vectors'::jsonb -> 'combinations') as v;

select pg_temp.ask(:qualify, '{"objects": ["both.example", "large.example", "berlin.example", "none.example", "nothing.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 5, 'five objects');
select pg_temp.answer(:'request', :directory, '{"results": [
    {"site": "both.example", "size": 100, "at": {"city": "Berlin"}}, {"site": "large.example", "size": 100, "at": {"city": "Bonn"}},
    {"site": "berlin.example", "at": {"city": "Berlin"}}, {"site": "none.example", "size": 1, "at": {"city": "Bonn"}}]}');
select is(etl_api.process_run_results_for_source(:directory), 5, 'the answer is mapped');
select results_eq(format('select object_name, outcomes from etl_api.qualify_objects(%L)', :'request'),
    $$values ('both.example', '{"large": "passed", "in_berlin": "passed"}'::jsonb), ('large.example', '{"large": "passed", "in_berlin": "failed"}'),
             ('berlin.example', '{"large": "unknown", "in_berlin": "passed"}'), ('none.example', '{"large": "failed", "in_berlin": "failed"}'),
             ('nothing.example', '{"large": "unknown", "in_berlin": "unknown"}')$$, 'each factor by itself');

create function pg_temp.qualified(p_factors jsonb, p_request uuid) returns text[] language plpgsql as $$
begin
    update public.activity set factors = p_factors where key = 'qualify';
    return array(select split_part(object_name, '.', 1) from etl_api.qualify_objects(p_request) where qualified order by position);
end
$$;
select is(pg_temp.qualified(v.factors::jsonb, :'request'), v.names::text[], v.factors)
from (values
    ('{"all": ["large", "in_berlin"]}', '{both}'),
    ('["large", "in_berlin"]', '{both}'),
    ('{"any": ["large", "in_berlin"]}', '{both,large,berlin}'),
    ('{"all": ["large"]}', '{both,large}'),
    ('{"all": ["in_berlin", {"any": ["large", "in_berlin"]}]}', '{both,berlin}'),
    ('{"any": [{"all": ["large", "in_berlin"]}, "gone"]}', '{both}'),
    ('{"all": ["large", "gone"]}', '{}')
) as v(factors, names);

-- A factor that the expression does not name is not looked at.
select is(pg_temp.qualified('{"all": ["large"]}', :'request'), array['both', 'large'], 'one factor alone');
select is(count(*), 5::bigint, 'shows no other') from etl_api.qualify_objects(:'request') as q
where array(select jsonb_object_keys(q.outcomes)) = array['large'];

-- Of two sources, one knows nothing: its null does not hide what the other knows.
insert into public.activity_source (org_id, activity_id, source_id, position) values (:org, :qualify, :registry, -1);
select pg_temp.ask(:qualify, '{"objects": ["half.example"]}') as half \gset
select etl_api.process_activity_request_by_id(:'half');
select pg_temp.answer(:'half', :registry, '{"staff": null}');
select pg_temp.answer(:'half', :directory, '{"results": [{"site": "half.example", "size": 100}]}');
select etl_api.process_run_results_for_source(:registry), etl_api.process_run_results_for_source(:directory);
select is(array_agg(s.key order by r.id), array['registry', 'directory'], 'the one that knows nothing was asked first')
from public.run_queue as r join public.source as s on s.id = r.source_id where r.activity_request_id = :'half';
select is(outcomes, '{"large": "passed"}', 'a value counts before null') from etl_api.qualify_objects(:'half');

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
