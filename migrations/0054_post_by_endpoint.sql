-- Deliveries are claimed by endpoint, so that none waits for another's; endpoints have a breaker, a pace and an order that hold over all
-- processes (docs/decisions/0021).

-- migrate:up

set local role weir_owner;

alter table public.delivery
    add column attempts_before integer not null default 0,
    -- Whoever looks for what is ready passes over what was.
    set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on column public.delivery.attempts_before is
    'The attempts that were made when it was last over: the schedule of retries begins after them, should it be made ready again.';
create index delivery_ready_of_endpoint on public.delivery (webhook_endpoint_id, due_at) where state = 'ready';
create index delivery_open_of_subject on public.delivery (webhook_endpoint_id, subject, created_at, id)
    where subject is not null and state in ('ready', 'in_progress');

alter table public.delivery_attempt add column next_at timestamptz;
comment on column public.delivery_attempt.next_at is 'When it was to be tried again; null when it was not.';
comment on column public.delivery_attempt.answer is 'The beginning of the endpoint''s answer, secrets masked.';

alter table public.endpoint_health
    -- How its last attempts went: the counts of this minute and of the four before it, the newest first.
    add column counted_at timestamptz,
    add column attempts integer[] not null default '{0,0,0,0,0}',
    add column failures integer[] not null default '{0,0,0,0,0}',
    add column probe_id uuid,
    add column paced_until timestamptz,
    add constraint endpoint_health_counts_five_minutes check (cardinality(attempts) = 5 and cardinality(failures) = 5);
comment on column public.endpoint_health.open_until is
    'The breaker: closed when null. Nothing is posted before this; after it one delivery is, as a probe, and while that is under way this is when it counts as lost.';
comment on column public.endpoint_health.opened is 'How often the breaker has opened since it was closed.';
comment on column public.endpoint_health.probe_id is 'The delivery that probes whether the endpoint takes anything again.';
comment on column public.endpoint_health.paced_until is 'Until when its rate (calls, per_seconds) is used up.';

grant insert, update on public.endpoint_health to weir_delivery;
grant update (disabled_at, disabled_reason) on public.webhook_endpoint to weir_delivery;
grant insert on public.delivery to weir_delivery;
grant update (attempts_before) on public.delivery to weir_delivery;
grant update (state, state_reason) on public.workflow_request to weir_delivery;

create function etl_api.endpoint_pace(
    p_calls integer, p_per_seconds double precision, out burst integer, out gap double precision)
    language sql immutable
    set search_path = pg_catalog, pg_temp
as $$
    -- A tenth may come at once and the rest evenly: within any stretch of p_per_seconds never more than p_calls.
    select b.burst, p_per_seconds / (p_calls - b.burst + 1) from (select greatest(1, p_calls / 10) as burst) as b
$$;
comment on function etl_api.endpoint_pace(integer, double precision) is
    'How a rate is kept: as many deliveries at once, and then one in so many seconds.';

create function etl_api.endpoints_with_deliveries(p_after uuid default null, p_limit integer default 10000)
    returns table (
        org_id uuid, webhook_endpoint_id uuid, due_at timestamptz, held_until timestamptz, is_proven boolean, is_ended boolean)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    -- From one endpoint to the next along the index, however many deliveries each has.
    with recursive head(org_id, endpoint, due_at) as (
        (select d.org_id, d.webhook_endpoint_id, d.due_at
         from public.delivery as d
         where d.state = 'ready' and d.webhook_endpoint_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
         order by d.webhook_endpoint_id, d.due_at
         limit 1)
        union all
        select n.org_id, n.endpoint, n.due_at
        from head as h
        cross join lateral (
            select d.org_id, d.webhook_endpoint_id as endpoint, d.due_at
            from public.delivery as d
            where d.state = 'ready' and d.webhook_endpoint_id > h.endpoint
            order by d.webhook_endpoint_id, d.due_at
            limit 1
        ) as n
    ), first as materialized (
        select h.org_id, h.endpoint, h.due_at from head as h limit p_limit
    )
    select f.org_id, f.endpoint, f.due_at,
           greatest(s.open_until, s.paced_until - make_interval(secs => (p.burst - 1) * p.gap)),
           coalesce(s.last_success_at is not null and s.failing_since is null, false),
           e.disabled_at is not null or e.deleted_at is not null
    from first as f
    join public.webhook_endpoint as e on e.org_id = f.org_id and e.id = f.endpoint
    left join public.endpoint_health as s on s.webhook_endpoint_id = f.endpoint and s.org_id = f.org_id
    cross join lateral etl_api.endpoint_pace(e.calls, e.per_seconds) as p
    order by f.endpoint
