#!/bin/sh
# The integration tests with four loops, and those of the threads of simul-load, under
# ThreadSanitizer.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_tsan
mkdir -p "$root/build-test/reports"
rm -f "$root/build-test/reports/"tsan.*
export SIMULD="$root/build-tsan/bin/simuld"
export TSAN_OPTIONS="log_path=$root/build-test/reports/tsan:second_deadlock_stack=1"
run_pytest tsan integration -k "loops4 or test_load_threads" || true
check "no data race" expect_no_reports 'tsan.*' 'Sanitizer'
