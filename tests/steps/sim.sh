#!/bin/sh
# The chat simulated, under AddressSanitizer and UndefinedBehaviorSanitizer: the same seeds each
# time, and some of chance. A run that fails prints its seed.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

# simulate FIRST-LAST
simulate() {
    echo "seeds $1"
    timeout 300 "$root/build-test/bin/hub_sim" "$1"
}

if [ $# -gt 0 ]; then
    check "simulated seeds $1" simulate "$1"
    exit
fi
build_asan
first=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
printf '%s\n' 1-100 101-200 "$first-$((first + 9))" | xargs -n 1 -P "$(nproc)" sh "$0"
