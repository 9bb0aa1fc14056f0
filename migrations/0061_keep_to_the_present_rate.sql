-- What is left to wait of a slower rate counts no longer than the present one needs. The index by due time alone goes: beside an endpoint
-- that has nearly all deliveries it looked as good as the one by endpoint, and a claim for another endpoint read all of them.

-- migrate:up

set local role weir_owner;

drop index public.delivery_ready;

do $migration$
declare
    part record;
    definition text;
begin
    for part in select * from (values
        ('etl_api.endpoints_with_deliveries(uuid, integer)'::regprocedure,
         $part$greatest(s.open_until, s.paced_until - make_interval(secs => (p.burst - 1) * p.gap)),
$part$,
         -- Held without a bound is what a slower rate has left behind: whoever claims puts that right.
         $part$greatest(s.open_until, case when s.paced_until <= clock_timestamp() + make_interval(secs => p.burst * p.gap)
                                       then s.paced_until - make_interval(secs => (p.burst - 1) * p.gap) end),
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$               case when e.calls is not null then p.gap end as gap,
$part$,
         $part$               case when e.calls is not null then p.gap end as gap,
               -- All of a rate is used up until then at the latest, whatever it was before.
               case when e.calls is not null then moment + make_interval(secs => p.burst * p.gap) end as paced_max, h.paced_until,
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$else greatest(h.paced_until, moment) + make_interval(secs => c.claimed * c.gap) end,
$part$,
         $part$else least(greatest(h.paced_until, moment), c.paced_max) + make_interval(secs => c.claimed * c.gap) end,
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$            select d.org_id, d.endpoint, d.gap, count(*) as claimed, (array_agg(d.id) filter (where d.is_probe))[1] as probe
            from due as d
            where d.gap is not null or d.is_probe
            group by d.org_id, d.endpoint, d.gap
$part$,
         $part$            select d.org_id, d.endpoint, d.gap, d.paced_max, count(*) as claimed, (array_agg(d.id) filter (where d.is_probe))[1] as probe
            from due as d
            where d.gap is not null or d.is_probe
            group by d.org_id, d.endpoint, d.gap, d.paced_max
            union all
            -- There was no room for any of these.
            select w.org_id, w.endpoint, w.gap, w.paced_max, 0, null from wanted as w where w.paced_until > w.paced_max
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
        ('etl_api.endpoints_with_deliveries(uuid, integer)'::regprocedure,
         $part$greatest(s.open_until, case when s.paced_until <= clock_timestamp() + make_interval(secs => p.burst * p.gap)
                                       then s.paced_until - make_interval(secs => (p.burst - 1) * p.gap) end),
$part$,
         $part$greatest(s.open_until, s.paced_until - make_interval(secs => (p.burst - 1) * p.gap)),
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$               case when e.calls is not null then p.gap end as gap,
               -- All of a rate is used up until then at the latest, whatever it was before.
               case when e.calls is not null then moment + make_interval(secs => p.burst * p.gap) end as paced_max, h.paced_until,
$part$,
         $part$               case when e.calls is not null then p.gap end as gap,
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$else least(greatest(h.paced_until, moment), c.paced_max) + make_interval(secs => c.claimed * c.gap) end,
$part$,
         $part$else greatest(h.paced_until, moment) + make_interval(secs => c.claimed * c.gap) end,
$part$),
        ('etl_api.claim_deliveries(uuid, uuid[], uuid[], integer[], double precision)',
         $part$            select d.org_id, d.endpoint, d.gap, d.paced_max, count(*) as claimed, (array_agg(d.id) filter (where d.is_probe))[1] as probe
            from due as d
            where d.gap is not null or d.is_probe
            group by d.org_id, d.endpoint, d.gap, d.paced_max
            union all
            -- There was no room for any of these.
            select w.org_id, w.endpoint, w.gap, w.paced_max, 0, null from wanted as w where w.paced_until > w.paced_max
$part$,
         $part$            select d.org_id, d.endpoint, d.gap, count(*) as claimed, (array_agg(d.id) filter (where d.is_probe))[1] as probe
            from due as d
            where d.gap is not null or d.is_probe
            group by d.org_id, d.endpoint, d.gap
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
create index delivery_ready on public.delivery (due_at) where state = 'ready';
