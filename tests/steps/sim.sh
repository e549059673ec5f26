#!/bin/sh
# The chat simulated, under AddressSanitizer and UndefinedBehaviorSanitizer: the same seeds each
# time, and some of chance. A run that fails prints its seed.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

build_asan

# simulate FIRST-LAST
simulate() {
    echo "seeds $1"
    timeout 300 "$root/build-test/bin/hub_sim" "$1"
}

check "simulated seeds 1-200" simulate 1-200
first=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
check "simulated seeds of chance" simulate "$first-$((first + 9))"
