-- A run says how large its values are, so that a chunk of a result is cut without a look at them.

-- migrate:up

set local role weir_owner;

alter table public.run_queue add column value_bytes integer not null default 0;
comment on column public.run_queue.value_bytes is 'The bytes of the values that the run found, as JSON texts.';
grant update (value_bytes) on public.run_queue to weir_processor;

-- Requests whose results are not collected yet.
update public.run_queue as r
set value_bytes = v.bytes
from (
    select v.run_id, least(sum(octet_length(v.value::text)), 2147483647)::integer as bytes
    from public.activity_request as a
    join public.value as v on v.activity_request_id = a.id
    where a.state in ('new', 'valid', 'ready', 'in_progress')
    group by v.run_id
) as v
where r.id = v.run_id;

-- migrate:down

set local role weir_owner;
alter table public.run_queue drop column value_bytes;
