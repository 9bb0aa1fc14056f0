#!/usr/bin/env bash
# The plans that a service's session makes on an empty database, and keeps; TAP, for pg_prove. scripts/test-sql sets PGHOST, PGUSER and
# PGDATABASE, a migrated database.
set -euo pipefail
cd "$(dirname "$0")/../.."

directory=$(mktemp -d "${TMPDIR:-/tmp}/weir-plans-XXXXXX")
trap 'rm -rf "$directory"' EXIT

# What a session explains of itself, with the settings of Libraries/Store/ServiceSession.swift.
PGOPTIONS="-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off
    -c plan_cache_mode=force_generic_plan" psql -Xq -v ON_ERROR_STOP=1 >/dev/null 2>"$directory/plans" <<'SQL' ||
load 'auto_explain';
set auto_explain.log_nested_statements = on;
set auto_explain.log_min_duration = 0;
set auto_explain.log_level = notice;
begin;
\i Tests/pgtap/fixtures/catalogue.sql
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
values (:org_a, :request_a, :source_a, 0, 'ready');
insert into public.run_request (org_id, source_id, run_ids, state) values (:org_a, :source_a, '{}', 'ready');
update public.run_queue set state = 'in_progress';
insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
select :org_a, :request_a, :source_a, k, 'ready' from generate_series(1, 400) as k;
update public.run_queue set state = 'in_progress' where state = 'ready';
update public.run_queue set state = 'done';
update public.run_request set state = 'in_progress';
update public.activity_request set state = 'done' where id = :request_a;
insert into public.worker (id, service, host, pid) values ('e0000000-0000-7000-8000-000000000001', 'weir-delivery', 'h', 1);
insert into public.delivery (org_id, webhook_endpoint_id, event_type, subject, payload) values (:org_a, :endpoint_a, 'webhook_endpoint.test', 's', '');
select from etl_api.flowing_objects(:request_a);
select etl_api.place_found_objects(:request_a);
select from etl_api.endpoints_with_deliveries();
select from etl_api.claim_deliveries('e0000000-0000-7000-8000-000000000001', array[:org_a::uuid], array[:endpoint_a::uuid], array[10], 60);
rollback;
SQL
    { tail -n 5 "$directory/plans" | sed 's/^/# /'; exit 1; }

# And what it explains when the statistics say that nearly all deliveries are one endpoint's.
PGOPTIONS="-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off
    -c plan_cache_mode=force_generic_plan" psql -Xq -v ON_ERROR_STOP=1 >/dev/null 2>"$directory/crowded" <<'SQL' ||
begin;
\i Tests/pgtap/fixtures/catalogue.sql
insert into public.worker (id, service, host, pid) values ('e0000000-0000-7000-8000-000000000001', 'weir-delivery', 'h', 1);
insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload)
select :org_a, :endpoint_a, 'webhook_endpoint.test', '' from generate_series(1, 100000);
insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload)
select :org_b, :endpoint_b, 'webhook_endpoint.test', '' from generate_series(1, 10);
analyze public.delivery;
load 'auto_explain';
set auto_explain.log_nested_statements = on;
set auto_explain.log_min_duration = 0;
set auto_explain.log_analyze = on;
set auto_explain.log_level = notice;
select from etl_api.claim_deliveries('e0000000-0000-7000-8000-000000000001', array[:org_b::uuid], array[:endpoint_b::uuid], array[10], 60);
rollback;
SQL
    { tail -n 5 "$directory/crowded" | sed 's/^/# /'; exit 1; }

# plans_of PATTERN [FILE]: those of the statements that hold the pattern.
plans_of() { awk -v pattern="$1" '/NOTICE:  duration/ { seen = 0 } $0 ~ pattern { seen = 1 } seen' "${2:-$directory/plans}"; }

tests=0
# check TITLE COUNT PATTERN PLANS: so many lines of the plans have the pattern.
check() {
    tests=$((tests + 1))
    if [ "$(grep -Ec "$3" <<<"$4")" = "$2" ]; then
        printf 'ok %d - %s\n' "$tests" "$1"
    else
        printf 'not ok %d - %s\n' "$tests" "$1"
        sed 's/^/# /' <<<"$4"
    fi
}

# The rows before and after an update are compared in a trigger. A nested loop, which is cheapest for the one row of a session's first
# update, would take 160,000 comparisons for 400 rows later.
changes=$(plans_of 'left join updated_from')
check 'three tables compare the rows before and after an update' 6 'left join updated_from' "$changes"
check 'each by a hash join' 6 'Hash (Right |Left )?Join' "$changes"
check 'and by no nested loop' 0 'Nested Loop' "$changes"

# What a step or a request has already is told from what it has not by sorting: a subplan would be hashed only as long as it is small.
for known in k.object_id m.object_id; do
    sorted=$(plans_of "distinct on .$known")
    check "what is new is found by sorting: $known" 1 'Unique' "$sorted"
    check "and not by comparing each with each: $known" 0 'NOT .*SubPlan|Anti Join' "$sorted"
done

# An index that leads with the organization would read all of its requests.
references=$(plans_of 'FROM ONLY "public"."activity_request"')
checks=$(grep -c 'FROM ONLY' <<<"$references")
check 'foreign keys are checked' 0 '^$' "$references"
check 'each finds its request by the id' "$checks" 'Index Cond: .*[( ]id = ' "$references"

# The first batch that closes runs has 401: a hash join would read the counters of all requests.
counters=$(plans_of 'set runs_done = p.runs_done')
check 'a batch is counted' 1 'set runs_done = p.runs_done' "$counters"
check 'its request is found by key' 0 'Hash Join' "$counters"
check 'by its index' 1 'Index Cond: .*activity_request_id = ' "$counters"

# Among a million deliveries that wait for one endpoint, neither the endpoints with work nor those that one of them gets may be looked for.
heads=$(plans_of 'with recursive head')
check 'endpoints with work are found from one to the next along an index' 2 'Index (Only )?Scan using delivery_ready_of_endpoint' "$heads"
check 'without a sort' 0 'Sort Key: .*due_at' "$heads"
claims=$(plans_of 'd.due_at <= moment')
check 'deliveries of an endpoint are found along the same, to be put off, to bound what is looked at and to be claimed' 3 'Scan using delivery_ready_of_endpoint' "$claims"
check 'both from the longest due on, without a sort' 0 'Sort Key: .*due_at' "$claims"
check 'and what comes before them in an order along another' 2 'Scan using delivery_open_of_subject' "$claims"
crowded=$(plans_of 'd.due_at <= w.horizon' "$directory/crowded")
check 'beside one that has nearly all deliveries, too' 2 'Scan using delivery_ready_of_endpoint' "$crowded"
check 'so that none of those is read' 0 'Rows Removed by Filter: [0-9]{3}' "$crowded"
printf '1..%d\n' "$tests"
