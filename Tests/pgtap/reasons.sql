-- Which reasons are one: those that differ in quoted texts and numbers only.
begin;
select no_plan();

select is(utils.reason_pattern(r.reason), r.pattern, r.reason)
from (values
    ('the API answered HTTP 404: it does not know this object', 'the API answered HTTP #: it does not know this object'),
    ('the text ''large'' where a number is expected (at $.r[12].size)', 'the text … where a number is expected (at $.r[#].size)'),
    ('the text ''it''s large'' where a number is expected', 'the text … where a number is expected'),
    ('an array where an object''s name is expected, not ''x'', not ''y''', 'an array where an object''s name is expected, not …, not …'),
    ('-1.5e+30 where true or false is expected (at $.flag)', '-# where true or false is expected (at $.flag)'),
    ('again in 0.25 s', 'again in # s'),
    ('', '')
) as r(reason, pattern);
select isnt(
    utils.reason_pattern('the text ''x'' where a number is expected (at $.size)'),
    utils.reason_pattern('the text ''x'' where a number is expected (at $.age)'),
    'another place in the answer is another reason');
select is(utils.reason_pattern(null), null, 'no reason has no pattern');

select * from finish();
rollback;
