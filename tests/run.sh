#!/bin/sh
# Every test: installs what the tests use, builds with sanitizers, with clang and for release, and
# runs tests/steps/*.sh, one line each. What a step printed is in build-test/log/, and here when it
# failed. The last line sums up: "N passed, N failed, N skipped".
#   tests/run.sh [static|unit|sim|fuzz|integration|conformance|tsan|valgrind|browser|package|systemd|
#       debian13|docker]…
# All steps by default. Why a test was skipped is printed below its step, and which passed at a second
# try only.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
steps=$root/tests/steps
logs=$root/build-test/log
passed=0 failed=0 skipped=0

# A step counts by appending lines "PASSED FAILED SKIPPED" to $COUNTS. One that ends badly without
# having counted a failure is a failure itself.
run_step() {
    [ -f "$steps/$1.sh" ] || {
        echo "run.sh: no such step: $1" >&2
        exit 2
    }
    printf '%s: ' "$1"
    COUNTS=$logs/$1.counts
    export COUNTS
    : >"$COUNTS"
    began=$(date +%s)
    status=0
    sh "$steps/$1.sh" >"$logs/$1.log" 2>&1 </dev/null || status=$?
    seconds=$(($(date +%s) - began))

    p=0 f=0 s=0
    while read -r p1 f1 s1; do
        p=$((p + p1)) f=$((f + f1)) s=$((s + s1))
    done <"$COUNTS"
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))

    echo "$p passed, $f failed, $s skipped in $seconds s"
    sed -n 's/^SKIPPED\|^FLAKY/    &/p' "$logs/$1.log"
    [ "$f" -eq 0 ] || {
        tail -n 300 "$logs/$1.log" | sed 's/^/    /'
        echo "    (all of it: $logs/$1.log)"
    }
}

mkdir -p "$logs"
sh "$root/deploy/install-deps.sh" test
[ $# -gt 0 ] || set -- static unit sim fuzz integration conformance tsan valgrind browser package systemd \
    debian13 docker
for step in "$@"; do
    run_step "$step"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
