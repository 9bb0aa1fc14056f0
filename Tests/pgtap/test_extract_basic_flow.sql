-- An extract by SQL alone: search criteria, a run that looks for objects, what it finds, the result. And bounds: at most so many objects.
begin;
\ir fixtures/activities.sql
select no_plan();

insert into public.object (org_id, object_type_id, original_object_value_name) values (:org, :company, 'known.example') returning id as known \gset
select pg_temp.ask(:find, '{"input": {"query": "bakery", "place": "Berlin"}}') as request \gset
select is(etl_api.process_activity_request_by_id(:'request'), 1, 'the request comes to a run');
select pg_temp.answer(:'request', :directory, '{"results": [
    {"site": "https://www.b.example/shop", "name": "B", "size": 12}, {"site": "known.example", "name": "Known", "at": {"city": "Bonn"}},
    {"site": "a.example", "size": "many"}, {"site": "b.example", "name": "B again", "at": {"city": "Rome"}}, {"name": "nameless"}]}') as exchange \gset
select is(etl_api.process_run_results_for_source(:directory), 1, 'its answer is mapped');
select results_eq(
    format('select o.position, o.name collate "default", o.object_id = %L, x.request_id is not distinct from o.activity_request_id
            from public.request_object as o join public.object as x on x.id = o.object_id where o.activity_request_id = %L order by 1', :'known', :'request'),
    $$values (0, 'b.example', false, true), (1, 'known.example', true, false), (2, 'a.example', false, true)$$,
    'three objects in the order of the answer, each once; one was known before');
select bag_eq(
    format('select x.original_object_value_name collate "default", f.source_id, f.note from public.object_finding as f join public.object as x on x.id = f.object_id
            where f.activity_request_id = %L', :'request'),
    format($$values ('b.example', %L::uuid, null), ('known.example', %L, null),
                    ('a.example', %L, 'the text ''many'' where a number is expected (at $.results[2].size)')$$, :directory, :directory, :directory),
    'each is linked to the source that found it');
select is(etl_api.reconstruct_values_to_activity_request(:'request'), '[
    {"object": "b.example", "values": {"legal_name": "B", "employees": 12, "city": "Rome"}},
    {"object": "known.example", "values": {"legal_name": "Known", "city": "Bonn"}},
    {"object": "a.example", "values": {}, "note": "the text ''many'' where a number is expected (at $.results[2].size)"}]',
    'the result has a line for each; of two places with one name the first counts, the second fills up');
select results_eq(format('select state, state_substate, state_reason from public.run_queue where activity_request_id = %L', :'request'),
    $$values ('done'::public.run_queue_state, 'type_mismatch', 'the text ''many'' where a number is expected (at $.results[2].size)')$$, 'the run is done');
select is(array[objects_total, objects_expanded, runs_total, runs_done], array[3, 3, 1, 1], 'what was found is counted')
from public.request_progress where activity_request_id = :'request';
select results_eq(format('select path, found, x.original_object_value_name collate "default" from public.conversion_failure as c left join public.object as x on x.id = c.object_id
                          where c.activity_request_id = %L', :'request'),
    $$values ('$.results[2].size', 'many', 'a.example')$$, 'what could not be converted is kept with its object');

-- Two sources of one request: an object that both find has one place.
insert into public.object_source (org_id, source_id, object_type_id, key_mapping, key_mapping_type) values (:org, :registry, :company, '["hits", "*"]', 'key');
update public.source set run_request_template = '{"url": "/all"}' where id = :registry;
insert into public.activity_source (org_id, activity_id, source_id, position) values (:org, :find, :registry, 1);
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as two \gset
select is(etl_api.process_activity_request_by_id(:'two'), 2, 'two sources, two runs');
select pg_temp.answer(:'two', :registry, '{"hits": {"b.example": {}, "z.example": {}}}');
select pg_temp.answer(:'two', :directory, '{"results": [{"site": "z.example", "size": 1}, {"site": "y.example", "size": 2}]}');
-- The second source answers first.
select is(etl_api.process_run_results_for_source(:registry), 1, 'one is mapped');
select is(array[p.objects_total, p.objects_expanded, (select count(*) from public.request_object as o where o.activity_request_id = :'two')::integer], array[2, 2, 0],
    'its objects are counted, and have no places yet') from public.request_progress as p where p.activity_request_id = :'two';
select is(etl_api.process_run_results_for_source(:directory), 1, 'the other is mapped');
select is(pg_temp.objects(:'two'), array['z.example', 'y.example', 'b.example'],
    'in the order of the sources, then of each answer; each once, at its first place');
select is(array[objects_total, objects_expanded], array[3, 3], 'and counted once') from public.request_progress where activity_request_id = :'two';
select is(count(*), 4::bigint, 'both links of z.example are kept') from public.object_finding where activity_request_id = :'two';
select is(etl_api.reconstruct_values_to_activity_request(:'two'),
    '[{"object": "z.example", "values": {"employees": 1}}, {"object": "y.example", "values": {"employees": 2}}, {"object": "b.example", "values": {}}]', 'the result');

-- What is beyond the bound is so by that order, too, and not by who answers first.
update public.activity set max_objects = 3 where id = :find;
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as tight \gset
select etl_api.process_activity_request_by_id(:'tight');
select pg_temp.answer(:'tight', :registry, '{"hits": {"1.example": {}, "2.example": {}, "3.example": {}}}');
select is(etl_api.process_run_results_for_source(:registry), 1, 'the second source answers first, and fills the request');
select pg_temp.answer(:'tight', :directory, '{"results": [{"site": "4.example", "size": 4}, {"site": "2.example", "size": 2}]}');
select is(etl_api.process_run_results_for_source(:directory), 1, 'then the first');
select is(pg_temp.objects(:'tight'), array['4.example', '2.example', '1.example'], 'what the first one has found is kept');
select results_eq(format($$select s.key, r.state_reason from public.run_queue as r join public.source as s on s.id = r.source_id
                           where r.activity_request_id = %L and r.state_substate = 'max_objects'$$, :'tight'),
    $$values ('registry', '1 of the 3 objects found is left out: a request of this activity takes at most 3')$$, 'the second says what is left out');
select is(count(*), 4::bigint, 'nothing points to what is left out') from public.object_finding where activity_request_id = :'tight';

-- A source that fails holds nobody up; what it finds when it is asked again comes after what is there.
update public.activity set max_objects = 4 where id = :find;
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as late \gset
select etl_api.process_activity_request_by_id(:'late');
select pg_temp.answer(:'late', :directory, '<html>');
select pg_temp.answer(:'late', :registry, '{"hits": {"1.example": {}, "2.example": {}}}');
select etl_api.process_run_results_for_source(:registry), etl_api.process_run_results_for_source(:directory);
select is(pg_temp.objects(:'late'), array['1.example', '2.example'], 'one source has failed');
update public.run_queue set state = 'ready' where activity_request_id = :'late' and source_id = :directory;
select pg_temp.answer(:'late', :directory, '{"results": [{"site": "9.example"}, {"site": "2.example"}, {"site": "5.example"}, {"site": "7.example"}]}');
select is(etl_api.process_run_results_for_source(:directory), 1, 'it is asked again');
select is(pg_temp.objects(:'late'), array['1.example', '2.example', '9.example', '5.example'], 'new ones come after those that are there, as many as there is room for');

-- After a replay, what is not found again goes, and what is keeps its order.
delete from public.object_finding where activity_request_id = :'late';
update public.run_queue set state = 'in_progress', state_substate = 'fetched' where activity_request_id = :'late';
update public.run_result set body = convert_to('{"results": [{"site": "0.example"}, {"site": "9.example"}, {"site": "2.example"}]}', 'UTF8')
where run_request_id = (select r.run_request_id from public.run_queue as r where r.activity_request_id = :'late' and r.source_id = :directory);
select is(etl_api.process_run_results_for_source(:directory) + etl_api.process_run_results_for_source(:registry), 2, 'both are mapped anew');
select is(pg_temp.objects(:'late'), array['1.example', '2.example', '9.example', '0.example'], 'those found again keep their order, and the new one comes last');
select is(array_agg(position order by position), array[0, 1, 2, 3], 'numbered without a gap') from public.request_object where activity_request_id = :'late';

-- At most so many objects.
update public.activity set max_objects = 2 where id = :find;
delete from public.activity_source where activity_id = :find and source_id = :registry;
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as cut \gset
select etl_api.process_activity_request_by_id(:'cut');
select pg_temp.answer(:'cut', :directory, '{"results": [{"site": "1.example", "name": "1"}, {"site": "1.example"}, {"site": "2.example"}, {"site": "3.example", "name": "3"}, {"site": "4.example"}]}');
select is(etl_api.process_run_results_for_source(:directory), 1, 'more than there is room for');
select results_eq(format('select name collate "default" from public.request_object where activity_request_id = %L order by position', :'cut'),
    $$values ('1.example'), ('2.example')$$, 'the first two are kept');
select is(array[state::text, state_substate, state_reason], array['done', 'max_objects', '2 of the 4 objects found are left out: a request of this activity takes at most 2'],
    'and it is said') from public.run_queue where activity_request_id = :'cut';
select is(count(*), 1::bigint, 'values of what is left out are not stored') from public.value where activity_request_id = :'cut';

-- Nothing found, and a source that stopped naming its objects.
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as nothing \gset
select etl_api.process_activity_request_by_id(:'nothing');
select pg_temp.answer(:'nothing', :directory, '{"results": []}');
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as odd \gset
select etl_api.process_activity_request_by_id(:'odd');
select pg_temp.answer(:'odd', :directory, '{"results": [{"site": {}}, {"site": []}]}');
select is(etl_api.process_run_results_for_source(:directory), 2, 'two answers without objects');
select is(array[state::text, state_substate, state_reason], array['done', 'no_data', 'the answer names no object where the mapping looks for one'], 'nothing found')
from public.run_queue where activity_request_id = :'nothing';
select is(array[state_substate, state_reason], array['no_data', 'an object where an object''s name is expected (at $.results[0].site); 1 more like it'],
    'what stands there is said') from public.run_queue where activity_request_id = :'odd';
select is(etl_api.reconstruct_values_to_activity_request(:'nothing'), '[]', 'an empty result');
select pg_temp.ask(:find, '{"input": {"query": "x"}}') as unmapped \gset
select etl_api.process_activity_request_by_id(:'unmapped');
delete from public.object_source where source_id = :directory;
select pg_temp.answer(:'unmapped', :directory, '{"results": [{"site": "a.example"}]}');
select is(etl_api.process_run_results_for_source(:directory), 1, 'a mapping that is gone');
select is(array[state::text, state_substate, state_reason], array['failed', 'mapping', 'the source does not say where an answer names each object; add object_source to it'],
    'fails the run') from public.run_queue where activity_request_id = :'unmapped';

select is(count(*), 0::bigint, 'all rows agree with each other') from etl_api.check_state_consistency(:org);
select * from finish();
rollback;
