#!/bin/sh
# The daemon under AddressSanitizer and UndefinedBehaviorSanitizer, with one loop and with four, and
# clients that were not written here.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

test_with_asan integration