$$;
comment on function etl_api.endpoints_with_deliveries(uuid, integer) is
    'The endpoints for which deliveries are ready, behind p_after by id: when the first is due, until when the breaker or the rate holds it, whether the
last attempt got through, and whether it is disabled or deleted.';

create function etl_api.claim_deliveries(
    p_worker uuid, p_orgs uuid[], p_endpoints uuid[], p_room integer[], p_probe_seconds double precision)
    returns table (
        id uuid, org_id uuid, webhook_endpoint_id uuid, activity_request_id uuid, event_type text, attempt integer,
        attempts_before integer, url text, headers jsonb, secret_name text, secret_ids uuid[], sealed_secrets bytea[], payload bytea,
        traceparent text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    moment timestamptz;
begin
    perform from public.worker as w where w.id = p_worker and w.ended_at is null for key share;
    if not found then
        return;
    end if;

    -- What counts over all processes is locked first, always in this order: the statements after it see what others have done.
    insert into public.endpoint_health (org_id, webhook_endpoint_id)
    select i.org_id, i.endpoint
    from unnest(p_orgs, p_endpoints) as i(org_id, endpoint)
    join public.webhook_endpoint as e on e.org_id = i.org_id and e.id = i.endpoint
    where e.is_ordered or e.calls is not null
    order by i.endpoint
    on conflict do nothing;
    perform from unnest(p_orgs, p_endpoints) as i(org_id, endpoint)
    join public.webhook_endpoint as e on e.org_id = i.org_id and e.id = i.endpoint
    join public.endpoint_health as h on h.webhook_endpoint_id = i.endpoint and h.org_id = i.org_id
    where e.is_ordered or e.calls is not null or h.open_until is not null
    order by h.webhook_endpoint_id
    for no key update of h;
    moment := clock_timestamp();

    -- In an order, whatever has an earlier one of its subject before it makes room: until that is over, or, should nobody say so, until it is
    -- looked at again.
    with blocked as materialized (
        select d.id, b.due_at
        from unnest(p_orgs, p_endpoints) as i(org_id, endpoint)
        join public.webhook_endpoint as e on e.org_id = i.org_id and e.id = i.endpoint and e.is_ordered
        cross join lateral (
            select d.id, d.subject, d.created_at
            from public.delivery as d
            where d.webhook_endpoint_id = i.endpoint and d.state = 'ready' and d.due_at <= moment
            order by d.due_at
            limit 1000
            for no key update skip locked
        ) as d
        cross join lateral (
            select b.due_at
            from public.delivery as b
            where b.webhook_endpoint_id = i.endpoint and b.subject = d.subject and (b.created_at, b.id) < (d.created_at, d.id) and b.state in ('ready', 'in_progress')
            order by b.created_at, b.id
            limit 1
        ) as b
        where d.subject is not null
    )
    update public.delivery as d
    set due_at = greatest(b.due_at, moment) + interval '15 minutes'
    from blocked as b
    where d.id = b.id;

    return query
    with wanted as materialized (
        select i.org_id, i.endpoint, e.url, e.headers, e.secret_name, e.is_ordered, h.open_until is not null as is_probe,
               case when e.calls is not null then p.gap end as gap,
               least(
                   i.room,
                   case when h.open_until > moment then 0 when h.open_until is not null then 1 end,
                   case when e.calls is not null
                        then greatest(0, floor(p.burst + 0.001 - greatest(0, coalesce(extract(epoch from h.paced_until - moment), 0)) / p.gap)) end
               )::integer as room,
               -- However many wait behind one that has failed, so many are looked at; those that were in the way have made room by the next time.
               coalesce(case when e.is_ordered then (
                   select d.due_at from public.delivery as d
                   where d.webhook_endpoint_id = i.endpoint and d.state = 'ready' and d.due_at <= moment
                   order by d.due_at offset 1000 limit 1) end, moment) as horizon
        from unnest(p_orgs, p_endpoints, p_room) as i(org_id, endpoint, room)
        join public.webhook_endpoint as e on e.org_id = i.org_id and e.id = i.endpoint
        left join public.endpoint_health as h on h.webhook_endpoint_id = i.endpoint and h.org_id = i.org_id
        cross join lateral etl_api.endpoint_pace(e.calls, e.per_seconds) as p
        where e.disabled_at is null and e.deleted_at is null
    ), due as materialized (
        select w.*, d.id
        from wanted as w
        cross join lateral (
            select d.id
            from public.delivery as d
            where d.webhook_endpoint_id = w.endpoint and d.state = 'ready' and d.due_at <= w.horizon
              and not (w.is_ordered and d.subject is not null and exists (
                  select from public.delivery as b
                  where b.webhook_endpoint_id = w.endpoint and b.subject = d.subject and (b.created_at, b.id) < (d.created_at, d.id) and b.state in ('ready', 'in_progress')))
            order by d.due_at
            limit w.room
            for no key update skip locked
        ) as d
    ), counted as (
        update public.endpoint_health as h
        set paced_until = case when c.gap is null then h.paced_until
                               else greatest(h.paced_until, moment) + make_interval(secs => c.claimed * c.gap) end,
            open_until = case when c.probe is null then h.open_until else moment + make_interval(secs => p_probe_seconds) end,
            probe_id = coalesce(c.probe, h.probe_id)
        from (
            select d.org_id, d.endpoint, d.gap, count(*) as claimed, (array_agg(d.id) filter (where d.is_probe))[1] as probe
            from due as d
            where d.gap is not null or d.is_probe
            group by d.org_id, d.endpoint, d.gap
        ) as c
        where h.webhook_endpoint_id = c.endpoint and h.org_id is not distinct from c.org_id
    ), claimed as (
        update public.delivery as d
        set state = 'in_progress', attempt = d.attempt + 1, worker_id = p_worker
        from due
        where d.id = due.id
        returning d.id, d.org_id, d.webhook_endpoint_id, d.activity_request_id, d.event_type, d.attempt, d.attempts_before, due.url, due.headers,
            due.secret_name, d.payload
    )
    select c.id, c.org_id, c.webhook_endpoint_id, c.activity_request_id, c.event_type, c.attempt, c.attempts_before, c.url, c.headers,
           c.secret_name, s.ids, s.sealed, c.payload,
           (select r.traceparent from public.activity_request as r where r.id = c.activity_request_id)
    from claimed as c
    cross join lateral (
        select coalesce(array_agg(s.id), '{}') as ids, coalesce(array_agg(s.sealed), '{}') as sealed
        from (
            select s.id, s.sealed
            from public.webhook_secret as s
            where s.webhook_endpoint_id = c.webhook_endpoint_id and s.org_id is not distinct from c.org_id
              and (s.expires_at is null or s.expires_at > moment)
            order by s.created_at desc, s.id desc
            limit 15
        ) as s
    ) as s;
end
$$;
comment on function etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision) is
    'Gives a worker deliveries that are due, of each endpoint as many as it has room for, the longest due first; as far as the endpoint''s breaker,
