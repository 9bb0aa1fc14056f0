-- Rights and row-level security. Forced on every tenant table, so that it holds for the owner too.
--
-- Services serve all tenants and pass by policy; what a client may see is decided by the organization of its API key.
-- Nothing is granted on partitions: writing to one directly would bypass the parent's statement triggers. Updates are
-- granted by column: a service never changes the key of a row, its tenant, or what was asked for.

-- migrate:up

set local role weir_owner;

do $$
declare
    tenant_table regclass;
begin
    for tenant_table in
        select distinct c.oid::regclass
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attname in ('org_id', 'owner_org_id') and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    loop
        perform etl_api.force_row_security(tenant_table);
        execute format('create policy service_all on %s to weir_service using (true) with check (true)', tenant_table);
        if tenant_table <> 'public.api_key'::regclass then
            execute format('grant select on %s to weir_service', tenant_table);
        end if;
    end loop;
end
$$;

grant select on public.org, public.activity_type, public.state_transition, public.worker to weir_service;
grant insert, update (heartbeat_at, ended_at, ended_reason) on public.worker to weir_service;
grant insert on public.dead_message to weir_service;

-- Intake authenticates, accepts and expands.
grant select on public.api_key to weir_intake;
grant insert on public.activity_request, public.request_progress, public.object, public.request_object, public.run_queue
    to weir_intake;
grant update (objects_expanded, expanded) on public.request_progress to weir_intake;

-- The executor claims runs, forms exchanges and records answers.
grant insert on public.run_request, public.run_result, public.run_log to weir_executor;

-- The processor stores what the answers say, closes runs, collects results and makes deliveries.
grant insert on public.value, public.delivery to weir_processor;
grant insert, delete on public.request_result to weir_processor;

-- Delivery posts.
grant insert on public.delivery_attempt to weir_delivery;

-- The scheduler takes work back from the dead and wakes what is due.
grant update (released_at), delete on public.worker to weir_scheduler;

-- Who brings what from state to state.
grant update (state, state_substate, state_reason, attempt, worker_id) on public.activity_request
    to weir_intake, weir_processor, weir_delivery, weir_scheduler;
grant update (state, state_substate, state_reason, attempt, worker_id, run_request_id, due_at) on public.run_queue
    to weir_executor, weir_scheduler;
grant update (state, state_substate, state_reason) on public.run_queue to weir_processor;
grant update (state, state_substate, state_reason, attempt, worker_id) on public.run_request
    to weir_executor, weir_scheduler;
grant update (state, state_reason, attempt, worker_id, due_at, delivered_at) on public.delivery
    to weir_delivery, weir_scheduler;

-- migrate:down

set local role weir_owner;
do $$
declare
    owned record;
begin
    for owned in
        select c.oid::regclass as name, c.relforcerowsecurity as is_tenant_table
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and c.relowner = 'weir_owner'::regrole
    loop
        execute format(
            'revoke all on %s from weir_service, weir_intake, weir_executor, weir_processor, weir_delivery, weir_scheduler',
            owned.name);
        if owned.is_tenant_table then
            execute format('drop policy service_all on %s', owned.name);
            execute format('drop policy owner_all on %s', owned.name);
            execute format('alter table %s no force row level security', owned.name);
            execute format('alter table %s disable row level security', owned.name);
        end if;
    end loop;
end
$$;
