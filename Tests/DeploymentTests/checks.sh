# Checks that are counted. To be sourced.
# shellcheck shell=bash

CHECKS_PASSED=0
CHECKS_FAILED=0

# check WHAT COMMAND…: the command has to end with status 0. What it printed is shown if it does not.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        CHECKS_PASSED=$((CHECKS_PASSED + 1))
        printf 'ok    %s\n' "$what"
    else
        CHECKS_FAILED=$((CHECKS_FAILED + 1))
        printf 'FAIL  %s\n' "$what"
        tail -n 30 <<<"$output" | sed 's/^/      | /'
    fi
}

# equal EXPECTED ACTUAL
equal() {
    [ "$1" = "$2" ] || {
        printf 'expected: %s\nactual:   %s\n' "$1" "$2"
        return 1
    }
}

# within SECONDS COMMAND…: the command has to succeed once within that time.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

# Hands the numbers to another process, which takes them over.
checks_keep() { printf '%d %d\n' "$CHECKS_PASSED" "$CHECKS_FAILED" >"$1"; }
checks_take() { read -r CHECKS_PASSED CHECKS_FAILED <"$1"; }

checks_end() {
    printf '%d passed, %d failed\n' "$CHECKS_PASSED" "$CHECKS_FAILED"
    [ "$CHECKS_FAILED" -eq 0 ]
}
