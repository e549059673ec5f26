#!/bin/sh
# What a message costs a server in processor time: an echo beside a bare epoll loop, libwebsockets
# and npm's ws; a line to many beside ngIRCd and InspIRCd; and, if asked for, a line with and without
# compression. Builds the programs first; peers that are not there are left out
# (deploy/install-deps.sh bench brings them). Some minutes; leaves nothing running.
#   loadtest/bench.sh [echo [--rounds N] [--seconds S] [--json FILE] | chat [ROUNDS [SECONDS]] |
#                      deflate [ROUNDS [SECONDS]]]
#
# Virtual machines mislead: on two cores the same binary is three times as fast a moment later.
# So server and client share one core, and what counts are medians of rounds that are interleaved.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
part=${1:-}
[ $# -eq 0 ] || shift

# In the background, so that a signal ends the script at once, and through it the bench.
run() {
    script=$1
    shift
    timeout 1200 python3 -B "$root/loadtest/bench/$script" "$root/build/bin" "$@" &
    bench=$!
    trap 'kill "$bench"; wait "$bench"; exit 1' INT TERM
    wait "$bench"
}

sh "$root/deploy/quickstart.sh" --build-only
case $part in
echo) run echo.py "$@" ;;
chat) run fan_out.py "$@" ;;
deflate) run deflate.py "$@" ;;
'')
    run echo.py
    echo
    run fan_out.py
    ;;
*)
    echo "usage: $0 [echo [--rounds N] [--seconds S] [--json FILE] | chat [ROUNDS [SECONDS]] | deflate [ROUNDS [SECONDS]]]" >&2
    exit 2
    ;;
esac
