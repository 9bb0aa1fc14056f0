#!/usr/bin/env bash
# What deploy/compose.yaml promises, on a machine of its own: scripts/test-deploy runs this in namespaces that end with it.
#
# usage: deployment.sh STATE_DIRECTORY BUILD_DIRECTORY
set -uo pipefail
readonly STATE=$1 BUILD=$2
. Tests/DeploymentTests/checks.sh
. Tests/DeploymentTests/engine.sh
. Tests/DeploymentTests/operations.sh
engine_configure "$STATE/engine"

# What somebody who runs Weir has before them: settings, backups and secrets that are written here are none of the repository's.
readonly ROOT=$PWD CLONE=$STATE/clone
mkdir "$CLONE"
cp -r deploy examples "$CLONE"

readonly SERVICES=(bus intake executor processor delivery scheduler)
readonly COUNTRIES=249
# Calls take this long, and the example's source allows 16 of them at a time: about 50 countries a second.
export WEIR_DEMO_LATENCY_MS=300

# As in the directory of compose.yaml, where an .env and a compose.override.yaml may be.
compose() (
    cd "$CLONE/deploy" && exec "$PODMAN_COMPOSE" --podman-path "$ROOT/Tests/DeploymentTests/podman.sh" --profile demo "$@"
)
# A one-off container of the service cli. Docker needs no --profile for it.
cli() { compose --profile cli run --rm -T cli "$@"; }
sql() { podman exec weir_postgres_1 psql --no-psqlrc --quiet --tuples-only --no-align --username weir --command "$1"; }
containers() { podman ps --all --quiet --filter "label=com.docker.compose.service=$1"; }
# says TEXT COMMAND…: the command ends well, and its output has the text. It is read to its end: nobody likes a broken pipe.
says() {
    local output
    output=$("${@:2}") && grep -qF "$1" <<<"$output"
}
is_healthy() { podman healthcheck run "$1" >/dev/null 2>&1; }

all_healthy() {
    local service container
    for service in postgres "${SERVICES[@]}"; do
        for container in $(containers "$service"); do
            is_healthy "$container" || { echo "$service ($container) is not healthy"; return 1; }
        done
    done
}

# ---- Start

started() {
    compose up --detach --no-build >"$STATE/up.log" 2>&1 || { tail -n 20 "$STATE/up.log"; return 1; }
    within 180 all_healthy
}

# Jobs have ended before what needs them begins, and the database and the bus answered by then.
began_in_order() {
    local needed service job
    began() { podman inspect --format '{{.State.StartedAt.UnixNano}}' "weir_$1_1"; }
    ended() { podman inspect --format '{{.State.FinishedAt.UnixNano}} {{.State.ExitCode}}' "weir_$1_1"; }
    while read -r needed service; do
        job=$(ended "$needed")
        [ "${job#* }" -eq 0 ] && [ "${job% *}" -lt "$(began "$service")" ] || { echo "$service and $needed"; return 1; }
    done < <(printf '%s\n' 'secrets postgres' 'secrets bus' "migrate "{intake,executor,processor,delivery,scheduler})
    for service in migrate intake executor processor delivery scheduler; do
        [ "$(began postgres)" -lt "$(began "$service")" ] || { echo "$service and postgres"; return 1; }
        [ "$service" = migrate ] || [ "$(began bus)" -lt "$(began "$service")" ] || { echo "$service and bus"; return 1; }
    done
}

# What an image says of itself; what it is checked by stands there, too.
are_described() {
    local image labels health
    for image in bus intake executor processor delivery scheduler cli sample; do
        labels=$(podman image inspect --format '{{range $name, $value := .Labels}}{{$name}}={{$value}} {{end}}' "localhost/weir/$image")
        for label in title description vendor version revision; do
            [[ $labels == *"org.opencontainers.image.$label="?* ]] || { echo "$image has no $label: $labels"; return 1; }
        done
        health=$(podman image inspect --format '{{with .HealthCheck}}{{.Test}}{{end}}' "localhost/weir/$image")
        [[ $health == *check-health* || $image == cli || $image == sample ]] || { echo "$image: $health"; return 1; }
    done
}

