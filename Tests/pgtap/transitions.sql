-- Every pair of states of every table that has states: allowed as Tests/Vectors/state_transitions.json says, else refused.
-- The file is the one that the tests of Libraries/States hold the Swift side against. Runs from the root of the repository.
begin;
\set vectors `cat Tests/Vectors/state_transitions.json`
\ir fixtures/catalogue.sql
select no_plan();

create temp table allowed as
select t.entity, t."from" as from_state, t."to" as to_state, t.kind, t.rule
from jsonb_to_recordset(:'vectors'::jsonb -> 'transitions') as t(entity text, "from" text, "to" text, kind text, rule text);

select cmp_ok(count(*), '>=', 100::bigint, 'the vectors were read') from allowed;
select set_eq(
    'select entity, from_state, to_state, kind, rule from public.state_transition', 'select * from allowed',
    'the table of transitions is that of the vectors');
select is_empty(
    $$select * from public.state_transition as t
      where t.from_state <> all (enum_range(null::public.run_queue_state)::text[])
         or t.to_state <> all (enum_range(null::public.run_queue_state)::text[])$$,
    'it names states that exist');
select set_eq(
    $$select c.relname::text from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'state'
      join pg_type as t on t.oid = a.atttypid and t.typtype = 'e' where c.relkind in ('r', 'p') and not c.relispartition$$,
    array['workflow_request', 'activity_request', 'run_queue', 'run_request'], 'these are the tables that have such states');

-- A row in a state of one's choice: any table, because the columns without a default are few.
create function pg_temp.insert_in_state(p_entity text, p_state text) returns uuid language plpgsql as $$
declare
    made uuid;
begin
    execute case p_entity
        when 'workflow_request' then
            'insert into public.workflow_request (org_id, state)
             select org_id, $1::public.workflow_request_state from public.activity_request where id = $2
             returning id'
        when 'activity_request' then
            'insert into public.activity_request (org_id, activity_id, content, state)
             select org_id, activity_id, content, $1::public.activity_request_state from public.activity_request where id = $2
             returning id'
        when 'run_queue' then
            'insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
             select org_id, id, utils.uuid_v7(), 1, $1::public.run_queue_state from public.activity_request where id = $2
             returning id'
        when 'run_request' then
            'insert into public.run_request (org_id, source_id, run_ids, state)
             select org_id, utils.uuid_v7(), ''{}'', $1::public.run_request_state from public.activity_request where id = $2
             returning id'
        end into strict made using p_state, 'a0000000-0000-7000-8000-000000000007'::uuid;
    return made;
end
$$;

create function pg_temp.try_transition(p_entity text, p_from text, p_to text) returns text language plpgsql as $$
declare
    id uuid := pg_temp.insert_in_state(p_entity, p_from);
    statement text := format('update public.%I set state = %L where id = %L', p_entity, p_to, id);
    title text := format('%s: %s → %s', p_entity, p_from, p_to);
begin
    if p_from = p_to then
        return lives_ok(statement, title || ' changes nothing');
    elsif exists (select from allowed as a where (a.entity, a.from_state, a.to_state) = (p_entity, p_from, p_to)) then
        return lives_ok(statement, title);
    end if;
    return throws_ok(
        statement, 'WR001',
        format('%s %s: %s → %s is not an allowed transition; %s', p_entity, id, p_from, p_to,
               etl_api.describe_transitions(p_entity, p_from)),
        title || ' is refused');
end
$$;

select pg_temp.try_transition(e.entity, f.state, t.state)
from unnest(array['workflow_request', 'activity_request', 'run_queue', 'run_request']) as e(entity)
cross join unnest(enum_range(null::public.run_queue_state)::text[]) as f(state)
cross join unnest(enum_range(null::public.run_queue_state)::text[]) as t(state);

select is(etl_api.describe_transitions('run_request', 'done'), 'nothing follows done', 'a refusal says that nothing is allowed');
select is(etl_api.describe_transitions('run_queue', 'valid'),
          'from valid it may go to ready (can start), waiting (waits for something else), failed (cancelled), timedout (deadline)',
          'or what is');

-- A batch: one bad row refuses all of it, and its history too.
create temp table batch as
select pg_temp.insert_in_state('run_queue', case k when 3 then 'done' else 'ready' end) as id, k from generate_series(1, 5) as k;
select throws_ok(
    $$update public.run_queue set state = 'failed' where id in (select id from batch)$$, 'WR001',
    format('run_queue %s: done → failed is not an allowed transition; from done it may go to in_progress (retry or replay)', id),
    'a batch with one bad row is refused')
from batch where k = 3;
select results_eq(
    'select state::text from public.run_queue join batch using (id) order by k',
    array['ready', 'ready', 'done', 'ready', 'ready'], 'none of its rows has changed');
select is((select count(*) from public.state_history join batch on entity_id = batch.id), 5::bigint,
          'none of them has more history than its insert');
select lives_ok(
    $$update public.run_queue set state = 'in_progress' where id in (select id from batch where k <> 3)$$,
    'without it the batch goes through');

-- The way around: a row whose key changes would be compared with nothing.
select throws_ok(
    $$update public.run_queue set id = utils.uuid_v7(), state = 'done' where id in (select id from batch where k = 1)$$,
    '23001', null, 'a run does not change its id');
select throws_ok(
    $$update public.run_request set org_id = 'b0000000-0000-7000-8000-000000000001', state = 'done'$$,
    '23001', null, 'an exchange does not change its tenant');
select throws_ok(
    format('update public.activity_request set id = utils.uuid_v7() where id = %L', pg_temp.insert_in_state('activity_request', 'ready')),
    '23001', null, 'a request does not change its id');

-- Upserts are inserts and updates.
select throws_ok(
    $$insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
      select org_id, id, activity_request_id, source_id, position, 'new' from public.run_queue join batch using (id) where k = 3
      on conflict (id, org_id) do update set state = 'ready'$$,
    'WR001', null, 'an upsert does not get around it');

select * from finish();
rollback;
