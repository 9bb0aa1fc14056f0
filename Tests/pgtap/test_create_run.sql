-- etl_api.create_run and process_activity_request_by_id: which function makes the runs, what becomes of the request, who may not be disturbed.
begin;
\ir fixtures/activities.sql
select no_plan();

-- create_run asks the function of the activity's type.
select pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example"]}') as enrichment \gset
select is(etl_api.create_run(:'enrichment'), 2, 'an enrichment comes to a run for each object');
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as extract \gset
select is(etl_api.create_run(:'extract'), 1, 'an extract to a run for its source');
select pg_temp.ask(:qualify, '{"objects": ["a.example", "b.example", "c.example"]}') as sourcing \gset
select is(etl_api.create_run(:'sourcing'), 3, 'sourcing of named objects to a run for each');
select is(etl_api.create_run(r), 0, 'made once, they are not made again')
from unnest(array[:'enrichment', :'extract', :'sourcing']::uuid[]) as r;
select is(count(*), 6::bigint, 'six runs in all') from public.run_queue where org_id = :org;

select throws_ok('select etl_api.create_run(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no activity request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');
select throws_ok('select etl_api.create_run(null)', 'P0002', 'there is no activity request null', 'no request');
select throws_ok('select etl_api.create_run(''invalid-uuid'')', '22P02', null, 'no uuid');
update public.activity set activity_type_id = (select id from public.activity_type where name = 'training') where id = :enrich_twice;
select throws_ok(format('select etl_api.create_run(%L)', pg_temp.ask(:enrich_twice, '{"objects": ["x"]}')), '0A000',
                 'activities of type training cannot run yet; only enrichment, extract and sourcing can', 'a type that cannot run yet');

-- The request goes its way: new → valid → ready → in progress, with a deadline.
select pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example"]}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 2, 'processing a request makes its runs');
select results_eq(
    format('select to_state, attempt from public.state_history where entity_id = %L order by sequence', :'request'),
    $$values ('new', 0), ('valid', 0), ('ready', 1), ('in_progress', 1)$$, 'the request goes its way');
select ok(deadline_at between clock_timestamp() + interval '6 days' and clock_timestamp() + interval '7 days',
          'and has the time that its activity gives it') from public.activity_request where id = :'request';
select is(etl_api.process_activity_request_by_id(:'request'), 0, 'processed once, it is left alone');
select is(count(*), 4::bigint, 'and nothing is written') from public.state_history where entity_id = :'request';
select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as made_before \gset
select etl_api.create_run(:'made_before');
select is(etl_api.process_activity_request_by_id(:'made_before'), 0, 'one whose runs are there already comes to no more');
select is(state::text, 'in_progress', 'and is started') from public.activity_request where id = :'made_before';
select throws_ok('select etl_api.process_activity_request_by_id(''c0000000-0000-7000-8000-00000000dead'')', 'P0002',
                 'there is no activity request c0000000-0000-7000-8000-00000000dead', 'a request that there is not');

