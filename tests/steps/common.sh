# shellcheck shell=sh
# Sourced by the steps of tests/run.sh: builds and counting. A step runs alone as well. Who is not
# where they are sets $root before.
set -eu

: "${root:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${COUNTS:=/dev/null}"

# Each step builds what it needs; what is built already costs next to nothing. All targets, unless
# $target names one.
build() {
    directory=$root/$1
    shift
    cmake -S "$root" -B "$directory" -G Ninja "$@" >/dev/null
    cmake --build "$directory" ${target:+--target "$target"} -- --quiet
}

build_asan() {
    CC=gcc build build-test -DCMAKE_BUILD_TYPE=Debug -DSIMUL_TESTS=ON \
        -DSIMUL_SANITIZE=address,undefined
}

# Everything, for the sake of the compiler's complaints: each warning is an error.
build_clang() {
    CC=clang build build-clang -DCMAKE_BUILD_TYPE=Debug -DSIMUL_TESTS=ON
}

build_fuzz() {
    CC=clang target=tests/fuzz/all build build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DSIMUL_FUZZ=ON
}

build_tsan() {
    CC=gcc build build-tsan -DCMAKE_BUILD_TYPE=Debug -DSIMUL_SANITIZE=thread
}

build_release() {
    sh "$root/deploy/quickstart.sh" --build-only
}

# count PASSED FAILED SKIPPED
count() {
    echo "$*" >>"$COUNTS"
}

# check NAME COMMAND…: one test, passed when the command succeeds.
check() {
    check_name=$1
    shift
    if "$@"; then
        count 1 0 0
    else
        count 0 1 0
        echo "FAILED: $check_name"
    fi
}

# skip REASON: leaves the step, or what is left of it.
skip() {
    echo "SKIPPED: $*"
    count 0 0 1
    exit 0
}

# run_pytest NAME DIRECTORY ARGUMENTS…: runs the tests of a folder in tests/ and counts them. Several
# at a time: most of what they do is wait, and each process of pytest has daemons of its own. A few
# that fail beside others are run once more without them: a machine can be too busy for a test. Who
# passes then is named as flaky, so that it gets mended.
run_pytest() {
    pytest_name=$1
    pytest_directory=$root/tests/$2
    report=$root/build-test/log/$1.xml
    shift 2
    rm -f "$report"
    pytest_status=0
    pytest_here "$report" -n "$((3 * $(nproc)))" "$@" || pytest_status=$?
    [ -f "$report" ] || return 1
    counts=$(count_pytest "$report")
    if [ "$pytest_status" -eq 1 ] && [ "$(echo "$counts" | cut -d ' ' -f 2)" -le 5 ]; then
        pytest_status=0
        pytest_here "$report.again" --last-failed "$@" -n 0 || pytest_status=$?
        counts=$(count_pytest "$report" "$report.again")
    fi
    echo "$counts" >>"$COUNTS"
    return "$pytest_status"
}

# pytest_here REPORT ARGUMENTS…
pytest_here() {
    written=$1
    shift
    (cd "$pytest_directory" &&
        /usr/bin/python3 -m pytest -o "cache_dir=$root/build-test/pytest/$pytest_name" -q -rs \
            --junitxml="$written" "$@")
}

count_pytest() {
    /usr/bin/python3 "$root/tests/steps/pytest_counts.py" "$@"
}

# expect_no_reports GLOB PATTERN: sanitizers and valgrind write one file for each process that they
# have something to say about, helper processes included; lines with the pattern accuse.
expect_no_reports() {
    reports=$(find "$root/build-test/reports" -name "$1" -exec grep -lE "$2" {} + | sort)
    [ -n "$reports" ] || return 0
    # shellcheck disable=SC2086 # file names without spaces
    head -n 100 $reports
    return 1
}

# test_with_asan DIRECTORY: all tests of a folder with the programs under AddressSanitizer and
# UndefinedBehaviorSanitizer, which must have nothing to say.
test_with_asan() {
    build_asan
    mkdir -p "$root/build-test/reports"
    rm -f "$root/build-test/reports/$1."*
    export SIMULD="$root/build-test/bin/simuld"
    export ASAN_OPTIONS="log_path=$root/build-test/reports/$1:detect_leaks=1"
    export UBSAN_OPTIONS="log_path=$root/build-test/reports/$1:print_stacktrace=1"
    run_pytest "$1" "$1" || true
    check "no sanitizer report" expect_no_reports "$1.*" 'Sanitizer|runtime error:'
}
