#!/bin/bash
# podman, as podman-compose is to find it (--podman-path): one that can wait until a container is healthy.
#
# Debian 12's podman 4.3 runs health checks by timers of systemd only, and cannot wait for their outcome; podman-compose leaves the
# conditions service_healthy out then. Here they are what is tested.
set -u
case ${1:-} in
    --version) echo 'podman version 4.6.0' ;;
    wait)
        if [ "${2:-}" != --condition=healthy ]; then exec podman "$@"; fi
        for container in "${@:3}"; do
            until podman healthcheck run "$container" >/dev/null 2>&1; do sleep 0.2; done
        done ;;
    *) exec podman "$@" ;;
esac
