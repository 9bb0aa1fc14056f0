-- The rows before and after an update are compared by a hash join, whatever the first update of a session was like: its plan is kept,
-- and that of a single row, a nested loop, took 10 ms for 400 rows.

-- migrate:up

set local role weir_owner;

alter function etl_api.record_update_of_activity_request() set enable_nestloop = off;
alter function etl_api.record_update_of_run_queue() set enable_nestloop = off;
alter function etl_api.record_update_of_run_request() set enable_nestloop = off;

-- migrate:down

set local role weir_owner;
alter function etl_api.record_update_of_run_request() reset enable_nestloop;
alter function etl_api.record_update_of_run_queue() reset enable_nestloop;
alter function etl_api.record_update_of_activity_request() reset enable_nestloop;
