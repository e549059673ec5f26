#!/bin/sh
# The unit tests, under AddressSanitizer and UndefinedBehaviorSanitizer.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_asan
mkdir -p "$root/build-test/reports"
rm -f "$root/build-test/reports/"unit.*
# Criterion's count does not know of leaks, so reports are looked for as well.
export ASAN_OPTIONS="log_path=$root/build-test/reports/unit:detect_leaks=1"
export UBSAN_OPTIONS="log_path=$root/build-test/reports/unit:print_stacktrace=1"

# The first figures in Criterion's report are those of the whole program.
count_criterion() {
    figures=$(sed -n 's/^  "\(passed\|failed\|skipped\)": \([0-9]*\),$/\2/p' "$1" | tr '\n' ' ')
    # shellcheck disable=SC2086 # three words
    count $figures
}

for source in $(find "$root/tests/unit" -name '*_test.c' | sort); do
    name=$(basename "$source" .c)
    report=$root/build-test/log/$name.json
    rm -f "$report"
    status=0
    timeout 300 "$root/build-test/bin/$name" "--json=$report" || status=$?
    if [ -f "$report" ]; then
        count_criterion "$report"
    else
        echo "FAILED: $name ended with status $status and no report"
        count 0 1 0
    fi
done
check "no sanitizer report" expect_no_reports 'unit.*' 'Sanitizer|runtime error:'

two_tasks_take_turns() {
    "$root/build-test/bin/two_tasks" | diff - "$root/tests/example/two_tasks.expected"
}
check "two tasks take turns on one thread" two_tasks_take_turns
