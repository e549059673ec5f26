#!/bin/sh
# From a fresh Debian to a running server, in the foreground: what is needed, a release build in
# build/, simuld. Safe to run again: only what changed is built.
#   deploy/quickstart.sh [--build-only] [options of simuld]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build

build_only=no
if [ "${1:-}" = --build-only ]; then
    build_only=yes
    shift
fi

sh "$root/deploy/install-deps.sh" build

echo "building in $build"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
cmake --build "$build"
[ "$build_only" = no ] || exit 0

cat <<'HERE'

Unless your settings say otherwise:
    chat in a browser   http://127.0.0.1:8080/
    any IRC client      127.0.0.1 port 6667
    echo                nc 127.0.0.1 7007, http://127.0.0.1:8080/echo, ws://127.0.0.1:8080/echo
    metrics             http://127.0.0.1:9090/metrics
Ctrl-C ends it.

HERE
exec "$build/bin/simuld" "$@"
