-- Why executors can do nothing for a source as it is stored, so that whoever waits for it is told.

-- migrate:up

set local role weir_owner;

alter table public.source
    add column unusable_reason text,
    add column unusable_version bigint,
    add column unusable_by uuid,
    add constraint source_unusable_within_bounds check (octet_length(unusable_reason) <= 4000),
    add constraint source_unusable_is_whole check (num_nulls(unusable_reason, unusable_version, unusable_by) in (0, 3));
comment on column public.source.unusable_reason is
    'Why an executor can do nothing for the source as it is stored. It says something of this version of it, as long as that executor lives.';
comment on column public.source.unusable_version is 'The version that cannot be used.';
comment on column public.source.unusable_by is 'The worker that says so: one that is newer, or has what this one lacks, may be able to.';
grant update (unusable_reason, unusable_version, unusable_by) on public.source to weir_executor;

-- migrate:down

set local role weir_owner;
revoke update (unusable_reason, unusable_version, unusable_by) on public.source from weir_executor;
alter table public.source drop column unusable_by, drop column unusable_version, drop column unusable_reason;
