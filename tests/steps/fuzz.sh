#!/bin/sh
# Every fuzz target for 10 seconds, as many at a time as there are cores, beginning with its corpus.
# New inputs of interest stay in build-fuzz/inputs/; one that crashes a target is there too, and
# belongs into tests/fuzz/regression/.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

# fuzz NAME: runs one target; its log is printed in one piece when it is over.
fuzz() {
    work=$root/build-fuzz/inputs/$1
    mkdir -p "$work/corpus"
    set -- "$1" "$root/tests/fuzz/corpus/$1" "$root/tests/fuzz/regression/$1"
    [ -d "$3" ] || set -- "$1" "$2"
    target=$root/build-fuzz/bin/$1_fuzz
    shift
    status=0
    "$target" -max_total_time=10 -timeout=5 -rss_limit_mb=1024 -artifact_prefix="$work/" \
        "$work/corpus" "$@" >"$work/log" 2>&1 || status=$?
    tail -n 40 "$work/log"
    return "$status"
}

if [ $# -gt 0 ]; then
    check "fuzzing $1" fuzz "$1"
    exit
fi
build_fuzz
find "$root/tests/fuzz" -name '*_fuzz.c' -exec basename {} _fuzz.c \; | sort |
    xargs -n 1 -P "$(nproc)" sh "$0"
