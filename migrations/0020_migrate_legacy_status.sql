-- Tables from before there were states get them, from their column of legacy statuses (docs/states.md).
--
-- The same ten statuses stand in Swift (LegacyStatus); both sides run Tests/Vectors/legacy_statuses.json.
--
-- And a refused change of a state that nothing follows says so: "from done it may go to" ended there.

-- migrate:up

set local role weir_owner;

-- With the rights of whoever calls, on a table of theirs: Postgres itself says what they may not do.
create function etl_api.migrate_legacy_status(
    p_table regclass,
    p_status text default 'status',
    p_state text default 'state',
    p_substate text default 'state_substate'
) returns table (legacy_status text, state text, substate text, rows bigint)
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Rows that a policy hides would be left out in silence; this makes it an error.
    set row_security = off
as $$
declare
    relation record;
    present text[];
    state_cast text;
begin
    select c.relkind, c.relispartition, i.inhparent::regclass as parent into relation
    from pg_class as c
    left join pg_inherits as i on i.inhrelid = c.oid and c.relispartition
    where c.oid = p_table;
    if not found then
        raise exception 'there is no such table' using errcode = 'undefined_table';
    elsif relation.relispartition then
        raise exception '% is a partition; name the table that it is a part of, %', p_table, relation.parent
            using errcode = 'wrong_object_type';
    elsif relation.relkind not in ('r', 'p') then
        raise exception '% is not a table', p_table using errcode = 'wrong_object_type';
    elsif (p_status <> p_state and p_status <> p_substate and p_state <> p_substate) is not true then
        raise exception 'the legacy status, the state and the substate must be three different columns'
            using errcode = 'invalid_parameter_value';
    end if;
    present := array(select a.attname from pg_attribute as a
                     where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped order by a.attnum);
    if p_status <> all (present) then
        raise exception '% has no column %; it has %', p_table, quote_ident(p_status),
                (select string_agg(quote_ident(c), ', ' order by k) from unnest(present) with ordinality as u(c, k))
            using errcode = 'undefined_column',
                  hint = 'The second argument names the column that holds the legacy statuses.';
    end if;

    if p_state <> all (present) or p_substate <> all (present) then
        execute format('alter table %s add column if not exists %I text, add column if not exists %I text',
                       p_table, p_state, p_substate);
    end if;
    -- An enum needs a cast; to a text it would cut what does not fit.
    state_cast := (
        select case t.typcategory when 'E' then '::' || format_type(t.oid, null) else '' end
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        where a.attrelid = p_table and a.attname = p_state);
    execute format($update$
        update %1$s as r
        set %3$I = m.state%5$s, %4$I = coalesce(r.%4$I, m.substate)
        from (values
            ('pending', 'new', null),
            ('validation', 'valid', null),
            ('activity_processed', 'ready', null),
            ('waiting', 'waiting', null),
            ('running', 'in_progress', null),
            ('processing', 'in_progress', null),
            ('missing_value', 'invalid', 'missing_value'),
            ('completed', 'done', null),
            ('done', 'done', null),
            ('failed', 'failed', null)
        ) as m(legacy_status, state, substate)
        -- A to Z alone: elsewhere a language decides, and in Turkish WAITING has other small letters.
        where r.%3$I is null and m.legacy_status = lower(r.%2$I::text collate "C")
        $update$, p_table, p_status, p_state, p_substate, state_cast);
    return query execute format(
        'select r.%2$I::text, r.%3$I::text, r.%4$I::text, count(*) from %1$s as r group by 1, 2, 3 order by 1, 2, 3',
        p_table, p_status, p_state, p_substate);
end
$$;
comment on function etl_api.migrate_legacy_status(regclass, text, text, text) is
    'Fills state and substate of the rows whose state is null from their legacy status, adding the columns where they are missing. '
    'Reports how the table stands then: how many rows of each legacy status are in which state and substate. Where the state is null, '
    'the status is not a known one and its rows were left alone.';

-- format() makes something of nothing, so that coalesce() never came to its second argument.
create or replace function etl_api.describe_transitions(p_entity text, p_from text) returns text
    language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        'from ' || p_from || ' it may go to '
            || string_agg(t.to_state || ' (' || t.rule || ')', ', ' order by t.kind, t.to_state),
        'nothing follows ' || p_from)
    from public.state_transition as t
    where t.entity = p_entity and t.from_state = p_from
$$;

-- migrate:down

set local role weir_owner;
create or replace function etl_api.describe_transitions(p_entity text, p_from text) returns text
    language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        format('from %s it may go to %s', p_from,
               string_agg(t.to_state || ' (' || t.rule || ')', ', ' order by t.kind, t.to_state)),
        format('nothing follows %s', p_from))
    from public.state_transition as t
    where t.entity = p_entity and t.from_state = p_from
$$;
drop function etl_api.migrate_legacy_status(regclass, text, text, text);
