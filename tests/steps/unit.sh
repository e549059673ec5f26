#!/bin/sh
# The unit tests and the codec's conformance, under AddressSanitizer and UndefinedBehaviorSanitizer,
# as many programs at a time as there are cores.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

# The first figures in Criterion's report are those of the whole program.
count_criterion() {
    figures=$(sed -n 's/^  "\(passed\|failed\|skipped\)": \([0-9]*\),$/\2/p' "$1" | tr '\n' ' ')
    # shellcheck disable=SC2086 # three words
    count $figures
}

# run_program BUILD NAME: what it prints comes in one piece when it is over.
run_program() {
    report=$root/build-test/log/$1.$2.json
    rm -f "$report"
    status=0
    printed=$(timeout 300 "$root/$1/bin/$2" "--json=$report" 2>&1) || status=$?
    echo "$printed"
    if [ -f "$report" ]; then
        count_criterion "$report"
    else
        echo "FAILED: $2 ended with status $status and no report"
        count 0 1 0
    fi
}

# is_criterions_own REPORT: it tells of nothing but leaks of what Criterion itself has allocated. On
# a busy machine its runner sometimes ends without freeing its last messages. A suppression would
# hide leaks of the tests too, since Criterion is below them on every stack.
is_criterions_own() {
    awk '/leak of [0-9]+ byte/ { leaks++ }
        /^ *#1 / && /libcriterion/ { own++ }
        /ERROR: AddressSanitizer|runtime error:/ { others++ }
        END { exit !(leaks > 0 && own == leaks && !others) }' "$1"
}

drop_criterions_own_reports() {
    for report in "$root/build-test/reports/"unit.*; do
        ! { [ -f "$report" ] && is_criterions_own "$report"; } || rm "$report"
    done
}

two_tasks_take_turns() {
    "$root/build-test/bin/two_tasks" | diff - "$root/tests/example/two_tasks.expected"
}

if [ $# -gt 0 ]; then
    run_program build-test "$1"
    exit
fi
build_asan
mkdir -p "$root/build-test/reports"
rm -f "$root/build-test/reports/"unit.*
# Criterion's count does not know of leaks, so reports are looked for as well.
export ASAN_OPTIONS="log_path=$root/build-test/reports/unit:detect_leaks=1"
export UBSAN_OPTIONS="log_path=$root/build-test/reports/unit:print_stacktrace=1"
find "$root/tests/unit" "$root/tests/conformance" -name '*_test.c' -exec basename {} .c \; | sort |
    xargs -n 1 -P "$(nproc)" sh "$0"
# Under sanitizers a worker may do what they do, and Landlock lets them read; so what confines us is
# looked at without them as well. The step "static" has built these already.
for program in syscall_filter_test landlock_test; do
    target=$program build_clang
    run_program build-clang "$program"
done
drop_criterions_own_reports
check "no sanitizer report" expect_no_reports 'unit.*' 'Sanitizer|runtime error:'
check "two tasks take turns on one thread" two_tasks_take_turns
