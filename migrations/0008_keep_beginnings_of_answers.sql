-- The beginning of an answer that could not be used: what a person needs to see why a call failed.
--
-- Answers with success are kept whole, in run_result.

-- migrate:up

set local role weir_owner;

alter table public.run_log add column answer text;
comment on column public.run_log.answer is 'The first 500 bytes of an answer without success, made valid text, with every secret masked.';

-- migrate:down

set local role weir_owner;
alter table public.run_log drop column answer;
