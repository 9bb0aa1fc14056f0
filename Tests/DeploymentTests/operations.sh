# Runs the commands of docs/operations.md, in their order, on the deployment that is up. To be sourced, by deployment.sh.
# shellcheck shell=bash

# What the page calls docker. Where podman-compose does something in another way than Docker, it is made up for here:
# - 'build' has no Swift image here; what it makes are images that differ from the running ones and are named as it would name them.
# - 'run' and 'exec' take a terminal without -T, and 'run' needs the profile of its service.
# - 'up' takes one --scale only, recreates what it does not name the number of, and removes no container that is too many.
# - 'logs' leaves what a service wrote to standard error there.
docker() {
    [ "$1" = compose ] || { podman "$@"; return; }
    shift
    local options=() action
    while [[ $1 == --* ]]; do options+=("$1" "$2"); shift 2; done
    action=$1
    shift
    case $action in
        build) build_images ;;
        run | exec) compose "${options[@]}" --profile cli "$action" -T "$@" ;;
        up) up "$@" ;;
        logs) compose "${options[@]}" logs "$@" 2>&1 ;;
        *) compose "${options[@]}" "$action" "$@" ;;
    esac
}

build_images() {
    local image tag
    tag=$(sed -n 's/^WEIR_TAG=//p' .env | tail -n 1)
    for image in bus intake executor processor delivery scheduler cli sample; do
        printf 'FROM localhost/weir/%s:latest\nLABEL of.the.test=%s\n' "$image" "$tag" |
            podman build --quiet --format docker --tag "localhost/weir/$image:$tag" - || return 1
    done
}

# The caller's 'options' stand before the command.
# shellcheck disable=SC2154
up() {
    local arguments=() scales=() scale container
    while [ $# -gt 0 ]; do
        if [ "$1" = --scale ]; then scales+=("$2"); shift 2; else arguments+=("$1"); shift; fi
    done
    [ ${#scales[@]} -gt 0 ] || { compose "${options[@]}" up --no-build "${arguments[@]}"; return; }
    for scale in "${scales[@]}"; do
        compose "${options[@]}" up --no-build --no-recreate --scale "$scale" "${arguments[@]}" || return 1
        for container in $(podman ps --all --format '{{.Names}}' --filter "label=com.docker.compose.service=${scale%=*}"); do
            [ "${container##*_}" -le "${scale#*=}" ] || podman rm --force --time 30 "$container" || return 1
        done
    done
}

# operations_blocks PAGE DIRECTORY: each block of the page in a file of its own; prints a line for each: file, line, heading.
operations_blocks() {
    mkdir -p "$2"
    awk -v directory="$2" '
        /^#+ / && !block { heading = $0; sub(/^#+ /, "", heading) }
        /^```sh$/ { block = sprintf("%s/%03d.sh", directory, ++count); print block "\t" NR "\t" heading; next }
        /^```/ { block = "" }
        block { print >block }' "$1"
}

# operations_run FILE: as somebody would who has pasted it into a shell, but for that it ends at the first command that fails.
operations_run() (
    cd "$CLONE/deploy" || exit 1
    export -f docker build_images up compose
    export CLONE ROOT HOME=$STATE/home
    mkdir -p "$HOME"
    exec timeout 600 bash -euo pipefail "$1" </dev/null
)

# Metrics, alerts and lines of the log that the page's tables name, each in backticks, are those of the pages about them.
operations_names() {
    local name missing=0
    while read -r name; do
        case $name in
            weir_*) grep -qF "| \`$name\` |" docs/telemetry.md ;;
            Weir*) grep -qF "alert: $name" deploy/alerts.yaml ;;
            *) grep -qF "| \`$name\` |" docs/telemetry.md ;;
        esac || { echo "there is no $name"; missing=1; }
    done < <(grep '^|' docs/operations.md | grep -oE '`(weir_[a-z]+_[a-z_]+|Weir[A-Za-z]+|[A-Z][a-z]+ [^`]+\.`)' | tr -d '`' | sort -u)
    return "$missing"
}

# Commands within the text and its tables: those for docker are run, those of weir need only be there, since they are about what went wrong.
operations_inline() {
    local command file=$STATE/operations/inline.sh
    while read -r command; do
        case $command in
            # shellcheck disable=SC2086
            weir\ *) check "docs/operations.md: $command" weir ${command#weir } --help ;;
            *)
                echo "${command/NAME/webhook-receiver}" >"$file"
                check "docs/operations.md: $command" operations_run "$file" ;;
        esac
    done < <(awk '/^```/ { block = !block } !block' docs/operations.md | grep -oE '`(docker compose|weir) [^`]+`' | tr -d '`' | sort -u)
}

operations() {
    local file line heading start
    check 'docs/operations.md: there are the metrics, alerts and log lines that it names' operations_names
    while IFS=$'\t' read -r file line heading; do
        start=$SECONDS
        check "docs/operations.md:$line: $heading" operations_run "$file"
        echo "$file ($((SECONDS - start)) s): $line $heading" >>"$STATE/operations.log"
    done < <(operations_blocks docs/operations.md "$STATE/operations")
    operations_inline
}
