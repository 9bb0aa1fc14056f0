-- Functions: what they run as, where they look names up, and the identifiers that they make.
begin;
select no_plan();

create temp view weir_function as
select p.oid, p.oid::regprocedure::text as name, p.prosecdef as has_owners_rights, p.proconfig as settings, p.prorettype
from pg_proc as p
where p.pronamespace in ('etl_api'::regnamespace, 'utils'::regnamespace, 'auth'::regnamespace)
   or p.pronamespace = 'public'::regnamespace and pg_get_userbyid(p.proowner) = 'weir_owner';

select cmp_ok(count(*), '>=', 13::bigint, 'the functions were found') from weir_function;
-- pg_temp stands last: left out, it would be searched first, and whoever calls can make types there.
select ok('search_path=pg_catalog, pg_temp' = any (settings), name || ' pins its search_path') from weir_function;
select ok(has_owners_rights, name || ' writes history and counters with the rights of the owner')
from weir_function where prorettype = 'trigger'::regtype;
select set_eq(
    $$select name from weir_function where has_owners_rights and prorettype <> 'trigger'::regtype$$,
    array['etl_api.ensure_partitions(timestamp with time zone,interval)', 'etl_api.drop_partitions(timestamp with time zone)',
          'etl_api.default_partition_rows(integer)', 'etl_api.kept_since()',
          'utils.resolve_json_variables(text,uuid,uuid,uuid)', 'etl_api.create_run(uuid)', 'etl_api.create_run_enrichment(uuid,uuid)',
          'etl_api.create_run_extract(uuid,uuid)', 'etl_api.create_run_sourcing(uuid,uuid)', 'etl_api.process_activity_request_by_id(uuid)',
          'etl_api.store_object(uuid,uuid,jsonb,uuid)', 'etl_api.store_value(uuid,uuid,jsonb,uuid)',
          'etl_api.process_run_results_for_source(uuid,integer)', 'etl_api.reconstruct_values_to_activity_request(uuid,boolean)',
          'etl_api.qualify_objects(uuid)', 'etl_api.process_workflow_request(uuid)', 'etl_api.try_start_next_workflow_phase(uuid)', 'etl_api.advance_workflow(uuid)', 'etl_api.expand_gathered_request(uuid,integer)',
          'etl_api.place_found_objects(uuid)', 'etl_api.allocate_source_runs(uuid,text,integer,jsonb)'],
    'of the functions that one calls, only those that deal with partitions and the flow''s for service_role have the rights of the owner');

-- UUIDv7.
select is(substr(utils.uuid_v7()::text, 15, 1), '7', 'a UUIDv7 says that it is version 7');
select matches(string_agg(substr(utils.uuid_v7()::text, 20, 1), ''), '^[89ab]+$', 'and that it is of RFC 9562')
from generate_series(1, 200);
select is(count(distinct utils.uuid_v7()), 10000::bigint, 'ten thousand of them differ') from generate_series(1, 10000);

create function pg_temp.made_in_turn(p_count integer) returns setof uuid language plpgsql as $$
declare
    last_made timestamptz;
begin
    for i in 1..p_count loop
        return next utils.uuid_v7();
        last_made := date_trunc('milliseconds', clock_timestamp());
        while date_trunc('milliseconds', clock_timestamp()) = last_made loop end loop;
    end loop;
end
$$;
create temp table made as select id, place from pg_temp.made_in_turn(20) with ordinality as m(id, place);
select results_eq(
    'select id from made order by place', 'select id from made order by id', 'those of later milliseconds are greater');

create temp table instant as
select * from (values
    ('1970-01-01 00:00:00.001+00'::timestamptz), ('2024-02-29 23:59:59.999+00'), ('2025-12-29 00:00:00+00'),
    ('2026-07-01 12:34:56.789+00'), ('2100-01-01 00:00:00.123+00')) as i(at);
select is(utils.uuid_v7_time(utils.uuid_v7_floor(at)), at, 'there and back: ' || at) from instant;
select is(
    utils.uuid_v7_floor(at + interval '999 microseconds'), utils.uuid_v7_floor(at),
    'a millisecond holds until the next begins: ' || at)
from instant;
select ok(utils.uuid_v7_floor(at - interval '1 millisecond') < utils.uuid_v7_floor(at), 'the floors are ordered at ' || at)
from instant;
select is(utils.uuid_v7_floor('2026-01-01 00:00:00+00'), '019b76da-a800-0000-0000-000000000000'::uuid, 'a floor that was worked out by hand');

create temp table stamped as
select before_at, id, clock_timestamp() as after_at
from (select clock_timestamp() as before_at, utils.uuid_v7() as id from generate_series(1, 500) offset 0) as s;
select is_empty(
    $$select * from stamped
      where utils.uuid_v7_time(id) not between date_trunc('milliseconds', before_at) and after_at
         or id < utils.uuid_v7_floor(before_at)$$,
    'a UUIDv7 tells when it was made, and lies above the floor of the instant before');

select * from finish();
rollback;
