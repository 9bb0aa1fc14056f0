-- public.clean_safe_jsonb: as safe_jsonb, after control characters inside of strings were escaped.
begin;
select no_plan();

select is(public.clean_safe_jsonb(v.text), v.value::jsonb, v.title)
from (values
    ('line breaks in a text', E'{"test": "value\nwith\r\nnewlines"}', '{"test": "value\nwith\r\nnewlines"}'),
    ('a tab in a key', E'{"a\tb": 1}', '{"a\tb": 1}'),
    ('every control character', E'"\u0001\u0008\u000b\u000c\u000e\u001f"', '"\u0001\u0008\u000b\u000c\u000e\u001f"'),
    ('line breaks between the parts are left alone', E'{\n"a":\t"x\ny"\r\n}', '{"a": "x\ny"}'),
    ('an escaped quotation mark ends no text', E'["a\\"b\nc", "d\n"]', '["a\"b\nc", "d\n"]'),
    ('an escaped backslash does', E'["C:\\\\\n", "\n"]', '["C:\\\n", "\n"]'),
    ('what is valid stays as it is', '{"a": "x\ny"}', '{"a": "x\ny"}'),
    ('a control character behind a backslash could mean anything', E'"a\\\nb"', null),
    ('a text that does not end', E'{"a": "x\n', null),
    ('no JSON', E'invalid\njson', null),
    ('nothing', null, null),
    ('no byte', '', null),
    ('U+0000 is not escaped away', E'{"a": "\\u0000\n"}', null),
    ('half of a surrogate pair', E'["\\ud800\n"]', null),
    ('a number beyond what can be stored', E'[1e400000, "\n"]', null)
) as v(title, text, value);

set local role service_role;
select is(public.clean_safe_jsonb(E'"\n"'), '"\n"', 'service_role may call it');
reset role;

select * from finish();
rollback;