rate and order allow it.';

create function etl_api.minute_counts(p_counts integer[], p_minutes integer, p_new integer) returns integer[]
    language sql immutable
    set search_path = pg_catalog, pg_temp
as $$
    select array[p_new + case when p_minutes <= 0 then p_counts[1] else 0 end]
           || (array_fill(0, array[least(greatest(p_minutes, 0), 5)]) || p_counts)[2:5]
$$;
comment on function etl_api.minute_counts(integer[], integer, integer) is
    'The counts of five minutes when so many have passed, with more in the newest.';

create function etl_api.note_delivery_attempts(
    p_deliveries uuid[], p_taken boolean[], p_gone boolean[], p_disable_seconds double precision)
    returns table (org_id uuid, webhook_endpoint_id uuid, event text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    moment timestamptz;
    failed record;
    off record;
begin
    insert into public.endpoint_health (org_id, webhook_endpoint_id)
    select distinct d.org_id, d.webhook_endpoint_id
    from unnest(p_deliveries) as i(id)
    join public.delivery as d on d.id = i.id
    order by 2
    on conflict do nothing;
    perform from public.endpoint_health as h
    where h.webhook_endpoint_id = any (array(
        select d.webhook_endpoint_id from unnest(p_deliveries) as i(id) join public.delivery as d on d.id = i.id))
    order by h.webhook_endpoint_id
    for no key update;
    moment := clock_timestamp();

    for failed in
        with counted as materialized (
            select d.org_id, d.webhook_endpoint_id as endpoint,
                   count(i.taken)::integer as attempts, (count(*) filter (where not i.taken))::integer as failures,
                   coalesce(bool_or(i.taken), false) as is_taken, coalesce(bool_or(i.gone), false) as is_gone,
                   array_agg(i.id) as ids, array_agg(i.id) filter (where i.taken) as taken_ids
            from unnest(p_deliveries, p_taken, p_gone) as i(id, taken, gone)
            join public.delivery as d on d.id = i.id
            group by d.org_id, d.webhook_endpoint_id
        )
        update public.endpoint_health as h
        set counted_at = date_trunc('minute', moment),
            attempts = etl_api.minute_counts(
                h.attempts, coalesce(extract(epoch from date_trunc('minute', moment) - h.counted_at) / 60, 5)::integer, c.attempts),
            failures = etl_api.minute_counts(
                h.failures, coalesce(extract(epoch from date_trunc('minute', moment) - h.counted_at) / 60, 5)::integer, c.failures),
            last_success_at = case when c.is_taken then moment else h.last_success_at end,
            failing_since = case when c.is_taken then null when c.failures > 0 then coalesce(h.failing_since, moment) else h.failing_since end
        from counted as c
        where h.webhook_endpoint_id = c.endpoint and h.org_id is not distinct from c.org_id
        returning h.org_id, h.webhook_endpoint_id as endpoint, h.failing_since, h.open_until, h.opened, h.probe_id, c.failures, c.is_gone,
            h.probe_id = any (c.ids) as is_probed, coalesce(h.probe_id = any (c.taken_ids), false) as is_probe_taken,
            (select sum(n) from unnest(h.attempts) as n) as recent_attempts, (select sum(n) from unnest(h.failures) as n) as recent_failures
    loop
        if failed.is_probe_taken then
            update public.endpoint_health as h
            set open_until = null, probe_id = null, opened = 0, attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
            where h.webhook_endpoint_id = failed.endpoint;
            return query select failed.org_id, failed.endpoint, 'closed'::text;
        elsif failed.is_probed and failed.failures = 0 then
            -- It was not posted at all: whoever comes next probes.
            update public.endpoint_health as h set open_until = moment, probe_id = null where h.webhook_endpoint_id = failed.endpoint;
        elsif failed.is_probed
              or failed.open_until is null and failed.recent_attempts >= 10 and failed.recent_failures > 0.7 * failed.recent_attempts then
            -- 30 s, and twice as long each time, up to 10 minutes.
            update public.endpoint_health as h
            set open_until = moment + least(interval '30 seconds' * (1 << least(failed.opened, 10)), interval '10 minutes'),
                probe_id = null, opened = failed.opened + 1
            where h.webhook_endpoint_id = failed.endpoint;
            return query select failed.org_id, failed.endpoint, case when failed.is_probed then 'still open' else 'opened' end;
        end if;

        if failed.is_gone or failed.failures > 0 and failed.failing_since < moment - make_interval(secs => p_disable_seconds) then
            for off in
                update public.webhook_endpoint as e
                set disabled_at = moment,
                    disabled_reason = case when failed.is_gone then 'it answered HTTP 410 (Gone)'
                                           else 'nothing has got through since ' || to_char(failed.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' end
                where e.org_id = failed.org_id and e.id = failed.endpoint and e.disabled_at is null
                returning e.key, e.disabled_reason
            loop
                insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload)
                select failed.org_id, r.id, 'webhook_endpoint.disabled',
                       convert_to(json_build_object(
                           'type', 'webhook_endpoint.disabled', 'timestamp', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                           'data', json_build_object('endpoint', off.key, 'reason', off.disabled_reason))::text, 'UTF8')
                from etl_api.event_endpoints(failed.org_id, 'webhook_endpoint.disabled') as r(id);
                -- Whoever enables it again begins anew.
                update public.endpoint_health as h
                set failing_since = null, open_until = null, probe_id = null, opened = 0, attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
                where h.webhook_endpoint_id = failed.endpoint;
                return query select failed.org_id, failed.endpoint, 'disabled'::text;
            end loop;
        end if;
    end loop;

    -- In an order, what came after one that is over is next. What was tried already keeps its own time.
    update public.delivery as d
    set due_at = moment
    from (
        select distinct n.id
        from unnest(p_deliveries) as i(id)
        join public.delivery as o on o.id = i.id and o.subject is not null and o.state in ('delivered', 'failed', 'superseded')
        cross join lateral (
            select n.id
            from public.delivery as n
            where n.webhook_endpoint_id = o.webhook_endpoint_id and n.subject = o.subject and n.state in ('ready', 'in_progress')
            order by n.created_at, n.id
            limit 1
        ) as n
    ) as n
    where d.id = n.id and d.state is not distinct from 'ready' and d.attempt = d.attempts_before and d.due_at > moment;
end
$$;
comment on function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision) is
    'Notes how attempts went: taken, not taken, or null for one that was never posted; gone: the endpoint is not wanted any more. Opens and closes breakers,
