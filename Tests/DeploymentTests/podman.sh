#!/bin/bash
# podman, as podman-compose is to find it (--podman-path): that of Debian 12, which is made to do two things as Docker does them.
#
# - It waits until a container is healthy. Podman 4.3 runs health checks by timers of systemd only and cannot wait for their outcome;
#   podman-compose leaves the conditions service_healthy out then. They are a part of what is tested.
# - It starts a container again although a job that it needed has ended. podman-compose hands dependencies over (--requires) besides
#   waiting for them, and podman demands that those still run.
set -u
case ${1:-} in
    --version) echo 'podman version 4.6.0' ;;
    wait)
        if [ "${2:-}" != --condition=healthy ]; then exec podman "$@"; fi
        for container in "${@:3}"; do
            until podman healthcheck run "$container" >/dev/null 2>&1; do sleep 0.2; done
        done ;;
    create | run)
        arguments=()
        for argument in "$@"; do [[ $argument == --requires=* ]] || arguments+=("$argument"); done
        exec podman "${arguments[@]}" ;;
    *) exec podman "$@" ;;
esac
