-- Permits to call (docs/decisions/0013) are worked out for all sources of a question at once: a rate group's share is computed once, and what
-- does not change is not written. Whoever is asked about has both the lock of a source and that of its rate group, so that a source which moves
-- from one group to another stays within its own limit.

-- migrate:up

set local role weir_owner;

drop function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], double precision);
drop function etl_api.share_of_calls(integer, uuid, uuid, uuid, integer, bigint);

create function etl_api.shares_of_calls(
    p_worker uuid, p_sources uuid[], p_groups uuid[], p_busy boolean[], p_turn bigint)
    returns table (
        source_id uuid, rate_group_id uuid, wanted integer, held integer,
        -- Of the source's limit, and of the group's: how many calls it has for this worker to have some of, its share of them, what all hold, what
        -- is not for others, this worker's part in that, how many want some, and whether others have less than they want.
        calls integer, share integer, taken integer, claimed integer, own_claimed integer, wanting integer, others_want boolean, source_limit integer,
        group_calls integer, group_share integer, group_taken integer, group_claimed integer, group_own_claimed integer, group_wanting integer,
        group_others_want boolean)
    -- plpgsql keeps the plan, which takes longer to make than to run.
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with ask as materialized (
        select i.id, i.group_id, i.busy, coalesce((s.setup ->> 'concurrency')::integer, 16) as calls,
               coalesce(g.concurrency, 1000000) as group_calls
        from unnest(p_sources, p_groups, p_busy) as i(id, group_id, busy)
        join public.source as s on s.id = i.id
        -- Without a bound of its own the group still knows who wants some.
        left join public.rate_group as g on g.id = i.group_id
    ), alive as materialized (
        select count(*)::integer as executors from public.worker as w where w.service = 'weir-executor' and w.ended_at is null
    ), member as materialized (
        -- Who has a part in which limit.
        select a.id as limit_id, false as is_group, a.calls as limit_calls, a.busy, p.source_id, p.rate_group_id, p.worker_id, p.slots, p.wanted,
               p.worker_id = p_worker as is_own
        from ask as a
        join public.call_permit as p on p.source_id = a.id
        join public.worker as w on w.id = p.worker_id and w.ended_at is null
        union all
        select g.group_id, true, g.group_calls, null, p.source_id, p.rate_group_id, p.worker_id, p.slots, p.wanted,
               p.worker_id = p_worker and p.source_id = any (p_sources)
        from (select distinct a.group_id, a.group_calls from ask as a where a.group_id is not null) as g
        join public.call_permit as p on p.rate_group_id = g.group_id
        join public.worker as w on w.id = p.worker_id and w.ended_at is null
    ), counted as (
        select m.*, sum(m.slots) over l as taken, count(*) filter (where m.wanted > 0) over l as wanting,
               count(*) filter (where m.wanted > m.slots) over l as starving,
               dense_rank() over (partition by m.limit_id, m.wanted > 0 order by m.source_id) as of_limit,
               row_number() over (partition by m.limit_id, m.wanted > 0, m.source_id order by m.worker_id) as of_source
        from member as m
        window l as (partition by m.limit_id)
    ), available as (
        -- One call is left for each executor that has nothing to do yet, so that it can begin at once; but not by one that has work for all of
        -- its calls and more.
        select c.*, c.limit_calls - case when c.is_group or c.busy then 0
                                         else least(greatest(c.limit_calls - c.wanting, 0), greatest(a.executors - c.wanting, 0)) end as calls
        from counted as c
        cross join alive as a
    ), turned as (
        -- Where there are fewer calls than would want one, sources take turns, or some would never call as long as others have work.
        select a.*, (a.of_limit + p_turn * a.calls) % max(a.of_limit) over (partition by a.limit_id, a.wanted > 0) as place
        from available as a
    ), shared as (
        select t.*, case when t.wanted > 0
                         then t.calls / t.wanting + (row_number() over (partition by t.limit_id, t.wanted > 0 order by t.of_source, t.place, t.worker_id)
                                                     <= t.calls % t.wanting)::integer end as share
        from turned as t
    ), claimed as (
        select s.*, case when s.wanted > 0 then greatest(s.slots, least(s.wanted, s.share)) else s.slots end as own_claimed from shared as s
    ), summed as (
        select c.*, sum(c.own_claimed) over (partition by c.limit_id) as claimed from claimed as c
    ), own as (
        -- The source's limit, and beside it that of the group.
        select s.*, s.starving - (s.wanted > s.slots)::integer > 0 as others_want, lead(s.calls) over both_limits as group_calls,
               lead(s.share) over both_limits as group_share, lead(s.taken) over both_limits as group_taken,
               lead(s.claimed) over both_limits as group_claimed, lead(s.own_claimed) over both_limits as group_own_claimed,
               lead(s.wanting) over both_limits as group_wanting,
               lead(s.starving) over both_limits - (s.wanted > s.slots)::integer > 0 as group_others_want
        from summed as s
        where s.is_own
        window both_limits as (partition by s.source_id order by s.is_group)
    )
    select o.source_id, o.rate_group_id, o.wanted, o.slots, o.calls::integer, o.share::integer, o.taken::integer, o.claimed::integer,
           o.own_claimed::integer, o.wanting::integer, o.others_want, o.limit_calls, o.group_calls::integer, o.group_share::integer,
           o.group_taken::integer, o.group_claimed::integer, o.group_own_claimed::integer, o.group_wanting::integer, o.group_others_want
    from own as o
    where not o.is_group
    order by o.rate_group_id, o.source_id;