disables endpoints and tells the others, wakes what waited for its turn. Gives what has become of endpoints: opened, still open, closed, disabled.';

grant execute on function etl_api.endpoint_pace(integer, double precision) to weir_service;
grant execute on function etl_api.endpoints_with_deliveries(uuid, integer) to weir_service;
grant execute on function etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision) to weir_delivery;
grant execute on function etl_api.minute_counts(integer[], integer, integer) to weir_delivery;
grant execute on function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision) to weir_delivery;

-- What the endpoint's breaker or rate holds is not stuck. Only this part of the function changes.
do $migration$
declare
    definition text := pg_get_functiondef('etl_api.stuck_work(interval, integer)'::regprocedure);
    changed text := replace(definition, $part$     from public.delivery as d
     where d.state = 'ready' and d.due_at < (select at from cut)
     order by d.due_at
$part$, $part$     from etl_api.endpoints_with_deliveries() as e
     cross join lateral (
         select d.org_id, d.id, d.due_at from public.delivery as d
         where d.webhook_endpoint_id = e.webhook_endpoint_id and d.state = 'ready' and d.due_at < (select at from cut)
         order by d.due_at
         limit p_limit
     ) as d
     where greatest(e.due_at, e.held_until) < (select at from cut)
     order by d.due_at
$part$);
begin
    if changed = definition then
        raise exception 'etl_api.stuck_work looks for deliveries otherwise than expected';
    end if;
    execute changed;
