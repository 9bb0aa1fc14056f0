#!/usr/bin/env bash
# Images, with the machine's network, then the deployment, with a network of its own: the whole test, within scripts/test-deploy.
#
# usage: run.sh STATE_DIRECTORY BUILD_DIRECTORY; the exit status is 77 if containers cannot run here
set -euo pipefail
readonly STATE=$1 BUILD=$2
. Tests/DeploymentTests/engine.sh
mkdir -p "$STATE/engine" "$STATE/tmp"
export TMPDIR=$STATE/tmp WEIR_ENGINE=podman
engine_configure "$STATE/engine"

step() {
    local start=$SECONDS
    printf '      %s … ' "$1"
    "${@:2}"
    printf '%d s\n' $((SECONDS - start))
}

step 'Debian for the images' engine_make_debian "$STATE/engine"
podman run --rm --network none "$DEBIAN_IMAGE" true >"$STATE/probe.log" 2>&1 || exit 77
step "this machine's Postgres" engine_make_postgres "$STATE/engine"
deploy/scripts/build-images --binaries "$BUILD" 2>"$STATE/build.log" || { tail -n 20 "$STATE/build.log"; exit 1; }
exec unshare --net bash Tests/DeploymentTests/deployment.sh "$STATE" "$BUILD"