end
$$;
comment on function etl_api.shares_of_calls(uuid, uuid[], uuid[], boolean[], bigint) is
    'How the calls of sources and of their rate groups are shared, as an executor sees it that asks for its part. The caller holds the limits'' locks.';

-- What of a limit may be had: the share, as far as nobody else still holds it; and what the others leave of theirs.
create function etl_api.part_of_calls(
    p_wanted integer, p_limit integer, p_calls integer, p_share integer, p_taken_by_others integer, p_claimed_by_others integer) returns integer
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case when p_wanted > 0
                then greatest(0, least(p_wanted, greatest(
                         least(p_share, greatest(p_calls - p_taken_by_others, least(p_limit - p_taken_by_others, 1))),
                         p_calls - p_claimed_by_others)))
                else 0 end;
end
$$;

create function etl_api.hold_call_permits(
    p_worker uuid, p_sources uuid[], p_wanted integer[], p_keep integer[], p_starts integer[], p_busy boolean[], p_within double precision)
    returns table (
        source_id uuid, slots integer, target integer, starts integer, starts_seconds double precision,
        wait_seconds double precision, others_want boolean)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    groups uuid[];
    own record;
    ask record;
    of_group uuid;
    place integer;
    taken_since integer;
    claimed_since integer;
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
    -- Everybody takes the locks in this order: sources, then groups. With that of a source its group is settled, whoever moves it now.
    perform pg_advisory_xact_lock(hashtextextended('weir.calls ' || i.id, 0))
    from (select distinct u.id from unnest(p_sources) as u(id) order by u.id) as i;
    select array_agg((select s.rate_group_id from public.source as s where s.id = i.id) order by i.k) into groups
    from unnest(p_sources) with ordinality as i(id, k);
    perform pg_advisory_xact_lock(hashtextextended('weir.calls ' || i.id, 0))
    from (select distinct u.id from unnest(groups) as u(id) where u.id is not null order by u.id) as i;
    moment := clock_timestamp();

    delete from public.call_permit as p
    where p.source_id = any (p_sources) and not exists (select from public.worker as w where w.id = p.worker_id and w.ended_at is null);
    -- Whatever other executors hold of a source that has moved counts in its new group from now on.
    update public.call_permit as p
    set rate_group_id = i.group_id
    from unnest(p_sources, groups) as i(id, group_id)
    where p.source_id = i.id and p.rate_group_id is distinct from i.group_id;
    insert into public.call_permit (org_id, source_id, worker_id, rate_group_id, slots, wanted)
    select s.owner_org_id, i.id, p_worker, i.group_id, 0, case when s.paused_until > moment then 0 else i.wanted end
    from unnest(p_sources, groups, p_wanted) as i(id, group_id, wanted)
    join public.source as s on s.id = i.id
    on conflict (source_id, worker_id, org_id) do update set wanted = excluded.wanted
    where call_permit.wanted <> excluded.wanted;

    for own in
        select * from etl_api.shares_of_calls(p_worker, p_sources, groups, p_busy, floor(extract(epoch from moment) / 4)::bigint)
    loop
        if own.rate_group_id is distinct from of_group then
            -- What a group's sources of this question get, the next of them finds taken.
            of_group := own.rate_group_id;
            taken_since := 0;
            claimed_since := 0;
        end if;
        place := array_position(p_sources, own.source_id);
        select (s.setup #>> '{rate,calls}')::integer as calls, (s.setup #>> '{rate,per_seconds}')::double precision as per_seconds,
               s.paused_until, g.calls as group_calls, g.per_seconds as group_per_seconds
        into ask
        from public.source as s
        left join public.rate_group as g on g.id = own.rate_group_id
        where s.id = own.source_id;
        source_id := own.source_id;
        wait_seconds := case when ask.paused_until > moment then extract(epoch from ask.paused_until - moment) else 0 end;
        starts := null;
        -- A start that is not used in time is lost for the whole stretch of time: a hundredth of that is not too much to wait.
        starts_seconds := greatest(p_within, least(ask.per_seconds, ask.group_per_seconds) / 100);
        target := etl_api.part_of_calls(
            own.wanted, own.source_limit, own.calls, own.share, own.taken - own.held, own.claimed - own.own_claimed);
        others_want := own.others_want;
        if own.rate_group_id is not null then
            target := least(target, etl_api.part_of_calls(
                own.wanted, own.group_calls, own.group_calls, own.group_share, own.group_taken + taken_since - own.held,
                own.group_claimed + claimed_since - own.group_own_claimed));
            others_want := others_want or own.group_others_want;
        end if;

        -- Calls under way cannot be taken back: what they hold is given back when they have ended.
        slots := greatest(target, least(p_keep[place], own.held));
        taken_since := taken_since + slots - own.held;
        claimed_since := claimed_since - own.group_own_claimed
                         + case when own.wanted > 0 then greatest(slots, least(own.wanted, own.group_share)) else slots end;
        if slots = 0 and own.wanted = 0 then
            delete from public.call_permit as p where p.source_id = own.source_id and p.worker_id = p_worker;
        elsif slots <> own.held then
            update public.call_permit as p set slots = hold_call_permits.slots where p.source_id = own.source_id and p.worker_id = p_worker;
        end if;

        if ask.calls is not null or ask.group_calls is not null then
            starts := least(p_starts[place], slots);
            for bound in
                select b.* from (values
                    (own.source_id, ask.calls, ask.per_seconds, own.wanting),
                    (own.rate_group_id, ask.group_calls, ask.group_per_seconds, own.group_wanting)
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
                    (own.source_id, ask.calls, greatest(ask.per_seconds / 100, 0.01)),
                    (own.rate_group_id, ask.group_calls, greatest(ask.group_per_seconds / 100, 0.01))
                ) as b(id, calls, bucket)
                where b.calls is not null
                on conflict (limit_id, starts_by) do update set calls = call_start.calls + excluded.calls;
            end if;
        end if;
        return next;
    end loop;
end
$$;
comment on function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], boolean[], double precision) is
    'Gives an executor its share of the calls of sources: slots it holds from now on, of which it is to use no more than target; and starts of
rate-limited ones, which it uses within starts_seconds, p_within at least, or not at all. keep: the calls that it may be making already;
busy: it has work for all of its calls and more.';
grant execute on function etl_api.shares_of_calls(uuid, uuid[], uuid[], boolean[], bigint) to weir_executor;
grant execute on function etl_api.part_of_calls(integer, integer, integer, integer, integer, integer) to weir_executor;
grant execute on function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], boolean[], double precision) to weir_executor;

-- migrate:down

set local role weir_owner;
drop function etl_api.hold_call_permits(uuid, uuid[], integer[], integer[], integer[], boolean[], double precision);
drop function etl_api.part_of_calls(integer, integer, integer, integer, integer, integer);
drop function etl_api.shares_of_calls(uuid, uuid[], uuid[], boolean[], bigint);
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
            starts := least(p_starts[place], slots);
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
