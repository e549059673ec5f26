#!/bin/sh
# The daemon under AddressSanitizer and UndefinedBehaviorSanitizer, with one loop and with four, and
# clients that were not written here.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_asan
mkdir -p "$root/build-test/reports"
rm -f "$root/build-test/reports/"asan.*
export SIMULD="$root/build-test/bin/simuld"
export ASAN_OPTIONS="log_path=$root/build-test/reports/asan:detect_leaks=1"
export UBSAN_OPTIONS="log_path=$root/build-test/reports/asan:print_stacktrace=1"
run_pytest integration || true
check "no sanitizer report" expect_no_reports 'asan.*' 'Sanitizer|runtime error:'
