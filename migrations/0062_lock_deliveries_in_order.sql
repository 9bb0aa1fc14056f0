-- Locks in one order: requests, deliveries by id, the health of endpoints, endpoints. Whoever enables an endpoint begins with its health,
-- which stays: whoever records at that moment must find it.

-- migrate:up

set local role weir_owner;

revoke delete on public.endpoint_health from weir_intake;
grant update (failing_since, last_success_at, open_until, opened, probe_id, attempts, failures) on public.endpoint_health to weir_intake;

do $migration$
declare
    part record;
    definition text;
begin
    for part in select * from (values
        -- Whoever enables it resets its health.
        ('etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision)'::regprocedure,
         $part$                -- Whoever enables it again begins anew.
                update public.endpoint_health as h
                set failing_since = null, open_until = null, probe_id = null, opened = 0, attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
                where h.webhook_endpoint_id = failed.endpoint;
$part$, ''),
        -- Whoever has locked one that waits sends it, gives it up or supersedes it: it needs nobody to wake it.
        ('etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision)',
         $part$    update public.delivery as d
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
$part$,
         $part$    with next as materialized (
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
$part$),
        ('etl_api.follow_activity_requests(uuid[])',
         $part$        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the workflow request was taken up again'
        from public.workflow_request as w
        where w.id = any (p_workflow_requests) and d.workflow_request_id = w.id and d.round < w.round
          and d.state in ('ready', 'in_progress', 'failed');
$part$,
         $part$        with old as materialized (
            select d.id
            from public.workflow_request as w
            join public.delivery as d on d.workflow_request_id = w.id
            where w.id = any (p_workflow_requests) and d.round < w.round and d.state in ('ready', 'in_progress', 'failed')
            order by d.id
            for no key update of d
        )
        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the workflow request was taken up again'
        from old as o
        where d.id = o.id;
$part$),
        ('etl_api.advance_workflow(uuid)',
         $part$            update public.delivery as d
            set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
            where d.activity_request_id = any (reopened) and d.state in ('ready', 'in_progress', 'failed');
$part$,
         $part$            with old as materialized (
                select d.id from public.delivery as d
                where d.activity_request_id = any (reopened) and d.state in ('ready', 'in_progress', 'failed')
                order by d.id
                for no key update
            )
            update public.delivery as d
            set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
            from old as o
            where d.id = o.id;
$part$)) as p(function, before, after)
    loop
        definition := pg_get_functiondef(part.function);
        if strpos(definition, part.before) = 0 then
            raise exception '% is not as expected', part.function;
        end if;
        execute replace(definition, part.before, part.after);
    end loop;
end
$migration$;

-- migrate:down

set local role weir_owner;
do $migration$
declare
    part record;
    definition text;
begin
    for part in select * from (values
        ('etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision)'::regprocedure,
         $part$                return query select failed.org_id, failed.endpoint, 'disabled'::text;
$part$,
         $part$                -- Whoever enables it again begins anew.
                update public.endpoint_health as h
                set failing_since = null, open_until = null, probe_id = null, opened = 0, attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
                where h.webhook_endpoint_id = failed.endpoint;
                return query select failed.org_id, failed.endpoint, 'disabled'::text;
$part$),
        ('etl_api.note_delivery_attempts(uuid[], boolean[], boolean[], double precision)',
         $part$    with next as materialized (
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
$part$,
         $part$    update public.delivery as d
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
$part$),
        ('etl_api.follow_activity_requests(uuid[])',
         $part$        with old as materialized (
            select d.id
            from public.workflow_request as w
            join public.delivery as d on d.workflow_request_id = w.id
            where w.id = any (p_workflow_requests) and d.round < w.round and d.state in ('ready', 'in_progress', 'failed')
            order by d.id
            for no key update of d
        )
        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the workflow request was taken up again'
        from old as o
        where d.id = o.id;
$part$,
         $part$        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the workflow request was taken up again'
        from public.workflow_request as w
        where w.id = any (p_workflow_requests) and d.workflow_request_id = w.id and d.round < w.round
          and d.state in ('ready', 'in_progress', 'failed');
$part$),
        ('etl_api.advance_workflow(uuid)',
         $part$            with old as materialized (
                select d.id from public.delivery as d
                where d.activity_request_id = any (reopened) and d.state in ('ready', 'in_progress', 'failed')
                order by d.id
                for no key update
            )
            update public.delivery as d
            set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
            from old as o
            where d.id = o.id;
$part$,
         $part$            update public.delivery as d
            set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
            where d.activity_request_id = any (reopened) and d.state in ('ready', 'in_progress', 'failed');
$part$)) as p(function, before, after)
    loop
        definition := pg_get_functiondef(part.function);
        if strpos(definition, part.before) = 0 then
            raise exception '% is not as expected', part.function;
        end if;
        execute replace(definition, part.before, part.after);
    end loop;
end
$migration$;
revoke update (failing_since, last_success_at, open_until, opened, probe_id, attempts, failures) on public.endpoint_health from weir_intake;
grant delete on public.endpoint_health to weir_intake;
