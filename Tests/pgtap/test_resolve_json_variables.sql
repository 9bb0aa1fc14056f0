-- utils.resolve_json_variables: what the variables of a source, a request and an object are, and that nothing of others is.
begin;
\ir fixtures/catalogue.sql
\ir fixtures/activities.sql
select no_plan();

select pg_temp.ask(:find, '{"input": {"query": "bakery \"x\"", "place": "Berlin"}}') as request \gset
insert into public.object (org_id, object_type_id, original_object_value_name) values (:org, :company, 'Acme "1"') returning id as object \gset
insert into public.object (org_id, object_type_id, original_object_value_name) values (:org, :company, 'Other') returning id as other \gset
insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value, created_at)
select :org, utils.uuid_v7(), v.object::uuid, d.id, :registry, :'request', v.value::jsonb, v.at::timestamptz
from (values (:'object', 'city', '"Rome"', '2026-01-01'), (:'object', 'city', '"Paris"', '2026-02-01'), (:'object', 'employees', '12', '2026-01-01'),
             (:'object', 'listed', 'true', '2026-01-01'), (:'object', 'listed', 'null', '2026-02-01'), (:'other', 'legal_name', '"Other"', '2026-01-01'))
         as v(object, key, value, at)
join public.datapoint as d on d.org_id = :org and d.key = v.key;

create function pg_temp.resolved(p_text text, p_source uuid, p_request uuid, p_object uuid) returns text language sql as $$
    select result || case when all_resolved then '' else ' (not all)' end
    from utils.resolve_json_variables(p_text, p_source, p_request, p_object)
$$;
select is(pg_temp.resolved(v.text, :directory, :'request', :'object'), v.result, v.title)
from (values
    ('the specification''s example', 'Search for <<$query>> in <<$place>>', 'Search for bakery "x" in Berlin'),
    ('one that there is not stays', '<<$nonexistent>>', '<<$nonexistent>> (not all)'),
    ('some of them', '<<$place>> <<$nonexistent>>', 'Berlin <<$nonexistent>> (not all)'),
    ('nothing to do', 'plain', 'plain'),
    ('the object', '<<$object>>', 'Acme "1"'),
    ('the objects', '<<$objects>>', '["Acme \"1\""]'),
    ('how many the source takes', '<<$max_objects>>', '10'),
    ('the activity''s setup', '<<$run_setup>>', '{"depth":2}'),
    ('a field''s default', '<<$size_min>>', '10'),
    ('the newest value of a datapoint', '<<$city>>', 'Paris'),
    ('a number', '<<$employees>>', '12'),
    ('one whose newest value is null has none', '<<$listed>>', '<<$listed>> (not all)'),
    ('one that only another object has', '<<$legal_name>>', '<<$legal_name>> (not all)'),
    ('what only a call knows', '<<$callback_url>>', '<<$callback_url>> (not all)'),
    ('a default of the placeholder', '<<$nonexistent|default:"none">>', 'none'),
    ('JSON keeps types', '{"n": "<<$employees>>", "all": "<<$objects>>", "s": "x <<$employees>>"}',
     '{"n": 12, "s": "x 12", "all": ["Acme \"1\""]}'),
    ('no value ends the text that it stands in', '["say <<$object>>", "<<$query>>"]', '["say Acme \"1\"", "bakery \"x\""]'),
    ('JSON that is not all resolved', '["<<$nonexistent>>"]', '["<<$nonexistent>>"] (not all)')
) as v(title, text, result);

select is(pg_temp.resolved('<<$object>> <<$city>> <<$place>> <<$max_objects>>', v.source::uuid, v.request::uuid, v.object::uuid), v.result, v.title)
from (values
    ('without a request nothing is known', :directory, null, :'object', '<<$object>> <<$city>> <<$place>> <<$max_objects>> (not all)'),
    ('without an object', :directory, :'request', null, '<<$object>> <<$city>> Berlin 10 (not all)'),
    ('without a source', null, :'request', :'object', 'Acme "1" Paris Berlin <<$max_objects>> (not all)'),
    ('of another organization''s request', :directory, :request_a, :'object', '<<$object>> <<$city>> <<$place>> <<$max_objects>> (not all)'),
    ('of another organization''s source', :source_a, :'request', :'object', 'Acme "1" Paris Berlin <<$max_objects>> (not all)')
) as v(title, source, request, object, result);
select is(r, row(null::text, true), 'no text') from utils.resolve_json_variables(null, :directory, :'request', :'object') as r;

-- What the request gives counts more than what the object has.
select pg_temp.ask(:enrich_branches, '{"objects": ["Acme \"1\""], "input": {"city": "Bonn"}}') as branches_request \gset
select is(pg_temp.resolved('<<$city>>', :branches, :'branches_request', :'object'), 'Bonn', 'an input field of a datapoint''s name');

set local role service_role;
select is(result, 'Berlin', 'service_role may call it') from utils.resolve_json_variables('<<$place>>', :directory, :'request', null);
reset role;

select * from finish();
rollback;
