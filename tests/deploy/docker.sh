#!/bin/sh
# Builds the image and runs it with Debian's own Docker engine, in a way that works inside
# containers too: no bridge, no firewall rules, no overlay file system. As root; slow, and therefore
# not part of tests/run.sh.
#   tests/deploy/docker.sh [--suite bookworm] [CACHE]
# The base image is a bare root, which CACHE (a directory under TMPDIR) keeps.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/deploy/base_root.sh
. "$here/base_root.sh"

suite=bookworm
if [ "${1:-}" = --suite ]; then
    suite=$2
    shift 2
fi
cache=${1:-${TMPDIR:-/tmp}/simul-roots}

start_engine() {
    command -v dockerd >/dev/null ||
        apt-get -qq install --no-install-recommends docker.io >/dev/null
    DOCKER_HOST=unix://$work/socket
    export DOCKER_HOST
    unshare --mount dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/pid" --storage-driver vfs --bridge none --iptables=false \
        --ip6tables=false >"$work/log" 2>&1 &
    engine=$!
    wait_for 60 docker version || {
        tail -n 20 "$work/log" >&2
        return 1
    }
}

clean_up() {
    if [ -n "${engine:-}" ]; then
        docker rm --force simul >/dev/null 2>&1 || true
        kill "$engine" 2>/dev/null || true
        wait "$engine" || true
    fi
    rm -rf --one-file-system "$work"
}

is_healthy() {
    [ "$(docker inspect -f '{{.State.Health.Status}}' simul)" = healthy ]
}

make_base_tar "$cache" "$suite"
work=$(mktemp -d "$cache/docker.XXXXXX")
trap clean_up EXIT
trap 'exit 1' INT TERM
start_engine

echo "building the image"
docker import "$base_tar" simul-base >/dev/null
copy_checkout "$work/simul"
docker build --quiet --network host --build-arg BASE=simul-base -f "$work/simul/deploy/Dockerfile" \
    -t simul "$work/simul"
docker image inspect -f 'user {{.Config.User}}, {{.Size}} bytes' simul simul-base

echo "running it"
docker run --detach --network host --name simul simul >/dev/null
wait_for 30 is_healthy || {
    docker logs simul >&2
    exit 1
}
check_server
[ "$(docker exec simul id -un)" = simul ]
echo "it answers"

docker stop --time 30 simul >/dev/null
status=$(docker inspect -f '{{.State.ExitCode}}' simul)
docker logs simul 2>&1 | tail -n 3
[ "$status" = 0 ]
echo "TERM ended it with status 0"
