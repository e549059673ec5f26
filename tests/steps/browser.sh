#!/bin/sh
# The page at /: its modules under node, and the whole in headless Chromium with a real daemon, with
# one loop and with four. Chromium's WebSocket through proxies.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

# figure NAME: the number in the line "# NAME number" that node ends with.
figure() {
    sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$output"
}

# run_node LOOPS FILE…
run_node() {
    output=$root/build-test/log/browser-$1.tap
    status=0
    export SIMUL_LOOPS="$1"
    shift
    timeout 600 node --test --test-reporter=tap "$@" >"$output" || status=$?
    cat "$output"
    [ -n "$(figure pass)" ] || exit 1
    count "$(figure pass)" "$(($(figure fail) + $(figure cancelled)))" \
        "$(($(figure skipped) + $(figure todo)))"
    return "$status"
}

build_release
export SIMULD="$root/build/bin/simuld"
run_node 1 "$root"/tests/browser/*.test.mjs &
run_node 4 "$root/tests/browser/chat.test.mjs"
wait "$!"
run_pytest chromium browser -n 1
