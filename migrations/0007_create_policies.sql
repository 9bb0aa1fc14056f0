-- Rights and row-level security. Forced on every tenant table, so that it holds for the owner too.
--
-- Services serve all tenants and pass by policy; what a client may see is decided by the organization of its API key.
-- Nothing is granted on partitions: writing to one directly would bypass the parent's statement triggers.

-- migrate:up

set local role weir_owner;

create function etl_api.tenant_tables() returns setof text
    language sql immutable
    set search_path = pg_catalog
as $$
    select unnest(array[
        'api_key', 'object_type', 'datapoint', 'source', 'object_source', 'datapoint_source', 'webhook_endpoint',
        'activity', 'activity_source', 'activity_endpoint', 'activity_request', 'request_progress', 'object',
        'request_object', 'run_queue', 'run_request', 'run_result', 'run_log', 'state_history', 'value',
        'request_result', 'delivery', 'delivery_attempt'])
$$;

do $$
declare
    tenant_table text;
begin
    for tenant_table in select etl_api.tenant_tables() loop
        execute format('alter table public.%I enable row level security', tenant_table);
        execute format('alter table public.%I force row level security', tenant_table);
        execute format('create policy service_all on public.%I to weir_service using (true) with check (true)', tenant_table);
        execute format('create policy owner_all on public.%I to weir_owner using (true) with check (true)', tenant_table);
        execute format('grant select on public.%I to weir_service', tenant_table);
    end loop;
end
$$;

grant select on public.org, public.activity_type, public.state_transition, public.worker to weir_service;
grant insert, update on public.worker to weir_service;
grant delete on public.worker to weir_scheduler;
grant insert on public.dead_message to weir_service;

-- Intake accepts and expands, and keeps the catalogue and the keys when they come over HTTP.
grant insert, update on public.activity_request, public.request_progress, public.object, public.request_object, public.run_queue
    to weir_intake;

-- The executor claims runs, forms exchanges and records answers.
grant insert, update on public.run_request to weir_executor;
grant update on public.run_queue to weir_executor;
grant insert on public.run_result, public.run_log to weir_executor;

-- The processor stores what the answers say, closes runs, collects results and makes deliveries.
grant insert, update on public.object to weir_processor;
grant insert on public.value, public.delivery to weir_processor;
grant insert, delete on public.request_result to weir_processor;
grant update on public.run_queue, public.activity_request to weir_processor;

-- Delivery posts.
grant update on public.delivery, public.activity_request to weir_delivery;
grant insert on public.delivery_attempt to weir_delivery;

-- The scheduler takes work back from the dead and wakes what is due.
grant update on public.activity_request, public.run_queue, public.run_request, public.delivery to weir_scheduler;

-- migrate:down

set local role weir_owner;
do $$
declare
    tenant_table text;
begin
    for tenant_table in select etl_api.tenant_tables() loop
        execute format('drop policy owner_all on public.%I', tenant_table);
        execute format('drop policy service_all on public.%I', tenant_table);
        execute format('alter table public.%I no force row level security', tenant_table);
        execute format('alter table public.%I disable row level security', tenant_table);
        execute format('revoke all on public.%I from weir_service, weir_intake, weir_executor, weir_processor, weir_delivery, weir_scheduler', tenant_table);
    end loop;
end
$$;
revoke all on public.org, public.activity_type, public.state_transition, public.worker, public.dead_message from weir_service;
drop function etl_api.tenant_tables();
