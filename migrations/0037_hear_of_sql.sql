-- The triggers that the specification names (4.2), for whoever works by SQL beside the services (docs/decisions/0016).
--
-- They work by statement. What the services write themselves, they know already: nothing fires for them.

-- migrate:up

set local role weir_owner;

-- A mapping that was changed by SQL: services keep what they have read of a source until its version is another.
create function etl_api.trigger_sync_datapoint_source() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update public.source as s
    set version = s.version + 1
    where (s.owner_org_id, s.id) in (select c.org_id, c.source_id from changed as c);
    return null;
end
$$;

create trigger trg_sync_datapoint_source after insert on public.datapoint_source
    referencing new table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();
create trigger trg_sync_datapoint_source_update after update on public.datapoint_source
    referencing new table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();
create trigger trg_sync_datapoint_source_delete after delete on public.datapoint_source
    referencing old table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();
create trigger trg_sync_object_source after insert on public.object_source
    referencing new table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();
create trigger trg_sync_object_source_update after update on public.object_source
    referencing new table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();
create trigger trg_sync_object_source_delete after delete on public.object_source
    referencing old table as changed
    for each statement execute function etl_api.trigger_sync_datapoint_source();

create function etl_api.trigger_sync_datapoint() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update public.source as s
    set version = s.version + 1
    where (s.owner_org_id, s.id) in (
        select m.org_id, m.source_id
        from changed as c
        join public.datapoint_source as m on m.org_id = c.org_id and m.datapoint_id = c.id);
    return null;
end
$$;

create trigger trg_sync_datapoint_update after update on public.datapoint
    referencing new table as changed
    for each statement execute function etl_api.trigger_sync_datapoint();

-- A raw answer that was put in by SQL, for an exchange that is in progress: the exchange is done, and its runs wait to be mapped, as if an
-- executor had recorded it. One that still has the call under way finds that the exchange is no longer its own.
create function public.mark_run_request_done() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    with answered as (
        update public.run_request as q
        set state = 'done', worker_id = null
        from public.run_result as x
        where q.state = 'in_progress' and x.run_request_id = q.id
        returning q.id, q.run_ids
    )
    update public.run_queue as r
    set state_substate = 'fetched', worker_id = null
    from answered as a
    cross join lateral unnest(a.run_ids) as u(id)
    where r.id = u.id and r.run_request_id is not distinct from a.id and r.state = 'in_progress';
    return null;
end
$$;

-- Without a transition table, which would copy every answer that an executor records.
create trigger trg_mark_run_done after insert on public.run_result
    for each statement when (current_user <> 'weir_executor') execute function public.mark_run_request_done();

-- An exchange that was formed by SQL and waits for somebody who makes the call.
create function public.trigger_run_executor() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from inserted where state = 'ready') then
        perform pg_notify('weir_run_request', '');
    end if;
    return null;
end
$$;

create trigger trigger_run_request_execute after insert on public.run_request
    referencing new table as inserted
    for each statement when (current_user <> 'weir_executor') execute function public.trigger_run_executor();

-- A workflow request that was inserted by SQL.
create function etl_api.trigger_process_workflow_request() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from inserted where state = 'new') then
        perform pg_notify('weir_workflow_request', '');
    end if;
    return null;
end
$$;

create trigger after_insert_workflow_request after insert on public.workflow_request
    referencing new table as inserted
    for each statement execute function etl_api.trigger_process_workflow_request();

-- migrate:down

set local role weir_owner;
drop trigger after_insert_workflow_request on public.workflow_request;
drop function etl_api.trigger_process_workflow_request();
drop trigger trigger_run_request_execute on public.run_request;
drop function public.trigger_run_executor();
drop trigger trg_mark_run_done on public.run_result;
drop function public.mark_run_request_done();
drop trigger trg_sync_datapoint_update on public.datapoint;
drop function etl_api.trigger_sync_datapoint();
drop trigger trg_sync_object_source_delete on public.object_source;
drop trigger trg_sync_object_source_update on public.object_source;
drop trigger trg_sync_object_source on public.object_source;
drop trigger trg_sync_datapoint_source_delete on public.datapoint_source;
drop trigger trg_sync_datapoint_source_update on public.datapoint_source;
drop trigger trg_sync_datapoint_source on public.datapoint_source;
drop function etl_api.trigger_sync_datapoint_source();
