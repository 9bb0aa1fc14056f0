-- Tables of legacy statuses: converted as Tests/Vectors/legacy_statuses.json says, which the tests of Libraries/States read too.
begin;
\set vectors `cat Tests/Vectors/legacy_statuses.json`
select no_plan();

create temp table vector as
select t.status, t.state, t.substate
from jsonb_to_recordset((:'vectors'::jsonb -> 'statuses') || (:'vectors'::jsonb -> 'spellings'))
         as t(status text, state text, substate text)
union all
select status, null, null from jsonb_array_elements_text(:'vectors'::jsonb -> 'unknown') as u(status);
select cmp_ok(count(*), '>=', 40::bigint, 'the vectors were read') from vector;

-- Every status twice, one of them a third time, and a row without any.
create temp table job as
select row_number() over () as id, status from vector cross join generate_series(1, 2);
insert into job select count(*) + 1, 'DONE' from job;
insert into job select count(*) + 1, null from job;
create temp table expected as
select v.status, v.state, v.substate, case v.status when 'DONE' then 3 else 2 end::bigint as rows from vector as v
union all values (null, null, null, 1);
create temp table reported as select * from etl_api.migrate_legacy_status('job');
select bag_eq('select * from reported', 'select * from expected', 'the report has a line for each status');
select bag_eq(
    'select distinct status, state, state_substate from job', 'select status, state, substate from expected',
    'the rows say what the report says, and the legacy column is as it was');
select col_type_is('job', c, 'text', c || ' was added as a text') from unnest(array['state', 'state_substate']) as c;

-- Again: nothing changes, not even a version of a row.
create temp table before as select id, ctid::text as version from job;
select bag_eq('select * from etl_api.migrate_legacy_status(''job'')', 'select * from reported',
              'a second call reports the same');
select bag_eq('select id, ctid::text as version from job', 'select * from before', 'and writes no row');

-- Rows that have gone on since then are left alone, and reported as they stand; new ones are filled.
update job set state = 'valid' where id = (select min(id) from job where status = 'pending');
insert into job (id, status) values (1001, 'RUNNING'), (1002, 'nonsense');
create temp table later as select * from etl_api.migrate_legacy_status('job');
select bag_eq(
    $$select legacy_status, state, rows from later where legacy_status in ('pending', 'RUNNING', 'nonsense')$$,
    $$values ('pending', 'new', 1::bigint), ('pending', 'valid', 1), ('RUNNING', 'in_progress', 3), ('nonsense', null, 1)$$,
    'a row that has a state keeps it');

-- Names and types: whatever a table calls its columns, and an enum.
create schema "Odd ""schema""";
create table "Odd ""schema"""."a; drop table b" (
    "the ""status""; --" varchar(30), "in'voice" public.run_queue_state, state text default 'mine', "SUB state" text);
insert into "Odd ""schema"""."a; drop table b"
values ('WAITING', null, default, 'external_job'), ('missing_value', null, default, null), ('DONE', 'failed', default, null);
select bag_eq(
    $$select legacy_status, state, substate, rows from etl_api.migrate_legacy_status(
          '"Odd ""schema"""."a; drop table b"', 'the "status"; --', 'in''voice', 'SUB state')$$,
    $$values ('WAITING', 'waiting', 'external_job', 1::bigint), ('missing_value', 'invalid', 'missing_value', 1),
             ('DONE', 'failed', null, 1)$$,
    'columns of any name, an enum, a substate that is there already');
select results_eq(
    $$select distinct state from "Odd ""schema"""."a; drop table b"$$, array['mine'], 'a column that was not named is left alone');
create type pg_temp.few as enum ('new', 'done');
create temp table narrow (status text, state pg_temp.few, brief varchar(5));
insert into narrow values ('pending'), ('DONE');
select lives_ok($$select etl_api.migrate_legacy_status('narrow')$$, 'an enum needs the labels that occur');
insert into narrow values ('running');
select throws_ok(
    $$select etl_api.migrate_legacy_status('narrow')$$, '22P02', 'invalid input value for enum few: "in_progress"',
    'one that it lacks is named');
select throws_ok($$select etl_api.migrate_legacy_status('narrow', 'status', 'brief')$$, '22001', null, 'a text is never cut');
select is((select count(*) from narrow where brief is not null), 0::bigint, 'and a refused call changes nothing');

