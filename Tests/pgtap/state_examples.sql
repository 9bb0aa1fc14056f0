-- The SQL that docs/states.md suggests runs as it stands there. Runs from the root of the repository.
begin;
\set page `cat docs/states.md`
select no_plan();

create temp table example as
select m[1] as sql from regexp_matches(:'page', '```sql\n(.*?)\n```', 'g') as m;
select cmp_ok(count(*), '>=', 2::bigint, 'the examples were read') from example;

create table public.old_job (status text, "job status" text);
insert into public.old_job values ('DONE', null), (null, 'running');
select lives_ok(sql, 'runs: ' || left(regexp_replace(sql, '\s+', ' ', 'g'), 60)) from example;
select bag_eq('select state from public.old_job', array['done', 'in_progress'], 'and did what the page says');

select * from finish();
rollback;
