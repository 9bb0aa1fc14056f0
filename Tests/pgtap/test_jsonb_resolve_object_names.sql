-- utils.jsonb_resolve_object_names and the paths below it, by the vectors that Libraries/Mapping is tested with.
--
-- Two things differ, both because a payload here is jsonb: the members of an object come in an order of its own instead of the document's,
-- so that where the vectors' documents are in another order places are compared as sets; and a document that jsonb cannot hold is none.
begin;
\set vectors `cat Tests/Vectors/path_patterns.json`
\set name_vectors `cat Tests/Vectors/object_names.json`
select no_plan();

create temp table document as
select v ->> 'name' as name, coalesce(v -> 'document', public.safe_jsonb(v ->> 'document_text')) as document, v -> 'pattern' as pattern,
       v -> 'matches' as matches
from jsonb_array_elements(:'vectors'::jsonb -> 'matches') as v;
select cmp_ok(count(*), '>=', 37::bigint, 'the vectors of paths were read') from document;
select results_eq(
    $$select name from document where document is null$$, array['what is not matched may be anything'],
    'one document cannot be jsonb');
select bag_eq(
    format('select path, value from utils.jsonb_path_matches(%L, %L)', document, pattern),
    format($$select m ->> 'path', coalesce(m -> 'value', (m ->> 'value_text')::jsonb) from jsonb_array_elements(%L::jsonb) as m$$, matches),
    name)
from document where document is not null;
select is(value::text, '1.10', 'numbers keep their digits') from utils.jsonb_path_matches('{"a": 1.10}', '["a"]');
select is(array_agg(path), array['$[0].n', '$[1].n', '$[10].n'], 'elements come in the order of the array')
from utils.jsonb_path_matches((select jsonb_agg(case when k in (0, 1, 10) then '{"n": 1}' else '{}' end::jsonb order by k)
                               from generate_series(0, 11) as k), '["*", "n"]');
select is(array_agg(path), array['$', '$.a', '$.a[0]', '$.b'], 'what holds others comes before them')
from utils.jsonb_path_matches('{"b": 1, "a": [2]}', '["**"]');
select results_eq($$select path, records from utils.jsonb_path_matches('{"a": {"a": {"id": 1}}}', '["**", "*", "**", "id"]')$$,
                  $$values ('$.a.a.id', 0::bigint)$$, 'several ways to a place are one match, and no step that only one of them chose is a choice');
select is(count(*), 0::bigint, 'no document, no match') from utils.jsonb_path_matches(null, '[]');

select throws_ok(format('select utils.jsonb_path_matches(''{}'', %L)', v -> 'pattern'), '22023', null, 'refused: ' || (v ->> 'name'))
from jsonb_array_elements(:'vectors'::jsonb -> 'invalid_patterns') as v;
select throws_ok($$select utils.jsonb_path_matches('{}', null)$$, '22023', null, 'refused: no path at all');
select throws_ok(format('select utils.jsonb_path_matches(''{}'', %L)', (select jsonb_agg('*'::text) from generate_series(1, 65))),
                 '22023', 'a path has at most 64 elements, this one has 65', 'refused: a path of 65 elements');
select throws_ok($$select utils.jsonb_path_matches((select jsonb_agg(k) from generate_series(0, 100000) as k), '["*"]')$$,
                 '54000', 'the path matches more than 100000 places of the answer; narrow it', 'refused: more matches than the bound');

-- What a path only passes through is not counted.
select is(array_agg(path order by path), array['$.a[100000].id', '$.id'], 'two of a hundred thousand places')
from utils.jsonb_path_matches((select jsonb_build_object('id', 1, 'a', jsonb_agg(k) || '[{"id": 2}]') from generate_series(1, 100000) as k), '["**", "id"]');
-- Places in each other, of which some chose a record and some did not: each is one match, with what all ways have in common.
select results_eq(
    $$select path, records from utils.jsonb_path_matches('{"a": [{"a": [{"id": 1}, {"b": {"a": {"id": 2}}}]}]}', '["**", "a", "**", "id"]')$$,
    $$values ('$.a[0].a[0].id', 10::bigint), ('$.a[0].a[1].b.a.id', 10)$$, 'ways that meet go on as one');
