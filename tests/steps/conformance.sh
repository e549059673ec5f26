#!/bin/sh
# What RFC 6455 and RFC 7692 ask of the programs, clause by clause.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

test_with_asan conformance
