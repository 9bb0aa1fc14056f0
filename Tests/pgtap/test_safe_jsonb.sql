-- public.safe_jsonb: JSON or null, whatever it is given.
begin;
select no_plan();

select is(public.safe_jsonb(v.text), v.value::jsonb, v.title)
from (values
    ('an object', '{"test": "value"}', '{"test": "value"}'),
    ('a text', '"x"', '"x"'),
    ('null, which is JSON', ' null ', 'null'),
    ('line breaks between the parts', E'{\n\t"a": [1,\r\n2]}', '{"a": [1, 2]}'),
    ('an escaped character of two halves', '"\ud83d\ude00"', '"😀"'),
    ('nothing', null, null),
    ('no byte', '', null),
    ('no JSON', 'invalid json', null),
    ('JSON with more behind it', '{} x', null),
    ('JSON that ends too early', '{"a": ', null),
    ('a line break in a text', E'"a\nb"', null),
    ('U+0000', '{"a": "\u0000"}', null),
    ('half of a surrogate pair', '["\ud800"]', null),
    ('a number beyond what can be stored', '{"a": 1e400000}', null),
    ('a thousand times deeper than anybody needs', repeat('[', 100000) || repeat(']', 100000), null)
) as v(title, text, value);
select is(public.safe_jsonb('null') is null, false, 'the JSON null is something else than no JSON');

-- A statement over many rows survives the bad ones.
select is(count(public.safe_jsonb(case when k % 2 = 0 then '{}' else '{' end)), 500::bigint, 'half of a thousand rows are JSON')
from generate_series(1, 1000) as k;

set local role service_role;
select is(public.safe_jsonb('[1]'), '[1]', 'service_role may call it');
reset role;

select * from finish();
rollback;
