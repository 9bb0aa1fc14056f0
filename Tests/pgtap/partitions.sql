-- Partitions: a week each by the time inside the UUIDv7, made ahead, droppable, with an empty default beside them.
begin;
\ir fixtures/catalogue.sql
select no_plan();

create temp view part as
select p.relname::text as parent, c.oid, c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bound,
       substring(pg_get_expr(c.relpartbound, c.oid) from $$FROM \('([0-9a-f-]+)'\)$$)::uuid as lower_bound,
       substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \('([0-9a-f-]+)'\)$$)::uuid as upper_bound
from pg_inherits as i
join pg_class as p on p.oid = i.inhparent and p.relkind = 'p'
join pg_class as c on c.oid = i.inhrelid;
create function pg_temp.rows_in_defaults() returns bigint language sql as $$
    select (select count(*) from public.run_queue_default) + (select count(*) from public.run_request_default)
         + (select count(*) from public.run_result_default) + (select count(*) from public.run_log_default)
         + (select count(*) from public.conversion_failure_default)
         + (select count(*) from public.state_history_default where entity_id not in (
               select id from public.activity_request where org_id in (
                   'a0000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000001')))
$$;

select set_eq(
    $$select relname::text from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace$$,
    array['run_queue', 'run_request', 'run_result', 'run_log', 'state_history', 'conversion_failure'], 'these tables are partitioned');
select is(count(*) filter (where bound = 'DEFAULT'), 1::bigint, parent || ' has a default partition')
from part group by parent;
select cmp_ok(count(*), '>=', 3::bigint, parent || ' has partitions for this week and the next') from part group by parent;
select is(pg_temp.rows_in_defaults(), 0::bigint, 'the default partitions are empty');
-- Then, and not now: a week may have begun since.
select is(etl_api.ensure_partitions(applied_at), 0, 'the migration has made what was needed then')
from public.schema_migration where version = 50;

-- A far away time, over a new year: 2031-12-22 … 2032-01-05 are the weeks 2031w52, 2032w01 and 2032w02.
select is(etl_api.ensure_partitions('2031-12-24 12:00:00+00', '14 days'), 18, 'three weeks of six tables');
select is(etl_api.ensure_partitions('2031-12-24 12:00:00+00', '14 days'), 0, 'the second time nothing is missing');
select is(etl_api.ensure_partitions('2031-12-31 12:00:00+00', '14 days'), 6, 'a week later one week is missing');
select set_eq(
    $$select name from part where name ~ '_203[12]w'$$,
    $$select p || '_' || w from unnest(array['run_queue', 'run_request', 'run_result', 'run_log', 'state_history', 'conversion_failure']) as p
      cross join unnest(array['2031w52', '2032w01', '2032w02', '2032w03']) as w$$,
    'they are named by ISO year and week');
select is(utils.uuid_v7_time(lower_bound), '2031-12-29 00:00:00+00'::timestamptz, name || ' begins on Monday, UTC')
from part where name like '%\_2032w01';
select is(upper_bound, lead, name || ' ends where the next begins')
from (select name, upper_bound, lead(lower_bound) over (partition by parent order by lower_bound) as lead
      from part where name ~ '_203[12]w') as p
where lead is not null;

-- A partition is like its parent.
select is(
    (select count(*) from pg_index as i where i.indrelid = p.oid),
    (select count(*) from pg_index as i where i.indrelid = format('public.%I', p.parent)::regclass),
    p.name || ' has the indexes of its parent')
from part as p;
select set_eq(
    format($$select attname::text, atttypid, attnotnull, attcompression from pg_attribute where attrelid = %s and attnum > 0$$, p.oid),
    format($$select attname::text, atttypid, attnotnull, attcompression from pg_attribute where attrelid = 'public.%I'::regclass and attnum > 0$$,
           p.parent),
    p.name || ' has the columns of its parent')
from part as p where p.name like '%2032w01';

-- Rows land in the week of their id, to the millisecond.
create temp table made (at timestamptz, week text);
insert into made values
    ('2031-12-28 23:59:59.999+00', '2031w52'), ('2031-12-29 00:00:00+00', '2032w01'),
    ('2032-01-04 23:59:59.999+00', '2032w01'), ('2032-01-05 00:00:00+00', '2032w02');
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select :org_a, utils.uuid_v7_floor(at), :request_a, :source_a, 1, 'in_progress' from made;
insert into public.run_request (org_id, id, source_id, run_ids) select :org_a, utils.uuid_v7_floor(at), :source_a, '{}' from made;
insert into public.run_result (org_id, run_request_id, status, body) select :org_a, utils.uuid_v7_floor(at), 200, '' from made;
insert into public.run_log (org_id, run_request_id, method, url, duration_ms)
select :org_a, utils.uuid_v7_floor(at), 'GET', 'https://example.org', 1 from made;
insert into public.conversion_failure (org_id, run_id, place, source_id, activity_request_id, path, found, reason)
select :org_a, utils.uuid_v7_floor(at), 1, :source_a, :request_a, '$', 'x', 'x' from made;
select bag_eq(format($$select tableoid::regclass::text as partition, %I from public.%I where %2$I.org_id = 'a0000000-0000-7000-8000-000000000001'
                       and %1$I >= utils.uuid_v7_floor('2031-01-01')$$, t.key, t.name),
              format($$select '%s_' || week, utils.uuid_v7_floor(at) from made$$, t.name), 'rows of ' || t.name || ' land in their weeks')
