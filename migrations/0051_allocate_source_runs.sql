-- Exchanges that are formed by SQL and called by executors (spec 11.1.1): etl_api.allocate_source_runs binds runs to an exchange, as an
-- executor's claim does, but without an executor. Such an exchange is ready until one takes it up.

-- migrate:up

set local role weir_owner;

-- What waits for an executor, by source. Nearly always empty: executors form theirs themselves.
create index run_request_ready on public.run_request (source_id, id) where state = 'ready';

create function etl_api.allocate_source_runs(
    p_source_id uuid, p_template text default null, p_slots integer default 16, p_setup jsonb default null) returns integer
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    source record;
    room integer;
    allocated integer;
begin
    if p_slots is null or p_slots < 0 then
        raise exception 'slots is %; it must be 0 or more, the number of exchanges that may be formed', coalesce(p_slots::text, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    -- Whoever comes second counts what the first has formed.
    perform pg_advisory_xact_lock(hashtextextended('weir.allocate ' || p_source_id, 0));
    select s.owner_org_id as org_id, s.max_objects, coalesce(s.paused_until > clock_timestamp(), false) as is_paused,
           least(coalesce((s.setup ->> 'concurrency')::integer, 16), (s.setup #>> '{rate,calls}')::integer, g.calls) as calls,
           exists (
               -- As PreparedSource.isOfRun has it.
               select from utils.json_strings(jsonb_build_array(
                   s.run_request_template, s.status_request_template, s.delivery_request_template, s.abort_request_template,
                   s.cleanup_request_template, s.lookup_request_template)) as t
               cross join regexp_matches(t.string, utils.placeholder_pattern(), 'g') as m(found)
               where m.found[2] not in ('object', 'objects', 'max_objects', 'run_external_id', 'callback_url', 'submission_key', 'cursor')
                 and m.found[2] not like 'secret.%'
           ) as separates_requests
    into source
    from public.source as s
    left join lateral (
        -- Of a group's calls each source with work has its part, so that no organization has all of them.
        select greatest(least(r.concurrency, r.calls) / greatest((
            select count(*) from public.source as o
            where o.rate_group_id = r.id and o.deleted_at is null
              and (o.id = s.id or exists (select from public.run_queue as q where q.source_id = o.id and q.state = 'ready'))
        ), 1), 1)::integer as calls
        from public.rate_group as r where r.id = s.rate_group_id
    ) as g on true
    where s.id = p_source_id;
    if not found then
        raise exception 'there is no source %', coalesce(p_source_id::text, 'null') using errcode = 'no_data_found';
    end if;
    if source.is_paused then
        return 0;
    end if;
    -- What has been formed and not yet taken up counts; what is being called has its permits.
    select least(p_slots, source.calls - count(*)) into room
    from public.run_request as q where q.source_id = p_source_id and q.state = 'ready';
    if room <= 0 then
        return 0;
    end if;

    with candidate as materialized (
        select r.id, case when source.separates_requests then r.activity_request_id end as request
        from public.run_queue as r
        where r.source_id = p_source_id and r.state = 'ready' and r.org_id is not distinct from source.org_id
        order by r.id
        limit room::bigint * source.max_objects
        for no key update skip locked
    ), part as materialized (
        select c.id, c.request, (row_number() over (partition by c.request order by c.id) - 1) / source.max_objects as part
        from candidate as c
    ), placed as materialized (
        select p.id, dense_rank() over (order by p.request, p.part) as place from part as p
    ), exchange as materialized (
        select utils.uuid_v7() as id, e.place from generate_series(1, room) as e(place)
    ), bound as materialized (
        select p.id, e.id as exchange_id from placed as p join exchange as e on e.place = p.place
    ), formed as (
        insert into public.run_request (org_id, id, source_id, state, state_substate, run_ids)
        select source.org_id, b.exchange_id, p_source_id, 'ready', 'prepared', array_agg(b.id order by b.id)
        from bound as b
        group by b.exchange_id
    )
    update public.run_queue as r
    set state = 'in_progress', state_substate = 'prepared', state_reason = null, due_at = null, worker_id = null,
        attempt = r.attempt + 1, run_request_id = b.exchange_id
    from bound as b
    where r.id = b.id;
    get diagnostics allocated = row_count;
    return allocated;
end
$$;
comment on function etl_api.allocate_source_runs(uuid, text, integer, jsonb) is
    'Forms exchanges for ready runs of a source, oldest first, p_slots at most and no more than the source may be called at once; executors '
    'take them up. Returns how many runs. Executors make the request from the source''s own template and the activity''s setup: p_template '
    'and p_setup stand here for callers that have them, and change nothing.';
grant execute on function etl_api.allocate_source_runs(uuid, text, integer, jsonb) to service_role;

-- Runs of exchanges that wait for an executor are counted like those that one has.
create or replace view etl_api.open_state_counts with (security_invoker = true) as
select o.entity, o.org_id, o.source_id, o.state, o.state_substate, count(*) as rows, min(o.made_at) as oldest_at,
       clock_timestamp() - min(o.made_at) as oldest_age
from (
    select 'workflow_request' as entity, org_id, null::uuid as source_id, state::text as state, state_substate, created_at as made_at
    from public.workflow_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'workflow_request', org_id, null, state::text, state_substate, created_at from public.workflow_request where state = 'waiting'
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at
    from public.activity_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at from public.activity_request where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state in ('new', 'valid')
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'ready'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state = 'in_progress' and state_substate = 'fetched'
    union all
    -- Runs that an executor has are found through their exchange, which names them.
    select 'run_queue', r.org_id, r.source_id, r.state::text, r.state_substate, utils.uuid_v7_time(r.id)
    from public.run_request as q
    cross join unnest(q.run_ids) as u(id)
    join public.run_queue as r on r.id = u.id
    where q.state = 'in_progress' and r.state is not distinct from 'in_progress' and r.state_substate is distinct from 'fetched'
    union all
    select 'run_queue', r.org_id, r.source_id, r.state::text, r.state_substate, utils.uuid_v7_time(r.id)
    from public.run_request as q
    cross join unnest(q.run_ids) as u(id)
    join public.run_queue as r on r.id = u.id
    where q.state = 'ready' and r.state is not distinct from 'in_progress' and r.run_request_id is not distinct from q.id
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state in ('new', 'valid', 'waiting', 'ready')
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state = 'in_progress'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'ready'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'in_progress'
) as o
group by o.entity, o.org_id, o.source_id, o.state, o.state_substate;

-- Two conditions of one rule change, in a function of three hundred lines.
do $$
declare
    definition text := pg_get_functiondef('etl_api.check_work_consistency(uuid)'::regprocedure);
    change record;
begin
    for change in
        select * from (values
            ($old$when q.state <> 'in_progress' then 'an exchange that is ' || q.state
            else 'an exchange that does not list the run' end$old$,
             $new$when q.state not in ('in_progress', 'ready') then 'an exchange that is ' || q.state
            else 'an exchange that does not list the run' end$new$),
            ($old$where q.state = 'in_progress'
) as s on s.run_id$old$,
             $new$where q.state in ('in_progress', 'ready')
) as s on s.run_id$new$)
        ) as c(old, new)
    loop
        if strpos(definition, change.old) = 0 then
            raise exception 'etl_api.check_work_consistency does not read as this migration expects it';
        end if;
        definition := replace(definition, change.old, change.new);
    end loop;
    execute definition;
end
$$;

-- migrate:down

set local role weir_owner;
do $$
declare
    definition text := pg_get_functiondef('etl_api.check_work_consistency(uuid)'::regprocedure);
begin
    execute replace(replace(definition,
        'when q.state not in (''in_progress'', ''ready'') then', 'when q.state <> ''in_progress'' then'),
        'where q.state in (''in_progress'', ''ready'')', 'where q.state = ''in_progress''');
end
$$;
create or replace view etl_api.open_state_counts with (security_invoker = true) as
select o.entity, o.org_id, o.source_id, o.state, o.state_substate, count(*) as rows, min(o.made_at) as oldest_at,
       clock_timestamp() - min(o.made_at) as oldest_age
from (
    select 'workflow_request' as entity, org_id, null::uuid as source_id, state::text as state, state_substate, created_at as made_at
    from public.workflow_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'workflow_request', org_id, null, state::text, state_substate, created_at from public.workflow_request where state = 'waiting'
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at
    from public.activity_request where state in ('new', 'valid', 'ready', 'in_progress')
    union all
    select 'activity_request', org_id, null, state::text, state_substate, created_at from public.activity_request where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state in ('new', 'valid')
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'waiting'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id) from public.run_queue where state = 'ready'
    union all
    select 'run_queue', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_queue where state = 'in_progress' and state_substate = 'fetched'
    union all
    -- Runs that an executor has are found through their exchange, which names them.
    select 'run_queue', r.org_id, r.source_id, r.state::text, r.state_substate, utils.uuid_v7_time(r.id)
    from public.run_request as q
    cross join unnest(q.run_ids) as u(id)
    join public.run_queue as r on r.id = u.id
    where q.state = 'in_progress' and r.state is not distinct from 'in_progress' and r.state_substate is distinct from 'fetched'
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state in ('new', 'valid', 'waiting', 'ready')
    union all
    select 'run_request', org_id, source_id, state::text, state_substate, utils.uuid_v7_time(id)
    from public.run_request where state = 'in_progress'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'ready'
    union all
    select 'delivery', org_id, null, state, null, created_at from public.delivery where state = 'in_progress'
) as o
group by o.entity, o.org_id, o.source_id, o.state, o.state_substate;
drop function etl_api.allocate_source_runs(uuid, text, integer, jsonb);
drop index public.run_request_ready;
-- The exchanges that nobody would take up any more.
with lost as (
    update public.run_request set state = 'failed', state_substate = 'not_claimed' where state = 'ready' returning id, run_ids
)
update public.run_queue as r
set state = 'ready', state_substate = 'not_claimed', attempt = r.attempt - 1
from lost as l
cross join unnest(l.run_ids) as u(id)
where r.id = u.id and r.run_request_id is not distinct from l.id and r.state = 'in_progress';
