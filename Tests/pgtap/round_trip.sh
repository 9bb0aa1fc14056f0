#!/usr/bin/env bash
# All migrations forward and back on a database that holds rows, twice; TAP, for pg_prove. scripts/test-sql sets WEIR_EXECUTABLE
# (default: the debug build) and PGHOST, PGUSER.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly database=round_trip
weir=${WEIR_EXECUTABLE:-.build/debug/weir}
export PGDATABASE=$database WEIR_DATABASE_URL="postgresql://$PGUSER@/$database?host=$PGHOST"
directory=$(mktemp -d "${TMPDIR:-/tmp}/weir-round-trip-XXXXXX")
trap 'rm -rf "$directory"; dropdb --maintenance-db=postgres --if-exists --force "$database"' EXIT

tests=0
# check TITLE COMMAND…: one test; what a command that fails has said goes into the TAP as a comment.
check() {
    local title=$1 outcome=ok
    shift
    tests=$((tests + 1))
    "$@" >"$directory/output" 2>&1 || outcome='not ok'
    printf '%s %d - %s\n' "$outcome" "$tests" "$title"
    [ "$outcome" = ok ] || sed 's/^/# /' "$directory/output"
}

# The schema as SQL. Left out are the list of migrations, which outlives all of them, and the partitions of certain weeks, since
# a week may begin between two dumps; pg_dump's tokens of one dump are no part of it.
dump_schema() { pg_dump --schema-only --exclude-table='schema_migration*' --exclude-table='*_[0-9]*w[0-9]*' | sed '/^\\\(un\)\?restrict /d' >"$1"; }

insert_rows() {
    psql -Xq -v ON_ERROR_STOP=1 -1 -f Tests/pgtap/fixtures/catalogue.sql -f Tests/pgtap/fixtures/rows.sql
}

# Fails with the names of the tables that hold no row.
no_table_is_empty() {
    local empty
    empty=$(psql -XAtq -c "
        select c.relname from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text = '0'")
    [ -z "$empty" ] || { printf 'no rows in %s\n' "$empty"; return 1; }
}

dropdb --maintenance-db=postgres --if-exists "$database"
createdb --maintenance-db=postgres -T template0 "$database"
dump_schema "$directory/pristine"

for round in 1 2; do
    check "forward, round $round" "$weir" migrate up
    dump_schema "$directory/forward-$round"
    check "rows in, round $round" insert_rows
    check "every table holds rows, round $round" no_table_is_empty
    check "the migrations are verified, round $round" "$weir" migrate verify
    check "back, round $round" "$weir" migrate down --to 0
    dump_schema "$directory/back-$round"
    check "nothing is left, round $round" diff "$directory/pristine" "$directory/back-$round"
done
check 'the second way forward leads to the same schema' diff "$directory/forward-1" "$directory/forward-2"
printf '1..%d\n' "$tests"