from (values ('run_queue', 'id'), ('run_request', 'id'), ('run_result', 'run_request_id'), ('run_log', 'run_request_id'),
             ('conversion_failure', 'run_id'))
    as t(name, key);
select bag_eq(
    $$select distinct h.tableoid::regclass::text as partition, h.entity_id from public.state_history as h join made on h.entity_id = utils.uuid_v7_floor(made.at)$$,
    $$select 'state_history_' || week, utils.uuid_v7_floor(at) from made$$, 'history lands in the week of its row');
select is(pg_temp.rows_in_defaults(), 0::bigint, 'nothing went to the default partitions');
insert into public.run_queue (org_id, activity_request_id, source_id, position) values (:org_a, :request_a, :source_a, 2);
select is(
    tableoid::regclass::text, 'run_queue_' || to_char(utils.uuid_v7_time(id) at time zone 'UTC', 'IYYY"w"IW'),
    'a row that is made now lands in this week')
from public.run_queue where activity_request_id = :request_a and position = 2;

-- A week that nobody has made yet: rows wait in the default partition, and are moved when it is made.
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
select :org_a, utils.uuid_v7_floor(at), :request_a, :source_a, 3, 'ready'
from (values ('2033-06-06 00:00:00+00'::timestamptz), ('2033-06-13 00:00:00+00')) as v(at);
select is(pg_temp.rows_in_defaults(), 4::bigint, 'two runs and their history wait in the default partitions');
create temp table before_moving as
select (select runs_total from public.request_progress where activity_request_id = :request_a) as runs,
       (select count(*) from public.state_history) as entries;
select is(etl_api.ensure_partitions('2033-06-08 00:00:00+00', '0 days'), 6, 'the week is made in spite of them');
select is(tableoid::regclass::text, 'run_queue_2033w23', 'the run of that week was moved')
from public.run_queue where id = utils.uuid_v7_floor('2033-06-06 00:00:00+00');
select is(tableoid::regclass::text, 'state_history_2033w23', 'its history too')
from public.state_history where entity_id = utils.uuid_v7_floor('2033-06-06 00:00:00+00');
select is(tableoid::regclass::text, 'run_queue_default', 'the run of another week stays')
from public.run_queue where id = utils.uuid_v7_floor('2033-06-13 00:00:00+00');
select is((select runs_total from public.request_progress where activity_request_id = :request_a), runs, 'moving counts nothing')
from before_moving;
select is((select count(*) from public.state_history), entries, 'and records nothing') from before_moving;
select lives_ok(
    $$update public.run_queue set state = 'in_progress' where id = utils.uuid_v7_floor('2033-06-06 00:00:00+00')$$,
    'a run that was moved goes on');
select is((select count(*) from public.state_history where entity_id = utils.uuid_v7_floor('2033-06-06 00:00:00+00')), 2::bigint,
          'and its history is kept');

-- Old weeks go as a whole.
select lives_ok(format('drop table public.%I', name), name || ' can be dropped') from part where name like '%\_2031w52';
select is((select count(*) from public.run_queue where id = utils.uuid_v7_floor('2031-12-28 23:59:59.999+00')), 0::bigint,
          'its rows are gone');
select is((select count(*) from public.run_queue where id = utils.uuid_v7_floor('2031-12-29 00:00:00+00')), 1::bigint,
          'those of the next week are not');
select lives_ok('alter table public.run_result detach partition public.run_result_2032w01', 'a partition can be detached');

-- The scheduler makes them with no more rights than to call the function.
set local role weir_scheduler;
select is(etl_api.ensure_partitions('2035-01-01 00:00:00+00', '0 days'), 6, 'the scheduler makes partitions');
reset role;
select is(pg_get_userbyid(relowner)::text, 'weir_owner', relname || ' belongs to the owner')
from pg_class where relname ~ '_2035w01$' and relkind = 'r';
select ok(relrowsecurity and relforcerowsecurity, relname || ' is under row-level security')
from pg_class where relname ~ '_2035w01$' and relkind = 'r';
select ok(relacl is null, relname || ' is granted to nobody') from pg_class where relname ~ '_2035w01$' and relkind = 'r';

select * from finish();
rollback;
