-- utils.replace_request_placeholders and public.json_placeholder_replace, by the vectors that Libraries/Templates is tested with.
begin;
\set vectors `cat Tests/Vectors/placeholders.json`
select no_plan();

-- The specification's examples (11.1.2).
select is(utils.replace_request_placeholders('Hello <<$name>>, your ID is <<$id>>', '{"name": "John", "id": "123"}'),
          'Hello John, your ID is 123', 'every placeholder is replaced');
select is(utils.replace_request_placeholders('Hello <<$name>>, your ID is <<$id>>', '{"name": "John"}'),
          'Hello John, your ID is <<$id>>', 'one without a value stays');
select is(utils.replace_request_placeholders(v.input, '{}'), v.input, 'without values nothing changes: ' || v.input)
from (values ('Hello <<$name>>'), (''), ('plain')) as v(input);

-- Those of whole requests, which only Swift runs, hold a U+0000.
create function pg_temp.vectors(p_text text) returns jsonb language sql as $$ select replace(p_text, '\u0000', '')::jsonb $$;
create temp table text_vector as
select v ->> 'name' as name, v ->> 'input' as input, v -> 'variables' as variables, v ->> 'output' as output, (v ->> 'resolved')::boolean as resolved
from jsonb_array_elements(pg_temp.vectors(:'vectors') -> 'text') as v;
select cmp_ok(count(*), '>=', 19::bigint, 'the vectors of texts were read') from text_vector;
select is(utils.replace_request_placeholders(input, variables), output, name) from text_vector;
select is(utils.unresolved_placeholders(input, variables) = '{}', resolved, name || ': resolved or not') from text_vector;

create temp table json_vector as
select v ->> 'name' as name, v -> 'template' as template, v -> 'variables' as variables, v -> 'output' as output, v -> 'unresolved' as unresolved
from jsonb_array_elements(pg_temp.vectors(:'vectors') -> 'json') as v;
select cmp_ok(count(*), '>=', 6::bigint, 'the vectors of JSON were read') from json_vector;
select is(public.json_placeholder_replace(template, variables), output, name) from json_vector;
select is(to_jsonb(utils.unresolved_placeholders(template, variables)), unresolved, name || ': what is unresolved') from json_vector;

create temp table refused as select v ->> 'name' as name, v ->> 'input' as input from jsonb_array_elements(pg_temp.vectors(:'vectors') -> 'refused') as v;
select cmp_ok(count(*), '>=', 17::bigint, 'the vectors of what a template must not hold were read') from refused;
-- Whoever reads templates refuses these; here they are text. A secret is a variable like others: none has a value.
select is(utils.replace_request_placeholders(input, '{"x": "value"}'), input, 'text: ' || name) from refused;

-- What the vectors cannot say.
select is(utils.replace_request_placeholders(null, '{}'), null, 'no text, no text');
select is(utils.replace_request_placeholders('<<$a>>', v.nothing), '<<$a>>', 'what holds no values resolves nothing: ' || v.nothing::text)
from (values ('[]'::jsonb), ('1'), ('null')) as v(nothing);
select is(utils.replace_request_placeholders('<<$a>>', null), '<<$a>>', 'nor does null');
select is(public.json_placeholder_replace(null, '{}'), null, 'no template, nothing');
select is(public.json_placeholder_replace('"<<$a>>"', '{"a": [1, {"b": null}]}'), '[1, {"b": null}]', 'a template that is one placeholder');
select is(public.json_placeholder_replace('["say \"<<$a>>", "\\<<$a>>\\"]', '{"a": 5}'), '["say \"5", "\\5\\"]',
          'an escaped quotation mark or backslash beside a placeholder begins and ends no text');
select is(public.json_placeholder_replace((repeat('[', 2000) || '"<<$a>>"' || repeat(']', 2000))::jsonb, '{"a": 1}'),
          (repeat('[', 2000) || '1' || repeat(']', 2000))::jsonb, 'at any depth');
select is(utils.jsonb_compact('{"a, b: c": [1, "x, \"y\": z", {"d": []}]}'), '{"a, b: c":[1,"x, \"y\": z",{"d":[]}]}',
          'compact JSON has no spaces but those in texts');

set local role service_role;
select is(utils.replace_request_placeholders('<<$a>>', '{"a": 1}'), '1', 'service_role may call the one');
select is(public.json_placeholder_replace('"<<$a>>"', '{"a": 1}'), '1', 'and the other');
reset role;

select * from finish();
rollback;