is_tuned() {
    equal /etc/postgresql/weir.conf "$(sql 'show config_file')" && equal '256MB lz4 on' "$(sql "select concat_ws(' ',
        current_setting('shared_buffers'), current_setting('wal_compression'), current_setting('synchronous_commit'))")" &&
        equal 0 "$(sql 'select count(*) from pg_file_settings where not applied or error is not null')"
}

is_confined() {
    local container
    for container in $(podman ps --all --quiet); do
        podman inspect --format '{{.Name}} {{.HostConfig.ReadonlyRootfs}} {{len .EffectiveCaps}} {{.HostConfig.SecurityOpt}} {{gt .HostConfig.Memory 0}} {{.HostConfig.PidsLimit}} {{.Config.User}}' "$container"
    done >"$STATE/confined"
    # shellcheck disable=SC2016
    awk '$2 != "true" || $3 != 0 || $4 !~ /no-new-privileges/ || $5 != "true" || $6 != 512 || $7 == "" || $7 ~ /^(0|root)/ { print; bad = 1 }
        END { exit bad }' "$STATE/confined"
}

# No secret that a first start has made may stand in an environment, in a command line or in an image.
keeps_secrets() {
    local volume
    for volume in $(podman volume ls --quiet); do
        volume=$(podman volume inspect --format '{{.Mountpoint}}' "$volume")
        case $volume in */weir_postgres/* | */weir_webhooks/*) continue ;; esac
        find "$volume" -type f -name '*.key' -exec cat {} +
        find "$volume" -type f -name settings -exec sed -nE 's#^[A-Z_]*(KEY|WEBHOOK)=##p; s#.*:([0-9a-f]{48})@.*#\1#p' {} +
        find "$volume" -type f \( -name password -o -name signing-key -o -name webhook-secret \) -exec cat {} +
    done | grep . | sort -u >"$STATE/secrets"
    [ "$(wc -l <"$STATE/secrets")" -ge 15 ] || { echo 'too few secrets were found'; return 1; }
    # shellcheck disable=SC2046
    podman inspect $(podman ps --all --quiet) >"$STATE/inspected"
    podman image inspect $(podman images --quiet) >>"$STATE/inspected"
    ! grep -o -F -f "$STATE/secrets" "$STATE/inspected"
}

# A service reads its own secrets: no two volumes hold the same password or secret key of the bus.
shares_no_secret() {
    local service volume
    for service in intake executor processor delivery scheduler; do
        volume=$(podman volume inspect --format '{{.Mountpoint}}' "weir_$service")
        sed -nE 's#.*:([0-9a-f]{48})@.*#\1#p' "$volume/settings"
        cat "$volume"/bus-keys/clients/*.key
        equal 1 "$(find "$volume" -name '*.key' | wc -l)" || return 1
    done | sort | uniq -c | awk '$1 != 1 { print; bad = 1 } END { exit bad || NR != 10 }'
}

# ---- The command weir, in a container and on the host

# What the service cli knows, for a weir on the host, as deploy/README.md says.
take_keys() {
    mkdir -p "$STATE/client"
    compose --profile cli run --rm -T --entrypoint tar cli -C /run/weir/client -c . | tar -C "$STATE/client" -x
    export WEIR_CONFIG=$STATE/client/settings WEIR_BUS_KEYS=$STATE/client/bus-keys
    export WEIR_URL=http://127.0.0.1:8080 WEIR_BUS_ENDPOINTS=tcp://127.0.0.1:7401 WEIR_BUS_EVENTS=tcp://127.0.0.1:7402
}
weir() { env -u WEIR_DEMO_LATENCY_MS "$BUILD/weir" "$@"; }

cli_submits() {
    local id
    cli submit look_up_countries --objects NO,AX,ZM --wait --json >"$STATE/submitted" || { cat "$STATE/submitted"; return 1; }
    id=$(grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' "$STATE/submitted" | head -n 1)
    says 'done' cli status "$id" && says 'Zambia' cli result "$id" --format csv
}

# What is published in one container is seen by another.
cli_publishes() {
    cli tail --type dev.weir.activity --count 1 >"$STATE/tail.log" 2>&1 &
    local tail=$!
    # It says nothing when it has begun to listen: what came before is published again.
    within 180 is_seen_when_published || { cat "$STATE/tail.log"; return 1; }
    wait "$tail"
}
is_seen_when_published() {
    cli publish dev.weir.activity.requested.v1 --wait --data '{"activity":"look_up_countries","objects":["DE"]}' &&
        within 3 grep -q 'dev.weir.activity.requested' "$STATE/tail.log"
}

# What weir up would start is no matter of a container.
doctor_is_content() {
    local said
    said=$(cli doctor) || { echo "$said"; return 1; }
    grep -q '^ok  *tools ' <<<"$said" && ! grep -E '^(warn|fail)|setpriv|server programs' <<<"$said"
}

# Without keys, or with keys that it does not know, nobody gets a word from the bus.
bus_needs_keys() {
    # Nor those of an instance that happens to run in this clone.
    local -x WEIR_STATE_DIR=$STATE/nowhere
    weir keys create --directory "$STATE/foreign" >/dev/null && weir tail --count 1 --type dev.weir.service &&
        ! WEIR_BUS_KEYS='' weir tail --count 1 --type dev.weir.service &&
        ! WEIR_BUS_KEYS=$STATE/foreign weir tail --count 1 --type dev.weir.service
}

# A link to a request's result, as a service with this signing key makes it, and the status with which intake answers it.
link_to() {
    local expires=$(($(date +%s) + 600)) key signature
    key=$(printf %s "$2" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
    signature=$(printf 'result.%s.%s' "$1" "$expires" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -d ' ' -f 1)
    printf '%s/v1/activity-requests/%s/result?format=ndjson&expires=%s&signature=%s' "$WEIR_URL" "$1" "$expires" "$signature"
}
answers() { [ "$1" = "$(curl --silent --output /dev/null --write-out '%{http_code}' "$2")" ]; }
intake_setting() { sed -n "s/^$1=//p" "$(podman volume inspect --format '{{.Mountpoint}}' weir_intake)/settings"; }
signing_key() { intake_setting WEIR_SIGNING_KEY; }

# What the page says of the signing key: links of the one before are good until it is forgotten, with all others.
changes_signing_key() {
    local request old new service
    request=$(sql "select id from public.activity_request where state in ('done', 'delivered') limit 1")
    old=$(signing_key)
    answers 200 "$(link_to "$request" "$old")" && answers 403 "$(link_to "$request" 'the key of a forger')" || { echo before; return 1; }
    compose run --rm -T --no-deps secrets --new signing-key && survives_restart intake || return 1
    new=$(signing_key)
    [ -n "$new" ] && [ "$new" != "$old" ] || { echo "the key is as before"; return 1; }
    answers 200 "$(link_to "$request" "$old")" && answers 200 "$(link_to "$request" "$new")" || { echo changed; return 1; }
    compose run --rm -T --no-deps secrets --forget signing-keys || return 1
    equal "$old" "$(intake_setting WEIR_SIGNING_KEYS_OLD)" || { echo "the newest old key is not kept"; return 1; }
    compose run --rm -T --no-deps secrets --forget signing-keys --all || return 1
    for service in delivery intake processor executor; do survives_restart "$service" || return 1; done
    answers 403 "$(link_to "$request" "$old")" && answers 200 "$(link_to "$request" "$new")" || { echo forgotten; return 1; }
}

host_works() {
    weir submit look_up_countries --objects FR --wait && says look_up_countries weir list &&
        weir publish dev.weir.activity.requested.v1 --wait --data '{"activity":"look_up_countries","objects":["IT"]}'
}

# ---- Load: a request for all countries every few seconds until somebody makes the file 'enough'; feed NUMBER_BEFORE_THE_FIRST PAUSE

feed() {
    local number=$1 last=$(($1 + 60))
    while [ ! -e "$STATE/enough" ] && [ "$number" -lt "$last" ]; do
        number=$((number + 1))
        # The same key until there is an answer: an intake that dies may have accepted it all the same.
        until weir submit enrich_countries --file "$STATE/codes.csv" --idempotency-key "load-$number" --json \
            >"$STATE/load/$number" 2>"$STATE/load/error"; do sleep 0.5; done
        sleep "$2"
    done
}

# How many runs have ended, every half second; while the database is down there is nothing to read.
watch() {
    while [ ! -e "$STATE/watched" ]; do
        printf '%s %s\n' "$(date +%s.%N)" "$(sql "select count(*) filter (where state in ('done','failed','timedout','invalid')), count(*) from public.run_queue" 2>/dev/null || echo)"
        sleep 0.5
    done >>"$STATE/progress"
}

# The longest time between two looks that saw runs end, some being open in between; outages of the database count.
longest_stall() {
    awk '$2 == "" { next }
        { split($2, n, "|"); if (waits && $1 - since > longest) longest = $1 - since
            if (n[1] != last || n[1] == n[2]) since = $1; last = n[1]; waits = n[1] != n[2] }
        END { printf "%.1f\n", longest }' "$STATE/progress"
}
never_stalled() {
    [ "$(wc -l <"$STATE/progress")" -gt 20 ] && awk -v stall="$(longest_stall)" 'BEGIN { print stall; exit stall > 30 }'
}

# Kills the first process of a container from outside, as a crash would; an engine's 'kill' would count as the operator's wish.
survives_kill() {
    local container process
    container=$(containers "$1" | head -n 1)
    process=$(podman inspect --format '{{.State.Pid}}' "$container")
    kill -KILL "$process" && within 60 is_another "$container" "$process" && within 180 is_healthy "$container"
}
is_another() { local now; now=$(podman inspect --format '{{.State.Pid}}' "$1") && [ "$now" -ne 0 ] && [ "$now" != "$2" ]; }

survives_restart() {
    compose restart "$1" >"$STATE/restart.log" 2>&1 || { cat "$STATE/restart.log"; return 1; }
    within 180 is_healthy "weir_$1_1"
}

scales() {
    compose up --detach --no-build --no-recreate --scale "$1=$2" >"$STATE/scale.log" 2>&1 || { tail -n 20 "$STATE/scale.log"; return 1; }
    equal "$2" "$(containers "$1" | wc -l)" && within 180 all_healthy
}

# A number of /metrics, of each container of a service.
metric() {
    local container
    for container in $(containers "$1"); do
        podman exec "$container" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9090; printf "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3; timeout 5 cat <&3' |
            awk -v name="$2" '$1 == name { print int($2) }'
    done
}
all_call() { equal "$1" "$(metric executor weir_executor_exchanges_claimed_total | grep -cvx 0)"; }

# ---- What came out

load_requests() { cat "$STATE"/load/[0-9]* | grep -oE '"id": *"[^"]+"' | grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | sort -u; }
# Those of enrich_countries have an endpoint.
all_delivered() {
    equal 0 "$(sql "select count(*) from public.activity_request r join public.activity a on a.org_id = r.org_id and a.id = r.activity_id
        where r.state <> 'delivered' and not (r.state = 'done' and a.key <> 'enrich_countries')")" >/dev/null
}
# Each service logs in with a role of its own; what that may not do fails every time, and some of it only shows as a little delay.
no_right_is_missing() {
    local container
    for container in $(podman ps --all --quiet); do podman logs "$container" 2>&1; done >"$STATE/all.log"
    ! grep -m 3 -F 'permission denied' "$STATE/all.log"
}

# Each accepted request once, each of its countries once, each with its value.
nothing_lost() {
    local requests id
    mapfile -t requests < <(load_requests)
    equal "$(find "$STATE/load" -name '[0-9]*' | wc -l)" "${#requests[@]}" || return 1
    equal "${#requests[@]}" "$(sql "select count(*) from public.activity_request r join public.activity a on a.org_id = r.org_id and a.id = r.activity_id where a.key = 'enrich_countries'")" || return 1
    for id in "${requests[@]}"; do
        weir result "$id" --format csv | sed 1d | cut -d, -f1 | tr -d '\r"' | sort >"$STATE/result"
        cmp "$STATE/result" "$STATE/codes.sorted" || { echo "the result of $id"; return 1; }
    done
    equal 0 "$(sql "select count(*) from public.run_queue where state <> 'done'")"
}
# The receiver keeps a file for each id that it has verified; each is about another request.
webhooks_once() {
    local inbox
    inbox=$(podman volume inspect --format '{{.Mountpoint}}' weir_webhooks)
    cat "$inbox"/*.json | grep -oE '"request": *"[^"]+"' | grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | sort >"$STATE/told"
    cmp "$STATE/told" <(load_requests)
}

# What the page's upgrade is to come to.
runs_new_images() {
    local service container
    for service in "${SERVICES[@]}"; do
        for container in $(containers "$service"); do
            equal "localhost/weir/$service:next" "$(podman inspect --format '{{.ImageName}}' "$container")" || return 1
        done
    done
}

# ---- End

nothing_runs() {
    equal '' "$(podman ps --all --quiet)" && equal '' "$(podman volume ls --quiet)" &&
        equal podman "$(podman network ls --format '{{.Name}}')" && equal 0 "$(pgrep -c conmon)" && equal 0 "$(ip -o link | grep -vc ' lo:')"
}

ip link set lo up
mkdir -p "$STATE/load"
grep -oE '"alpha_2": "[A-Z]{2}"' /usr/share/iso-codes/json/iso_3166-1.json | grep -oE '[A-Z]{2}' | sort >"$STATE/codes.sorted"
{ echo object; cat "$STATE/codes.sorted"; } >"$STATE/codes.csv"

check 'the deployment starts with one command, in the order of its needs, and every service is healthy' started
if [ "$CHECKS_FAILED" -ne 0 ]; then
    podman ps --all
    checks_keep "$STATE/checks"
    exit 1
fi
check 'jobs, database and bus come before what needs them' began_in_order
check 'images say what they are, and how a service is asked for its health' are_described
check 'Postgres runs with the configuration of deploy/' is_tuned
check 'containers run without root, rights, or a writable file system, within limits' is_confined
check 'no secret stands in an environment, a command line or an image' keeps_secrets
check 'each service knows its own secrets only' shares_no_secret
check 'cli: submit, status, result' cli_submits
check 'cli: publish, tail' cli_publishes
take_keys
check 'a weir on the host: submit, list, publish' host_works
check 'the doctor of a container has nothing to complain of' doctor_is_content
check 'the bus needs keys that it knows' bus_needs_keys
check 'links of an old signing key are good until it is forgotten' changes_signing_key

feed 0 5 &
feeder=$!
watch &
watcher=$!
check 'executors are scaled to 4 in the middle of a request' scales executor 4
check 'each of the four takes its share of the calls' within 90 all_call 4
check 'processors are scaled to 2' scales processor 2
for service in "${SERVICES[@]}" postgres; do check "$service is killed and comes back" survives_kill "$service"; done
for service in "${SERVICES[@]}" postgres; do check "$service is restarted" survives_restart "$service"; done
touch "$STATE/enough"
wait "$feeder"
check 'every request is delivered' within 300 all_delivered
touch "$STATE/watched"
wait "$watcher"
check "nothing stalled for more than 30 s (longest: $(longest_stall) s)" never_stalled
check 'no service lacks a right' no_right_is_missing

# The page as it stands, while requests go on.
rm "$STATE/enough"
feed 100 10 &
feeder=$!
check 'executors and processors are scaled down to 1' docker compose up --detach --scale executor=1 --scale processor=1
operations
check 'every service runs the images of the upgrade' runs_new_images
touch "$STATE/enough"
wait "$feeder"
# A webhook that two attempts in the midst of all this did not bring is posted again after five minutes.
check 'every request is delivered, those during the page among them' within 400 all_delivered
check 'no service lacks a right' no_right_is_missing
check "nothing is lost or doubled ($(load_requests | wc -l) requests for $COUNTRIES countries)" nothing_lost
check 'every request is told to the receiver once' webhooks_once
if [ "$CHECKS_FAILED" -ne 0 ]; then
    for container in $(podman ps --all --quiet); do
        podman inspect --format '== {{.Name}} {{.State.Status}} {{.RestartCount}}' "$container"
        podman logs --tail 8 "$container"
    done >"$STATE/containers.log" 2>&1
fi
# Docker stops replicas with their service; podman-compose does last, when there is no database any more that they could take leave of.
# shellcheck disable=SC2046
podman stop --time 20 $(containers executor) $(containers processor) >/dev/null
compose down --volumes --remove-orphans --timeout 20 >"$STATE/down.log" 2>&1
# What watched over a container ends a moment after it.
check 'it is taken down, and nothing of it is left' within 30 nothing_runs
checks_keep "$STATE/checks"
