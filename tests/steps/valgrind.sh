#!/bin/sh
# A short run of the release build under valgrind.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_release
mkdir -p "$root/build-test/reports"
rm -f "$root/build-test/reports/"valgrind.*
export SIMULD="$root/tests/steps/simuld-valgrind"
# Here tests do not wait, but work.
run_pytest valgrind integration -m short -n "$(nproc)" || true
check "no complaint of valgrind" expect_no_reports 'valgrind.*' '.'
