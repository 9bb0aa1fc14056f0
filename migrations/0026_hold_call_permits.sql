-- Limits that hold over all executors: how many calls of a source, or of a group of sources, are in flight at once, and how many begin in
-- a stretch of time (docs/decisions/0013).

-- migrate:up

set local role weir_owner;

create table public.call_permit (
    org_id uuid not null,
    source_id uuid not null,
    worker_id uuid not null,
    rate_group_id uuid,
    slots integer not null,
    wanted integer not null,
    primary key (source_id, worker_id, org_id),
    constraint call_permit_within_bounds check (slots >= 0 and wanted >= 0)
) with (fillfactor = 50);
create index call_permit_of_group on public.call_permit (rate_group_id) where rate_group_id is not null;
comment on table public.call_permit is
    'How many calls of a source an executor may make at once. It counts as long as its worker is alive; the sum never exceeds the limit.';

create table public.call_start (
    limit_id uuid not null,
    starts_by timestamptz not null,
    calls integer not null,
    primary key (limit_id, starts_by)
);
comment on table public.call_start is
    'Calls that were allowed to begin, by the latest moment at which they do; of each limit (a source or a rate group) those that still count.';

select etl_api.force_row_security('public.call_permit');
create policy service_all on public.call_permit to weir_service using (true) with check (true);
grant select on public.call_permit, public.call_start to weir_service;
grant insert, update, delete on public.call_permit, public.call_start to weir_executor;

create function etl_api.share_of_calls(
    p_limit integer, p_group uuid, p_source uuid, p_worker uuid, p_wanted integer, p_turn bigint,
    out allowed integer, out wanting integer, out others_want boolean)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    with permit as (
        select p.source_id, p.worker_id, p.slots, p.wanted, false as is_own
        from public.call_permit as p
        join public.worker as w on w.id = p.worker_id and w.ended_at is null
        where case when p_group is null then p.source_id = p_source else p.rate_group_id = p_group end
          and (p.source_id, p.worker_id) <> (p_source, p_worker)
        union all
        select p_source, p_worker, 0, p_wanted, true
    ), counted as (
        select count(*) filter (where p.wanted > 0)::int as wanting,
               coalesce(sum(p.slots), 0)::int as taken,
               coalesce(bool_or(p.wanted > p.slots and not p.is_own), false) as others_want
        from permit as p
    ), available as (
        -- One is left for each executor that has nothing to do yet, as long as those at work have one each: it can begin at once.
        select c.*, p_limit - case when p_group is null then least(greatest(p_limit - c.wanting, 0), (
            select count(*) from public.worker as w
            where w.service = 'weir-executor' and w.ended_at is null
              and not exists (select from permit as p where p.worker_id = w.id and p.wanted > 0)))::int else 0 end as calls
        from counted as c
    ), numbered as (
        select p.*, dense_rank() over (order by p.source_id) as of_limit,
               row_number() over (partition by p.source_id order by p.worker_id) as of_source
        from permit as p
        where p.wanted > 0
    ), turned as (
        -- Where there are fewer calls than would want one, sources take turns, or some would never call as long as others have work.
        select n.*, (n.of_limit + p_turn * a.calls) % max(n.of_limit) over () as place
        from numbered as n
        cross join available as a
    ), shared as (
        select n.*, a.calls / a.wanting
                + (row_number() over (order by n.of_source, n.place, n.worker_id) <= a.calls % a.wanting)::int as share
        from turned as n
        cross join available as a
    )
    select coalesce((
               select greatest(0, least(own.wanted, greatest(
                   -- Its share, as far as nobody else still holds it; and what the others leave of theirs.
                   least(own.share, greatest(a.calls - a.taken, least(p_limit - a.taken, 1))),
                   a.calls - (select coalesce(sum(greatest(o.slots, least(o.wanted, o.share))), 0) from shared as o where not o.is_own)
                           - (select coalesce(sum(o.slots), 0) from permit as o where o.wanted = 0))))::int
               from shared as own where own.is_own), 0),
           a.wanting, a.others_want
    from available as a
$$;
comment on function etl_api.share_of_calls(integer, uuid, uuid, uuid, integer, bigint) is
    'How many of a limit''s calls an executor may have for a source, beside those that hold or want some, when it is some turn.
The caller holds the limit''s lock.';

create function etl_api.hold_call_permits(
    p_worker uuid, p_sources uuid[], p_wanted integer[], p_keep integer[], p_starts integer[], p_within double precision)
    returns table (
        source_id uuid, slots integer, target integer, starts integer, starts_seconds double precision,
        wait_seconds double precision, others_want boolean)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    ask record;
    own record;
    grouped record;
    group_wanting integer;
    held integer;
    bound record;
    moment timestamptz;
    used integer;
    opens timestamptz;
