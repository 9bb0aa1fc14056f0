-- The counters of requests are found by key however many runs the first batch of a session has. A hash join, which that batch may have
-- made look cheap, reads the counters of all requests.

-- migrate:up

set local role weir_owner;

alter function etl_api.count_updated_runs() reset enable_hashjoin;

-- migrate:down

set local role weir_owner;
alter function etl_api.count_updated_runs() set enable_hashjoin = on;
