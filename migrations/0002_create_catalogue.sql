-- What organizations declare: types, datapoints, sources, mappings, activities, endpoints; and who may ask for work.
--
-- Every tenant table has the primary key (org_id, id), and every key between tenant tables carries the organization, so
-- that no row can refer to another tenant's.

-- migrate:up

set local role weir_owner;

create table public.org (
    id uuid primary key default utils.uuid_v7(),
    key text not null,
    name text not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint org_key_is_unique unique (key),
    constraint org_key_is_a_word check (key ~ '^[a-z][a-z0-9_]{0,62}$')
);
comment on table public.org is 'An organization: the tenant that owns everything else.';

create table public.api_key (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    name text not null,
    prefix text not null,
    key_hash bytea not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    primary key (org_id, id),
    constraint api_key_hash_is_unique unique (key_hash),
    constraint api_key_hash_is_sha256 check (octet_length(key_hash) = 32)
);
comment on table public.api_key is 'A key of a client. Only the SHA-256 of the key is kept; the prefix tells keys apart in lists.';

create table public.activity_type (
    id uuid primary key default utils.uuid_v7(),
    name text not null,
    description text not null,
    constraint activity_type_name_is_unique unique (name)
);
insert into public.activity_type (name, description) values
    ('enrichment', 'Fills in values of named objects'),
    ('extract', 'Finds new objects by search criteria'),
    ('sourcing', 'Qualifies objects by factors'),
    ('training', 'Trains a model on validated objects'),
    ('fine_tuning', 'Tunes an existing model on validated objects'),
    ('export', 'Sends results to an integration'),
    ('predict', 'Asks a model about validated objects');

create table public.object_type (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    name text not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint object_type_key_is_unique unique (org_id, key)
);

create table public.datapoint (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    object_type_id uuid not null,
    key text not null,
    name text not null,
    data_type text not null default 'text',
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint datapoint_key_is_unique unique (org_id, object_type_id, key),
    constraint datapoint_type_is_known check (data_type in ('text', 'number', 'boolean', 'json')),
    foreign key (org_id, object_type_id) references public.object_type (org_id, id)
);

create table public.source (
    owner_org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    name text not null,
    source_type text not null default 'http',
    base_url text,
    run_request_template jsonb not null,
    max_objects integer not null default 1,
    setup jsonb not null default '{}',
    -- Raised whenever the source or one of its mappings changes; services keep what they have read until it does.
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (owner_org_id, id),
    constraint source_id_is_unique unique (id),
    constraint source_key_is_unique unique (owner_org_id, key),
    constraint source_type_is_known check (source_type in ('http')),
    constraint source_max_objects_within_bounds check (max_objects between 1 and 10000)
);
comment on column public.source.setup is
    'concurrency, timeout_seconds, response_bytes_max, retry {attempts, base_seconds, max_seconds}: defaults stand in docs/catalogue.md';

create table public.object_source (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    source_id uuid not null,
    object_type_id uuid not null,
    key_mapping jsonb not null,
    key_mapping_type text not null default 'key',
    primary key (org_id, id),
    constraint object_source_is_unique unique (org_id, source_id, object_type_id),
    constraint object_source_mapping_type_is_known check (key_mapping_type in ('key', 'value')),
    foreign key (org_id, source_id) references public.source (owner_org_id, id),
    foreign key (org_id, object_type_id) references public.object_type (org_id, id)
);

create table public.datapoint_source (
    org_id uuid not null,
    id uuid not null default utils.uuid_v7(),
    source_id uuid not null,
    datapoint_id uuid not null,
    key_mapping jsonb not null,
    primary key (org_id, id),
    constraint datapoint_source_is_unique unique (org_id, source_id, datapoint_id),
    foreign key (org_id, source_id) references public.source (owner_org_id, id),
    foreign key (org_id, datapoint_id) references public.datapoint (org_id, id)
);
comment on column public.datapoint_source.key_mapping is 'A list of paths in fall-back order; each path is a list of elements (spec 3.3).';

create table public.webhook_endpoint (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    url text not null,
    -- The name of the signing secret; the secret itself comes from the environment or a file of the service.
    secret_name text not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint webhook_endpoint_key_is_unique unique (org_id, key)
);

create table public.activity (
    org_id uuid not null references public.org (id),
    id uuid not null default utils.uuid_v7(),
    key text not null,
    name text not null,
    activity_type_id uuid not null references public.activity_type (id),
    object_type_id uuid not null,
    setup jsonb not null default '{}',
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (org_id, id),
    constraint activity_key_is_unique unique (org_id, key),
    foreign key (org_id, object_type_id) references public.object_type (org_id, id)
);

create table public.activity_source (
    org_id uuid not null,
    activity_id uuid not null,
    source_id uuid not null,
    primary key (org_id, activity_id, source_id),
    foreign key (org_id, activity_id) references public.activity (org_id, id) on delete cascade,
    foreign key (org_id, source_id) references public.source (owner_org_id, id)
);

create table public.activity_endpoint (
    org_id uuid not null,
    activity_id uuid not null,
    webhook_endpoint_id uuid not null,
    primary key (org_id, activity_id, webhook_endpoint_id),
    foreign key (org_id, activity_id) references public.activity (org_id, id) on delete cascade,
    foreign key (org_id, webhook_endpoint_id) references public.webhook_endpoint (org_id, id)
);

-- migrate:down

set local role weir_owner;
drop table public.activity_endpoint;
drop table public.activity_source;
drop table public.activity;
drop table public.webhook_endpoint;
drop table public.datapoint_source;
drop table public.object_source;
drop table public.source;
drop table public.datapoint;
drop table public.object_type;
drop table public.activity_type;
drop table public.api_key;
drop table public.org;