end
$migration$;

-- migrate:down

set local role weir_owner;
do $migration$
declare
    definition text := pg_get_functiondef('etl_api.stuck_work(interval, integer)'::regprocedure);
    changed text := replace(definition, $part$     from etl_api.endpoints_with_deliveries() as e
     cross join lateral (
         select d.org_id, d.id, d.due_at from public.delivery as d
         where d.webhook_endpoint_id = e.webhook_endpoint_id and d.state = 'ready' and d.due_at < (select at from cut)
         order by d.due_at
         limit p_limit
     ) as d
     where greatest(e.due_at, e.held_until) < (select at from cut)
     order by d.due_at
$part$, $part$     from public.delivery as d
     where d.state = 'ready' and d.due_at < (select at from cut)
     order by d.due_at
$part$);
begin
    if changed = definition then
        raise exception 'etl_api.stuck_work looks for deliveries otherwise than expected';
    end if;
    execute changed;
end
$migration$;
drop function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision);
drop function etl_api.minute_counts(integer[], integer, integer);
drop function etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision);
drop function etl_api.endpoints_with_deliveries(uuid, integer);
drop function etl_api.endpoint_pace(integer, double precision);
revoke update (state, state_reason) on public.workflow_request from weir_delivery;
revoke insert on public.delivery from weir_delivery;
revoke update (disabled_at, disabled_reason) on public.webhook_endpoint from weir_delivery;
revoke insert, update on public.endpoint_health from weir_delivery;
alter table public.endpoint_health
    drop constraint endpoint_health_counts_five_minutes,
    drop column paced_until,
    drop column probe_id,
    drop column failures,
    drop column attempts,
    drop column counted_at;
comment on column public.endpoint_health.open_until is null;
comment on column public.endpoint_health.opened is null;
comment on column public.delivery_attempt.answer is null;
alter table public.delivery_attempt drop column next_at;
drop index public.delivery_open_of_subject;
drop index public.delivery_ready_of_endpoint;
alter table public.delivery
    reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold),
    drop column attempts_before;