select results_eq($$select path, records from utils.jsonb_path_matches('{"a": [{"a": {"id": 1}}]}', '["**", 0, "**", "id"]')$$,
                  $$values ('$.a[0].a.id', 0::bigint)$$, 'an index that was asked for is not the choice of a record');

-- Names.
create temp table named as
select v ->> 'kind' as kind, v -> 'value' as value, v ->> 'name' as name
from jsonb_array_elements((:'vectors'::jsonb -> 'object_names') || (:'name_vectors'::jsonb -> 'values')) as v;
select cmp_ok(count(*), '>=', 43::bigint, 'the vectors of names were read') from named;
select results_eq(
    format('select object_name from utils.jsonb_resolve_object_names(%L, ''["x"]'', %L)', jsonb_build_object('x', value), kind),
    array_remove(array[name], null), format('%s of %s', kind, value))
from named;

-- Their keys stand in the order of jsonb, so that the order counts here.
create temp table named_document as
select v ->> 'name' as name, v ->> 'kind' as kind, v -> 'path' as path, v -> 'document' as document, v -> 'objects' as objects
from jsonb_array_elements(:'name_vectors'::jsonb -> 'documents') as v;
select cmp_ok(count(*), '>=', 11::bigint, 'the vectors of documents with names were read') from named_document;
select is(jsonb_agg(jsonb_build_array(n.object_name, n.path, n.value) order by n.k) filter (where n.k is not null),
          nullif(d.objects, '[]'), d.name)
from named_document as d
left join lateral utils.jsonb_resolve_object_names(d.document, d.path, d.kind) with ordinality as n(object_name, path, value, k) on true
group by d.name, d.objects;

-- The specification's examples (11.1.2).
\set company '''{"company": "test.com", "website": "https://test.com"}'''
select is(object_name, 'test.com', 'the text at a key') from utils.jsonb_resolve_object_names(:company, '["company"]', 'key');
select is(object_name, 'test.com', 'the host of a URL') from utils.jsonb_resolve_object_names(:company, '["website"]', 'value');
select is(count(*), 0::bigint, 'a path that leads nowhere') from utils.jsonb_resolve_object_names(:company, '["nonexistent"]', 'key');

-- Where a path ends in a star, the key that it chose is the name; of an array the index, unless the element is a name itself.
select results_eq(
    $$select object_name, path, value::text from utils.jsonb_resolve_object_names(
          '{"list": ["x", {"n": 1}, [2], null, " y "], "map": {"FR": {"capital": "Paris"}, " DE ": 1, " ": 2}}', '["**", "*"]', 'key')
      where path not like '$.map.FR.%'$$,
    $$values ('map', '$.map', '{" ": 2, "FR": {"capital": "Paris"}, " DE ": 1}'), ('FR', '$.map.FR', '{"capital": "Paris"}'),
             ('DE', '$.map['' DE '']', '1'),
             ('list', '$.list', '["x", {"n": 1}, [2], null, " y "]'), ('x', '$.list[0]', '"x"'), ('1', '$.list[1]', '{"n": 1}'),
             ('n', '$.list[1].n', '1'), ('2', '$.list[2]', '[2]'), ('2', '$.list[2][0]', '2'), ('y', '$.list[4]', '" y "')$$,
    'keys and indexes as names');
select results_eq(
    $$select object_name from utils.jsonb_resolve_object_names('{"a": "https://www.x.example/", "b": {"c": 1}, "d": 7}', '"*"', 'value')$$,
    array['x.example', '7'], 'with value the values are normalized, and containers are none');
select is(count(*), 0::bigint, 'no payload, no names') from utils.jsonb_resolve_object_names(null, '["*"]', 'key');
select throws_ok(format('select utils.jsonb_resolve_object_names(''{}'', ''["a"]'', %L)', t), '22023', 'there is no mapping type ' || coalesce(quote_literal(t), 'null'),
                 'there are two mapping types')
from (values ('name'), (null)) as v(t);

set local role service_role;
select is(object_name, 'x', 'service_role may call it') from utils.jsonb_resolve_object_names('{"a": "x"}', '["a"]', 'key');
reset role;

select * from finish();
rollback;
