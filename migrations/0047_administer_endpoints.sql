-- What it takes to look after endpoints: their secrets, whether they are disabled, and deliveries that are sent again, for as long as
-- deliveries are kept.

-- migrate:up

set local role weir_owner;

alter table public.delivery add column ended_at timestamptz;
comment on column public.delivery.ended_at is 'When it was taken, given up or superseded; null while it is not over. Kept by a trigger.';
comment on column public.delivery.delivered_at is 'When it was taken first; it stays when it is sent again.';
update public.delivery set ended_at = coalesce(delivered_at, due_at) where state in ('delivered', 'failed', 'superseded');

create function etl_api.note_end_of_delivery() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.ended_at := case when new.state in ('delivered', 'failed', 'superseded') then clock_timestamp() end;
    return new;
end
$$;
comment on function etl_api.note_end_of_delivery() is 'Whoever ends a delivery or sends it again need not think of when.';
create trigger note_end before update on public.delivery for each row
    when ((old.ended_at is null) = (new.state in ('delivered', 'failed', 'superseded')))
    execute function etl_api.note_end_of_delivery();

-- What is kept for long enough; what one endpoint got; what of it was given up.
create index delivery_ended on public.delivery (ended_at) where ended_at is not null;
create index delivery_of_endpoint on public.delivery (webhook_endpoint_id, id);
create index delivery_failed on public.delivery (webhook_endpoint_id, ended_at) where state = 'failed';

grant insert, update (due_at) on public.delivery to weir_intake;
grant delete on public.delivery to weir_scheduler;
grant update (disabled_at, disabled_reason) on public.webhook_endpoint to weir_intake;
grant delete on public.endpoint_health to weir_intake;
grant insert, update (expires_at), delete on public.webhook_secret to weir_intake;
-- Only who makes secrets and who signs with them needs to see them, sealed as they are.
revoke select on public.webhook_secret from weir_service;
grant select on public.webhook_secret to weir_intake, weir_delivery;

-- Deliveries are kept for a while only, and one that was taken stays so when it is sent again.
create function etl_api.check_delivery_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    language sql volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = on
    set enable_hashjoin = on
    set enable_mergejoin = on
    set enable_bitmapscan = on
    set enable_nestloop = off
    set jit = off
as $$
select 'a request is delivered exactly when all deliveries of its round are', 'activity_request', r.org_id, r.id,
       case r.state when 'done' then 'delivered' else 'done' end,
       format('%s, %s of %s deliveries taken', r.state, coalesce(d.taken, 0), coalesce(d.total, 0))
from public.activity_request as r
left join (
    select d.org_id, d.activity_request_id, d.round, count(*) as total,
           count(*) filter (where d.state = 'delivered' or d.delivered_at is not null) as taken
    from public.delivery as d
    where p_org is null or d.org_id = p_org
    group by d.org_id, d.activity_request_id, d.round
) as d on d.activity_request_id = r.id and d.org_id = r.org_id and d.round = r.round
where (p_org is null or r.org_id = p_org)
  and case r.state when 'done' then d.taken = d.total
                   -- None is deleted within an hour.
                   when 'delivered' then d.taken < d.total or d.total is null and r.created_at > clock_timestamp() - interval '1 hour' end
$$;
comment on function etl_api.check_delivery_consistency(uuid) is
    'What contradicts what among requests and their deliveries; a part of etl_api.check_state_consistency().';
grant execute on function etl_api.check_delivery_consistency(uuid) to weir_scheduler;

create or replace function etl_api.check_state_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    language sql volatile
    set search_path = pg_catalog, pg_temp
as $$
    -- Its rule about deliveries is from before they were deleted and sent again.
    select * from etl_api.check_work_consistency(p_org) as w
    where w.rule <> 'a request is delivered exactly when all deliveries of its round are'
    union all
    select * from etl_api.check_source_consistency(p_org)
    union all
    select * from etl_api.check_delivery_consistency(p_org)
$$;

-- migrate:down

set local role weir_owner;
create or replace function etl_api.check_state_consistency(p_org uuid default null)
    returns table (rule text, entity text, org_id uuid, id uuid, expected text, found text)
    language sql volatile
    set search_path = pg_catalog, pg_temp
as $$
    select * from etl_api.check_work_consistency(p_org)
    union all
    select * from etl_api.check_source_consistency(p_org)
$$;
drop function etl_api.check_delivery_consistency(uuid);
revoke select on public.webhook_secret from weir_intake, weir_delivery;
grant select on public.webhook_secret to weir_service;
revoke insert, update (expires_at), delete on public.webhook_secret from weir_intake;
revoke delete on public.endpoint_health from weir_intake;
revoke update (disabled_at, disabled_reason) on public.webhook_endpoint from weir_intake;
revoke delete on public.delivery from weir_scheduler;
revoke insert, update (due_at) on public.delivery from weir_intake;
drop index public.delivery_failed;
drop index public.delivery_of_endpoint;
drop index public.delivery_ended;
drop trigger note_end on public.delivery;
drop function etl_api.note_end_of_delivery();
comment on column public.delivery.delivered_at is null;
alter table public.delivery drop column ended_at;
