-- Results are collected in chunks of bounded bytes, not only of bounded objects: chunks are known by the place of their first
-- object, and the size of a value is what it says it is.

-- migrate:up

set local role weir_owner;

-- In two steps, so that no chunk takes another's number meanwhile.
update public.request_result as c
set chunk = -1 - p.first_position
from (
    select org_id, activity_request_id, chunk,
           sum(objects) over (partition by activity_request_id order by chunk) - objects as first_position
    from public.request_result
) as p
where c.org_id = p.org_id and c.activity_request_id = p.activity_request_id and c.chunk = p.chunk;
update public.request_result set chunk = -1 - chunk where chunk < 0;

alter table public.request_result rename column chunk to first_position;
comment on column public.request_result.first_position is 'The place in the request of the chunk''s first object, from 0.';

-- A compressed value can take hundred times its size in memory. Values of over 2 kB, which are rare, now take their full size on disk.
alter table public.value alter column value set storage external;

-- migrate:down

set local role weir_owner;
alter table public.value alter column value set storage extended;
alter table public.request_result rename column first_position to chunk;
update public.request_result as c
set chunk = -1 - p.number
from (
    select org_id, activity_request_id, chunk,
           row_number() over (partition by activity_request_id order by chunk) - 1 as number
    from public.request_result
) as p
where c.org_id = p.org_id and c.activity_request_id = p.activity_request_id and c.chunk = p.chunk;
update public.request_result set chunk = -1 - chunk where chunk < 0;
