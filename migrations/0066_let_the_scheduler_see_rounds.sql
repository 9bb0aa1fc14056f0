-- The scheduler says again which requests wait to be expanded, and a step of a later phase waits for the phases before it (0065). Without
-- the right to ask that, every sweep failed before it had said anything again.

-- migrate:up

set local role weir_owner;
grant execute on function etl_api.round_before(uuid) to weir_scheduler;

-- migrate:down

set local role weir_owner;
revoke execute on function etl_api.round_before(uuid) from weir_scheduler;
