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
    ('{}', '{}')
) as v(template, required);
select is(utils.required_variables(null), '{}', 'no template needs nothing');

select * from finish();
rollback;
