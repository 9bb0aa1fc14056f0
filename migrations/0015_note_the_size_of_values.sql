-- A run says how large its values are, so that a chunk of a result is cut without a look at them.

-- migrate:up

set local role weir_owner;

alter table public.run_queue add column value_bytes integer not null default 0;
comment on column public.run_queue.value_bytes is 'The bytes of the values that the run found, as JSON texts with all numbers written out.';
grant update (value_bytes) on public.run_queue to weir_processor;

-- Requests whose results are not collected yet: their runs and these runs' values, each by its index.
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
update public.run_queue as r
set value_bytes = v.bytes
from (
    select q.org_id, q.id, least(sum(octet_length(v.value::text)), 2147483647)::integer as bytes
    from public.activity_request as a
    join public.run_queue as q on q.activity_request_id = a.id
    join public.value as v on v.run_id = q.id
    where a.state in ('new', 'valid', 'ready', 'in_progress')
    group by q.org_id, q.id
) as v
where r.id = v.id and r.org_id = v.org_id;

-- migrate:down

set local role weir_owner;
alter table public.run_queue drop column value_bytes;
