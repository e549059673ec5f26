#!/bin/sh
# The page at /: its modules under node, and the whole in headless Chromium with a real daemon.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_release
export SIMULD="$root/build/bin/simuld"
output=$root/build-test/log/browser.tap
status=0
timeout 300 node --test --test-reporter=tap "$root"/tests/browser/*.test.mjs >"$output" ||
    status=$?
cat "$output"

# figure NAME: the number in the line "# NAME number" that node ends with.
figure() {
    sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$output"
}

[ -n "$(figure pass)" ] || exit 1
count "$(figure pass)" "$(($(figure fail) + $(figure cancelled)))" \
    "$(($(figure skipped) + $(figure todo)))"
exit "$status"
