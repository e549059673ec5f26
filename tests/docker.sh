#!/bin/sh
# Builds the images and runs them, alone and by the compose files, with Debian's own Docker engine, in
# a way that works inside containers too: no bridge, no firewall rules, and no overlay file system where
# there is none. The containers' host network is one of their own, so that no port is taken. As root. A
# line for each check; the last one sums up: "N passed, N failed, N skipped".
#   tests/docker.sh [--suite bookworm] [CACHE]
# The base image is a bare root, which CACHE keeps (a directory under TMPDIR by default). Prometheus
# and HAProxy are those that deploy/install-deps.sh has installed.
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/steps/common.sh
. "$root/tests/steps/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"
# shellcheck source=tests/docker/common.sh
. "$root/tests/docker/common.sh"

suite=bookworm
if [ "${1:-}" = --suite ]; then
    suite=$2
    shift 2
fi
cache=${1:-${TMPDIR:-/tmp}/simul-roots}

# --- the engine ---

# Every layer is a copy without overlays, which takes minutes more.
choose_storage() {
    mkdir -p "$work/overlay/lower" "$work/overlay/upper" "$work/overlay/work" "$work/overlay/all"
    storage=vfs
    (cd "$work/overlay" && unshare --mount mount -t overlay none \
        -o lowerdir=lower,upperdir=upper,workdir=work all 2>/dev/null) && storage=overlay2
    echo "the engine's storage: $storage"
}

# start_engine COMMAND…: dockerd, behind these words.
start_engine() {
    DOCKER_HOST=unix://$work/socket
    export DOCKER_HOST
    "$@" dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/pid" --storage-driver "$storage" --bridge none --iptables=false \
        --ip6tables=false >>"$work/engine.log" 2>&1 &
    engine=$!
    wait_for 60 answers_or_is_gone || true
    docker version >/dev/null 2>&1 && return 0
    tail -n 20 "$work/engine.log"
    stop_engine
    return 1
}

answers_or_is_gone() {
    docker version || ! kill -0 "$engine"
}

# docker compose may be in build-tools/.
use_plugins() {
    DOCKER_CONFIG=$work/config
    export DOCKER_CONFIG
    mkdir "$DOCKER_CONFIG"
    ln -s "$root/build-tools/usr/libexec/docker/cli-plugins" "$DOCKER_CONFIG/cli-plugins"
}

stop_engine() {
    [ -n "${engine:-}" ] || return 0
    kill "$engine" 2>/dev/null || true
    wait "$engine" || true
    engine=
}

clean_up() {
    if [ -n "${engine:-}" ]; then
        docker ps --all --quiet | xargs -r docker rm --force >/dev/null 2>&1 || true
        stop_engine
    fi
    rm -rf --one-file-system "$work"
}

# Nobody should take this for a pass.
skip_all() {
    echo "######################################################################"
    echo "SKIPPED: no Docker engine runs here, so nothing was learnt of the images and of the" \
        "compose files: $*"
    echo "######################################################################"
    count 0 0 1
    sum_up
    exit 0
}

# --- the images ---

# build_image NAME ARGUMENTS…
build_image() {
    name=$1
    shift
    docker build --quiet --network host --build-arg BASE=simul-base \
        --build-arg "SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)" \
        --build-arg "REVISION=$revision" "$@" -t "$name" \
        -f "$root/deploy/Dockerfile" "$root" >"$work/build.log" 2>&1 || {
        tail -n 50 "$work/build.log"
        return 1
    }
    docker image inspect -f "$name: {{.Size}} bytes" "$name"
}

# import_program NAME ARGUMENTS…: an image of a program that is installed here, or unpacked in
# build-tools/, to stand in for that of its makers.
import_program() {
    name=$1
    shift
    tools=$root/build-tools/usr
    path=$(PATH=$PATH:/usr/sbin:$tools/bin:$tools/sbin command -v "$name") || return 1
    LD_LIBRARY_PATH=$(echo "$tools"/lib/*-linux-gnu) \
        sh "$root/deploy/docker/image-root.sh" "$work/$name" "$path" &&
        install -d -o 65534 -g 65534 "$work/$name/prometheus" &&
        tar -C "$work/$name" -cf - . |
        docker import --change "USER 65534" "$@" - "simul-$name" >/dev/null
}

[ "$(id -u)" -eq 0 ] || skip_all "only root can start one"
mkdir -p "$cache"
work=$(mktemp -d "$cache/docker.XXXXXX")
trap clean_up EXIT
trap 'exit 1' INT TERM
[ "$COUNTS" != /dev/null ] || COUNTS=$work/counts
revision=$(git -C "$root" rev-parse HEAD)
export COUNTS work revision
: >>"$COUNTS"

sh "$root/deploy/install-deps.sh" test-server
sh "$root/deploy/install-deps.sh" docker
use_plugins
choose_storage
start_engine unshare --mount || skip_all "what it said is above"
make_base_tar "$cache" "$suite"
docker import "$base_tar" simul-base >/dev/null
docker image inspect -f "base: {{.Size}} bytes" simul-base
verify "the image is built" build_image simul
verify "simul-load's image is built" build_image simul-load --target load
verify "Prometheus has an image" import_program prometheus \
    --change 'ENTRYPOINT ["/usr/local/bin/prometheus"]'
verify "HAProxy has an image" import_program haproxy

stop_engine
start_engine unshare --mount --net || skip_all "it starts only in this machine's own network"
nsenter --net="/proc/$engine/ns/net" ip link set lo up
for part in image compose haproxy; do
    nsenter --net="/proc/$engine/ns/net" sh "$root/tests/docker/$part.sh"
done
sum_up
