-- Which endpoints get an event is decided in one place, when its deliveries are made.

-- migrate:up

set local role weir_owner;

create function etl_api.event_endpoints(
    p_org uuid, p_event_type text, p_activity uuid default null, p_workflow uuid default null
) returns setof uuid
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select e.id
    from public.webhook_endpoint as e
    where e.org_id = p_org and e.disabled_at is null and e.deleted_at is null
      and (p_event_type = any (e.event_types) or '*' = any (e.event_types)
           -- That an endpoint gets nothing any more is for everybody who has not said otherwise.
           or p_event_type = 'webhook_endpoint.disabled' and e.event_types is null
           or exists (select from public.activity_endpoint as l
                      where l.org_id = p_org and l.activity_id = p_activity and l.webhook_endpoint_id = e.id)
           or exists (select from public.workflow_endpoint as l
                      where l.org_id = p_org and l.workflow_id = p_workflow and l.webhook_endpoint_id = e.id))
    order by e.id
$$;
comment on function etl_api.event_endpoints(uuid, text, uuid, uuid) is
    'The endpoints of an organization that get an event: those that its activity or workflow names, and those whose event_types ask for it; none that are disabled.';
grant execute on function etl_api.event_endpoints(uuid, text, uuid, uuid) to weir_service;

-- migrate:down

set local role weir_owner;
drop function etl_api.event_endpoints(uuid, text, uuid, uuid);
