-- What exchanges of several calls leave behind: answers in pages, answers that say that there is nothing, sources that are paused for a
-- while, and the access tokens that all executors share.

-- migrate:up

set local role weir_owner;

alter table public.run_result
    add column pages integer,
    add column no_data text;
comment on column public.run_result.pages is
    'How many pages the answer has: its body is the JSON array of them, and every path begins with *. Null: it is not paged.';
comment on column public.run_result.no_data is
    'Why the API has nothing on what was asked for, by a response rule of the source. Null: the answer is to be mapped.';

comment on column public.source.paused_until is 'Nobody calls the source before; its runs wait and use up no attempt.';
grant update (paused_until, paused_reason) on public.source to weir_executor;

create table public.source_token (
    org_id uuid not null,
    source_id uuid not null,
    -- Raised by every new token: who throws one away names the one that was refused, and never hits a newer one.
    generation bigint not null default 0,
    sealed bytea,
    used_until timestamptz,
    -- Who fetches the next one, and until when nobody else does.
    claim_id uuid,
    claimed_until timestamptz,
    primary key (org_id, source_id),
    foreign key (org_id, source_id) references public.source (owner_org_id, id) on delete cascade,
    constraint source_token_sealed_within_bounds check (octet_length(sealed) <= 1100000)
) with (fillfactor = 50);
comment on table public.source_token is
    'The access token of a source, sealed with a key that is made of the client''s secret: who reads the database cannot use it.';
select etl_api.force_row_security('public.source_token');
create policy service_all on public.source_token to weir_service using (true) with check (true);
grant select, insert, update (generation, sealed, used_until, claim_id, claimed_until) on public.source_token to weir_executor;

-- migrate:down

set local role weir_owner;
drop table public.source_token;
revoke update (paused_until, paused_reason) on public.source from weir_executor;
comment on column public.source.paused_until is null;
alter table public.run_result drop column no_data, drop column pages;
