-- An answer says for how many runs it was fetched: of an answer for several only the names tell whose a value is, also when a source was
-- changed meanwhile to one object a call, or when a batch ends in the middle of the exchange.

-- migrate:up

set local role weir_owner;

alter table public.run_result add column runs integer not null default 1;
comment on column public.run_result.runs is 'How many runs the exchange was for.';

-- migrate:down

set local role weir_owner;
alter table public.run_result drop column runs;