-- What nobody has checked is checked.
create temp table refused as
select r.id, v.reason
from (values
    (:enrich, '[]', '$: must be an object, not array'),
    (:enrich, '{}', '$.objects: is missing; list the names of the objects'),
    (:enrich, '{"objects": "x"}', '$.objects: must be an array of names, not string'),
    (:enrich, '{"objects": []}', '$.objects: is empty; name at least one object'),
    (:enrich, '{"objects": ["a", 1]}', '$.objects[1]: must be a name, a string, not number'),
    (:enrich, '{"objects": ["a", " \t"]}', '$.objects[1]: is empty; a name has at least one visible character'),
    (:enrich, '{"objects": ["a", "b", "a", "b"]}', '$.objects[2]: is the same name as $.objects[0]; name each object once (and 1 more)'),
    (:enrich, jsonb_build_object('objects', array[repeat('é', 501)])::text, '$.objects[0]: has 1002 bytes, more than the maximum of 1000'),
    (:enrich, jsonb_build_object('objects', (select jsonb_agg(k) from generate_series(0, 100000) as k))::text,
     '$.objects: names 100001 objects, more than the maximum of 100000; split the request'),
    (:enrich, '{"objects": ["a"], "object": "b"}', '$.object: there is no such field; known are "activity", "objects" and "input"'),
    (:enrich, '{"objects": ["a"], "input": {"q": 1}}', '$.input.q: there is no such field; the activity takes no input'),
    (:find, '{"objects": ["a"], "input": {"query": "x"}}', '$.objects: must be left out: an extract finds its objects by its input'),
    (:find, '{}', '$.input.query: is missing; the activity needs it'),
    (:find, '{"input": ["x"]}', '$.input: must be an object with the fields that the activity takes, not array (and 1 more)'),
    (:find, '{"input": {"query": "x", "size_min": "10"}}', '$.input.size_min: must be a number, not string'),
    (:find, '{"input": {"query": "x", "plaice": "Berlin"}}', '$.input.plaice: there is no such field; the activity takes place, query, size_min')
) as v(activity, content, reason)
cross join lateral (select pg_temp.ask(v.activity::uuid, v.content::jsonb) as id) as r;
select is(etl_api.process_activity_request_by_id(id), 0, 'no runs: ' || reason) from refused;
select is(array[r.state::text, r.state_substate, r.state_reason], array['invalid', 'content', f.reason], 'invalid: ' || f.reason)
from refused as f join public.activity_request as r on r.id = f.id;
select throws_ok(format('select etl_api.create_run(%L)', pg_temp.ask(:enrich, '{}')), '22023', null, 'create_run, which changes no state, raises it');
select is(etl_api.check_request_content('{"activity": "find", "input": {"query": "x", "place": "Berlin", "size_min": 5}}', 'extract', input), null,
          'a request in order') from public.activity where id = :find;

-- Whoever has the request is not disturbed; what is over stays over.
create temp table busy as
select pg_temp.ask(:enrich, '{"objects": ["a.example"]}') as id, title from (values ('expanding'), ('stopping'), ('cancelled')) as v(title);
update public.activity_request as r set state = 'valid' from busy as b where r.id = b.id;
update public.activity_request as r set state = 'ready' from busy as b where r.id = b.id;
update public.activity_request as r set state = 'in_progress', worker_id = :worker from busy as b where r.id = b.id and b.title = 'expanding';
update public.activity_request as r set stopping = 'cancelled' from busy as b where r.id = b.id and b.title = 'stopping';
update public.activity_request as r set state = 'failed', state_substate = 'cancelled' from busy as b where r.id = b.id and b.title = 'cancelled';
select is(etl_api.process_activity_request_by_id(id), 0, 'left alone: ' || title) from busy;
select is(etl_api.create_run(id), 0, 'no runs: ' || title) from busy;
select is(count(*), 0::bigint, 'none at all') from public.run_queue as r join busy as b on b.id = r.activity_request_id;

-- A request that was begun goes on where it has come to.
select pg_temp.ask(:enrich, '{"objects": ["a.example", "b.example", "c.example"]}') as begun \gset
update public.activity_request set state = 'valid' where id = :'begun';
update public.activity_request set state = 'ready' where id = :'begun';
update public.activity_request set state = 'in_progress' where id = :'begun';
insert into public.request_progress (org_id, activity_request_id, objects_total, objects_expanded) values (:org, :'begun', 3, 1);
insert into public.request_object (org_id, activity_request_id, position, object_id, name)
select :org, :'begun', 0, id, 'a.example' from public.object where org_id = :org and original_object_value_name = 'a.example';
select is(etl_api.process_activity_request_by_id(:'begun'), 2, 'the objects that are left');
select results_eq(format('select position, name from public.request_object where activity_request_id = %L order by 1', :'begun'),
                  $$values (0, 'a.example' collate "C"), (1, 'b.example'), (2, 'c.example')$$, 'every object in its place');

set local role service_role;
select is(etl_api.process_activity_request_by_id(:'request'), 0, 'service_role may process');
select is(etl_api.create_run(:'request'), 0, 'and make runs');
reset role;
select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org)
where id not in (select id from busy) and id <> :'begun';

select * from finish();
rollback;
