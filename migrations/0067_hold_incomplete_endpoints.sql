-- An endpoint that lacks a secret or a header is left alone like one whose breaker is open: what waits for it uses up no attempt. Of several
-- endpoints, whoever records attempts locks the one with the lowest id first.

-- migrate:up

set local role weir_owner;

drop function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision);

create function etl_api.note_delivery_attempts(
    p_deliveries uuid[], p_findings text[], p_disable_seconds double precision)
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
                   (count(*) filter (where i.finding in ('taken', 'not_taken', 'gone')))::integer as attempts,
                   (count(*) filter (where i.finding in ('not_taken', 'gone')))::integer as failures,
                   coalesce(bool_or(i.finding = 'taken'), false) as is_taken, coalesce(bool_or(i.finding = 'gone'), false) as is_gone,
                   coalesce(bool_or(i.finding = 'incomplete'), false) as is_incomplete,
                   array_agg(i.id) as ids, array_agg(i.id) filter (where i.finding = 'taken') as taken_ids
            from unnest(p_deliveries, p_findings) as i(id, finding)
            join public.delivery as d on d.id = i.id
            group by d.org_id, d.webhook_endpoint_id
        ), noted as (
            update public.endpoint_health as h
            set counted_at = date_trunc('minute', moment),
                attempts = etl_api.minute_counts(
                    h.attempts, coalesce(extract(epoch from date_trunc('minute', moment) - h.counted_at) / 60, 5)::integer, c.attempts),
                failures = etl_api.minute_counts(
                    h.failures, coalesce(extract(epoch from date_trunc('minute', moment) - h.counted_at) / 60, 5)::integer, c.failures),
                last_success_at = case when c.is_taken then moment else h.last_success_at end,
                failing_since = case when c.is_taken then null
                                     when c.failures > 0 or c.is_incomplete then coalesce(h.failing_since, moment) else h.failing_since end
            from counted as c
            where h.webhook_endpoint_id = c.endpoint and h.org_id is not distinct from c.org_id
            returning h.org_id, h.webhook_endpoint_id as endpoint, h.failing_since, h.open_until, h.opened, h.probe_id, c.failures, c.is_gone,
                c.is_incomplete and not c.is_taken as is_incomplete, coalesce(h.probe_id = any (c.ids), false) as is_probed,
                coalesce(h.probe_id = any (c.taken_ids), false) as is_probe_taken,
                (select sum(n) from unnest(h.attempts) as n) as recent_attempts, (select sum(n) from unnest(h.failures) as n) as recent_failures
        )
        -- Endpoints are locked below, in the order of their ids, as everybody does.
        select n.* from noted as n order by n.endpoint
    loop
        if failed.is_probe_taken then
            update public.endpoint_health as h
            set open_until = null, probe_id = null, opened = 0, attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
            where h.webhook_endpoint_id = failed.endpoint;
            return query select failed.org_id, failed.endpoint, 'closed'::text;
        elsif failed.is_probed and failed.failures = 0 and not failed.is_incomplete then
            -- It was not posted at all: whoever comes next probes.
            update public.endpoint_health as h set open_until = moment, probe_id = null where h.webhook_endpoint_id = failed.endpoint;
        elsif failed.is_probed
              or failed.open_until is null
                  and (failed.is_incomplete or failed.recent_attempts >= 10 and failed.recent_failures > 0.7 * failed.recent_attempts) then
            -- 30 s, and twice as long each time, up to 10 minutes.
            update public.endpoint_health as h
            set open_until = moment + least(interval '30 seconds' * (1 << least(failed.opened, 10)), interval '10 minutes'),
                probe_id = null, opened = failed.opened + 1
            where h.webhook_endpoint_id = failed.endpoint;
            return query select failed.org_id, failed.endpoint,
                case when failed.is_probed then 'still open' when failed.is_incomplete then 'held' else 'opened' end;
        end if;

        if failed.is_gone or (failed.failures > 0 or failed.is_incomplete) and failed.failing_since < moment - make_interval(secs => p_disable_seconds) then
            for off in
                update public.webhook_endpoint as e
                set disabled_at = moment,
                    disabled_reason = case when failed.is_gone then 'it answered HTTP 410 (Gone)'
                                           else 'nothing has got through since ' || to_char(failed.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') end
                where e.org_id = failed.org_id and e.id = failed.endpoint and e.disabled_at is null
                returning e.key, e.disabled_reason
            loop
                insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload)
                select failed.org_id, r.id, 'webhook_endpoint.disabled',
                       convert_to(json_build_object(
                           'type', 'webhook_endpoint.disabled', 'timestamp', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                           'data', json_build_object('endpoint', off.key, 'reason', off.disabled_reason))::text, 'UTF8')
                from etl_api.event_endpoints(failed.org_id, 'webhook_endpoint.disabled') as r(id);
                return query select failed.org_id, failed.endpoint, 'disabled'::text;
            end loop;
        end if;
    end loop;

    -- In an order, what came after one that is over is next. What was tried already keeps its own time.
    with next as materialized (
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
    ), free as materialized (
        select d.id
        from next as n
        join public.delivery as d on d.id = n.id
        where d.state is not distinct from 'ready' and d.attempt = d.attempts_before and d.due_at > moment
        for no key update of d skip locked
    )
    update public.delivery as d set due_at = moment from free as f where d.id = f.id;
end
$$;
comment on function etl_api.note_delivery_attempts(uuid[], text[], double precision) is
    'Notes how attempts went: taken, not_taken, gone (the endpoint is not wanted any more), incomplete (it was not posted, since the endpoint lacks a secret
or a header), or null for one that was never posted. Opens and closes breakers, disables endpoints and tells the others, wakes what waited for its turn.
Gives what has become of endpoints: opened, held, still open, closed, disabled.';
grant execute on function etl_api.note_delivery_attempts(uuid[], text[], double precision) to weir_delivery;

comment on column public.endpoint_health.open_until is
    'The breaker: closed when null. Nothing is posted before this; after it one delivery is, as a probe, and while that is under way this is when it counts as lost. An endpoint that lacks a secret or a header is held by it too.';

-- migrate:down

set local role weir_owner;

drop function etl_api.note_delivery_attempts(uuid[], text[], double precision);

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
                return query select failed.org_id, failed.endpoint, 'disabled'::text;
            end loop;
        end if;
    end loop;

    -- In an order, what came after one that is over is next. What was tried already keeps its own time.
    with next as materialized (
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
    ), free as materialized (
        select d.id
        from next as n
        join public.delivery as d on d.id = n.id
        where d.state is not distinct from 'ready' and d.attempt = d.attempts_before and d.due_at > moment
        for no key update of d skip locked
    )
    update public.delivery as d set due_at = moment from free as f where d.id = f.id;
end
$$;
comment on function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision) is
    'Notes how attempts went: taken, not taken, or null for one that was never posted; gone: the endpoint is not wanted any more. Opens and closes breakers,
disables endpoints and tells the others, wakes what waited for its turn. Gives what has become of endpoints: opened, still open, closed, disabled.';
grant execute on function etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision) to weir_delivery;

comment on column public.endpoint_health.open_until is
    'The breaker: closed when null. Nothing is posted before this; after it one delivery is, as a probe, and while that is under way this is when it counts as lost.';
