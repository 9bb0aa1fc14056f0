-- Which variables of a template must have a value.
begin;
select no_plan();

select is(utils.required_variables(v.template::jsonb), v.required::text[], v.template)
from (values
    ('{"url": "https://example.org/<<$object>>"}', '{object}'),
    ('{"url": "https://example.org/<<$place>>", "query": {"q": "<<$query>> in <<$place>>"}}', '{place,query}'),
    ('{"headers": {"authorization": "Bearer <<$secret.TOKEN>>"}}', '{}'),
    ('{"body": {"size": "<<$size_min|default:10>>", "name": "<<$name|upper>>"}}', '{name}'),
    ('{"body": "<<$name|upper|default:\"x\">>"}', '{}'),
    ('{"body": "<<$name | trim>> and <<$other | default: \"a|b\">>"}', '{name}'),
    ('{"body": "<<$name|defaults>>"}', '{name}'),
    ('{"body": "<<$ name"}', '{}'),
    ('{"body": "<<$1st>> << $no>> <$no>"}', '{}'),
    ('{"body": {"size": "<<$max_objects>>", "setup": "<<$run_setup>>", "key": "<<$submission_key>>", "to": "<<$callback_url>>"}}', '{}'),
    ('{}', '{}')
) as v(template, required);
select is(utils.required_variables(null), '{}', 'no template needs nothing');

select is(utils.input_with_defaults(i.declared::jsonb, i.given::jsonb), i.input::jsonb, concat_ws(' with ', i.given, i.declared))
from (values
    ('{"size": {"type": "number", "default": 10}, "query": {"type": "text"}}', '{"query": "x"}', '{"size": 10, "query": "x"}'),
    ('{"size": {"type": "number", "default": 10}}', '{"size": 5}', '{"size": 5}'),
    ('{"size": {"type": "number", "default": 10}}', null, '{"size": 10}'),
    ('{}', null, '{}')
) as i(declared, given, input);

select * from finish();
rollback;