-- A partitioned table is converted whole, a part of one is not.
create temp table split (status text, k integer) partition by range (k);
create temp table split_low partition of split for values from (0) to (10);
create temp table split_high partition of split for values from (10) to (20);
insert into split values ('running', 1), ('RUNNING', 11);
select throws_ok(
    $$select etl_api.migrate_legacy_status('split_low')$$, '42809',
    'split_low is a partition; name the table that it is a part of, split', 'a partition');
select bag_eq(
    $$select * from etl_api.migrate_legacy_status('split')$$,
    $$values ('running', 'in_progress', null::text, 1::bigint), ('RUNNING', 'in_progress', null, 1)$$, 'a partitioned table');

-- What cannot be.
create temp view seen as select 'DONE' as status;
select throws_ok($$select etl_api.migrate_legacy_status('seen')$$, '42809', 'seen is not a table', 'a view');
select throws_ok(
    $$select etl_api.migrate_legacy_status('split', 'phase')$$, '42703',
    'split has no column phase; it has status, k, state, state_substate', 'no such column: it says which ones there are');
alter table split drop column state_substate;
select throws_ok(
    $$select etl_api.migrate_legacy_status('split', 'state_substate', 'a', 'b')$$, '42703',
    'split has no column state_substate; it has status, k, state', 'a column that was dropped is none');
select throws_ok(
    format('select etl_api.migrate_legacy_status(%L, %L, %L, %L)', 'split', a, b, c), '22023',
    'the legacy status, the state and the substate must be three different columns', concat_ws(' ', 'columns', a, b, c))
from (values ('state', 'state', 'b'), ('k', 'a', 'k'), ('status', 'b', 'b'), ('status', null, 'b'), (null, 'a', 'b')) as v(a, b, c);
select throws_ok($$select etl_api.migrate_legacy_status(null)$$, '42P01', 'there is no such table', 'nothing at all');
select throws_ok($$select etl_api.migrate_legacy_status('no_such_table')$$, '42P01', null, 'a name of nothing');

-- With the caller's rights only: whose table it is not, may not; rows that a policy hides are not passed over in silence.
create table public.pgtap_job (status text, owner_name text);
insert into public.pgtap_job values ('DONE', 'mine'), ('DONE', 'theirs');
create role pgtap_clerk;
grant usage on schema etl_api to pgtap_clerk;
set local role pgtap_clerk;
select throws_ok($$select etl_api.migrate_legacy_status('public.pgtap_job')$$, '42501', null, 'the function is not for everybody');
reset role;
grant execute on function etl_api.migrate_legacy_status(regclass, text, text, text) to pgtap_clerk;
grant select, update on public.pgtap_job to pgtap_clerk;
set local role pgtap_clerk;
select throws_ok(
    $$select etl_api.migrate_legacy_status('public.pgtap_job')$$, '42501', 'must be owner of table pgtap_job',
    'columns are added by the table''s owner only');
reset role;
alter table public.pgtap_job add column state text, add column state_substate text;
alter table public.pgtap_job enable row level security;
create policy own on public.pgtap_job to pgtap_clerk using (owner_name = 'mine');
set local role pgtap_clerk;
select throws_ok(
    $$select etl_api.migrate_legacy_status('public.pgtap_job')$$, '42501',
    'query would be affected by row-level security policy for table "pgtap_job"', 'rows that a policy hides are an error');
reset role;
alter table public.pgtap_job disable row level security;
revoke update on public.pgtap_job from pgtap_clerk;
set local role pgtap_clerk;
select throws_ok(
    $$select etl_api.migrate_legacy_status('public.pgtap_job')$$, '42501', 'permission denied for table pgtap_job',
    'who may only read may not');
reset role;
select is((select count(*) from public.pgtap_job where state is not null), 0::bigint, 'none of them has changed a row');

select function_privs_are('etl_api', 'migrate_legacy_status', array['regclass', 'text', 'text', 'text'], r.name, array[]::text[])
from unnest(array['weir_service', 'weir_intake', 'weir_executor', 'weir_processor', 'weir_delivery', 'weir_scheduler', 'anon',
                  'authenticated', 'service_role']) as r(name);

select * from finish();
rollback;