begin
    -- A crash of the server loses a fraction of a second of permits, and it loses the calls' claims with it.
    perform set_config('synchronous_commit', 'off', true);
    perform from public.worker as w where w.id = p_worker and w.ended_at is null for key share;
    if not found then
        return;
    end if;
    for ask in
        select s.id, s.owner_org_id as org_id, coalesce((s.setup ->> 'concurrency')::int, 16) as concurrency,
               (s.setup #>> '{rate,calls}')::int as calls, (s.setup #>> '{rate,per_seconds}')::double precision as per_seconds,
               s.paused_until, g.id as group_id, g.concurrency as group_concurrency, g.calls as group_calls,
               g.per_seconds as group_per_seconds, i.wanted, i.keep, i.starts
        from unnest(p_sources, p_wanted, p_keep, p_starts) as i(id, wanted, keep, starts)
        join public.source as s on s.id = i.id
        left join public.rate_group as g on g.id = s.rate_group_id
        -- Everybody takes the locks in this order.
        order by coalesce(g.id, s.id), s.id
    loop
        perform pg_advisory_xact_lock(hashtextextended('weir.calls ' || coalesce(ask.group_id, ask.id), 0));
        moment := clock_timestamp();
        source_id := ask.id;
        wait_seconds := 0;
        starts := null;
        -- A start that is not used in time is lost for the whole stretch of time: a hundredth of that is not too much to wait.
        starts_seconds := greatest(p_within, least(ask.per_seconds, ask.group_per_seconds) / 100);

        delete from public.call_permit as p
        where p.source_id = ask.id and not exists (select from public.worker as w where w.id = p.worker_id and w.ended_at is null);
        if ask.paused_until > moment then
            wait_seconds := extract(epoch from ask.paused_until - moment);
            ask.wanted := 0;
        end if;
        own := etl_api.share_of_calls(ask.concurrency, null, ask.id, p_worker, ask.wanted, 0);
        target := own.allowed;
        others_want := own.others_want;
        if ask.group_id is not null then
            -- Without a bound of its own the group still knows who wants some.
            grouped := etl_api.share_of_calls(coalesce(ask.group_concurrency, 1000000), ask.group_id, ask.id, p_worker, ask.wanted, floor(extract(epoch from moment) / 4)::bigint);
            target := least(target, grouped.allowed);
            others_want := others_want or grouped.others_want;
            group_wanting := grouped.wanting;
        end if;

        -- Calls under way cannot be taken back: what they hold is given back when they have ended.
        select p.slots into held from public.call_permit as p where p.source_id = ask.id and p.worker_id = p_worker;
        slots := greatest(target, least(ask.keep, coalesce(held, 0)));
        if slots = 0 and ask.wanted = 0 then
            delete from public.call_permit as p where p.source_id = ask.id and p.worker_id = p_worker;
        else
            insert into public.call_permit (org_id, source_id, worker_id, rate_group_id, slots, wanted)
            values (ask.org_id, ask.id, p_worker, ask.group_id, slots, ask.wanted)
            on conflict (source_id, worker_id, org_id) do update
            set rate_group_id = excluded.rate_group_id, slots = excluded.slots, wanted = excluded.wanted
            where (call_permit.rate_group_id, call_permit.slots, call_permit.wanted)
                is distinct from (excluded.rate_group_id, excluded.slots, excluded.wanted);
        end if;

        if ask.calls is not null or ask.group_calls is not null then
            starts := least(ask.starts, slots);
            for bound in
                select b.* from (values
                    (ask.id, ask.calls, ask.per_seconds, own.wanting), (ask.group_id, ask.group_calls, ask.group_per_seconds, group_wanting)
                ) as b(id, calls, per_seconds, wanting) where b.calls is not null
            loop
                -- A call may reach the API a little later than it begins: that much later it still counts.
                delete from public.call_start as c
                where c.limit_id = bound.id and c.starts_by <= moment - make_interval(secs => bound.per_seconds + 0.025);
                select coalesce(sum(c.calls), 0), min(c.starts_by) into used, opens from public.call_start as c where c.limit_id = bound.id;
                -- Those who want some take turns.
                starts := least(starts, greatest(bound.calls - used, 0), (bound.calls + bound.wanting - 1) / greatest(bound.wanting, 1));
                if used >= bound.calls then
                    wait_seconds := greatest(wait_seconds, extract(epoch from opens - moment) + bound.per_seconds + 0.025);
                end if;
            end loop;
            if starts > 0 then
                insert into public.call_start (limit_id, starts_by, calls)
                select b.id, to_timestamp(ceil(extract(epoch from moment + make_interval(secs => starts_seconds)) / b.bucket) * b.bucket), starts
                from (values
                    (ask.id, ask.calls, greatest(ask.per_seconds / 100, 0.01)),
                    (ask.group_id, ask.group_calls, greatest(ask.group_per_seconds / 100, 0.01))
                ) as b(id, calls, bucket)
                where b.calls is not null
                on conflict (limit_id, starts_by) do update set calls = call_start.calls + excluded.calls;
            end if;
        end if;
        return next;
    end loop;
end
$$;
comment on function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], double precision) is
    'Gives an executor its share of the calls of sources: slots it holds from now on, of which it is to use no more than target; and starts of
rate-limited ones, which it uses within starts_seconds, p_within at least, or not at all. keep: the calls that it may be making already.';
grant execute on function etl_api.share_of_calls(integer, uuid, uuid, uuid, integer, bigint) to weir_executor;
grant execute on function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], double precision) to weir_executor;

-- migrate:down

set local role weir_owner;
drop function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], double precision);
drop function etl_api.share_of_calls(integer, uuid, uuid, uuid, integer, bigint);
drop table public.call_start;
drop table public.call_permit;
