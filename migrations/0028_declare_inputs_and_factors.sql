-- What an activity asks of its clients besides objects, how many objects it may find, and what makes an object a good one.

-- migrate:up

set local role weir_owner;

-- All names of the specification (2.1): labels cannot be added inside a transaction later.
create type public.operator_enum as enum (
    'equals', 'not_equals', 'greater_than', 'greater_equal', 'less_than', 'less_equal', 'contains', 'not_contains',
    'starts_with', 'ends_with', 'in', 'not_in', 'between', 'is_null', 'is_not_null', 'like', 'ilike', 'regex', 'not_regex');
create type public.factor_type_enum as enum (
    'volume', 'boolean', 'option', 'time', 'place', 'frequency', 'reason', 'entity', 'similarity');

create table public.factor (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    name text not null,
    object_type_id uuid not null,
    datapoint_id uuid not null,
    type text not null default 'guardrail',
    factor_type public.factor_type_enum not null,
    operator public.operator_enum not null,
    value jsonb,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint factor_key_is_unique unique (org_id, key),
    constraint factor_type_is_known check (type in ('guardrail', 'usecase')),
    foreign key (org_id, object_type_id) references public.object_type (org_id, id),
    foreign key (org_id, datapoint_id) references public.datapoint (org_id, id)
);
comment on table public.factor is 'A condition on one datapoint of an object, such as: employees is at least 100.';
comment on column public.factor.value is 'What the datapoint is compared with; a list for in and between.';

select etl_api.force_row_security('public.factor');
create policy service_all on public.factor to weir_service using (true) with check (true);
grant select on public.factor to weir_service;

alter table public.activity
    add column input jsonb not null default '{}',
    add column max_objects integer not null default 1000,
    add column factors jsonb,
    add constraint activity_max_objects_within_bounds check (max_objects between 1 and 100000);
comment on column public.activity.input is
    'The fields that a request gives under "input": {name: {type: text | number | boolean | list, required?, default?}}.';
comment on column public.activity.max_objects is 'How many objects one request may find at the most.';
comment on column public.activity.factors is
    'Which objects qualify: {"all" | "any": [the key of a factor, or one more of these]}; null when nothing is asked.';

-- Of a template, the variables that need a value of the request or its object: those without a default. Secrets and what the executor
-- knows by itself are none.
create function utils.required_variables(p_template jsonb) returns text[]
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct v.name), '{}')
    from unnest(string_to_array(p_template::text, '<<$')) with ordinality as t(piece, place)
    cross join lateral (select split_part(t.piece, '>>', 1) as inside) as p
    cross join lateral (select btrim(split_part(p.inside, '|', 1)) as name) as v
    where t.place > 1 and strpos(t.piece, '>>') > 0
      and v.name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$' and v.name not like 'secret.%'
      and v.name not in ('max_objects', 'run_setup', 'run_external_id', 'callback_url', 'submission_key', 'cursor')
      and p.inside !~ '\|\s*default\M'
$$;
comment on function utils.required_variables(jsonb) is
    'The names in <<$name>> that must have a value before the template can be rendered; sorted.';
grant execute on function utils.required_variables(jsonb) to weir_service;

-- What a request gives, and the defaults of what it leaves out.
create function utils.input_with_defaults(p_declared jsonb, p_given jsonb) returns jsonb
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(d.key, d.value -> 'default') filter (where d.value ? 'default'), '{}')
           || case jsonb_typeof(p_given) when 'object' then p_given else '{}' end
    from jsonb_each(p_declared) as d
$$;
comment on function utils.input_with_defaults(jsonb, jsonb) is
    'The input of a request (content -> ''input'') as its runs see it, by the declaration of its activity (activity.input).';
grant execute on function utils.input_with_defaults(jsonb, jsonb) to weir_service;

-- Why a run is not executed, for people; the same words wherever it is found out.
create function etl_api.missing_values_reason(p_names text[]) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select format('there is no value for %s, which the source''s request needs', array_to_string(p_names, ', '))
$$;
grant execute on function etl_api.missing_values_reason(text[]) to weir_service;

-- migrate:down

set local role weir_owner;
drop function etl_api.missing_values_reason(text[]);
drop function utils.input_with_defaults(jsonb, jsonb);
drop function utils.required_variables(jsonb);
alter table public.activity
    drop column factors,
    drop column max_objects,
    drop column input;
drop table public.factor;
drop type public.factor_type_enum;
drop type public.operator_enum;
