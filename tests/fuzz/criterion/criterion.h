/* Stands in for Criterion where a fuzz target uses the fixtures of unit tests: what does not hold
 * there aborts here. Messages are left out; libFuzzer shows the stack. */
#pragma once

#include "simul/check.h"

#include <string.h>

#define cr_assert(holds, ...) CHECK(holds)
#define cr_assert_not(holds, ...) CHECK(!(holds))
#define cr_assert_eq(a, b, ...) CHECK((a) == (b))
#define cr_assert_lt(a, b, ...) CHECK((a) < (b))
#define cr_assert_gt(a, b, ...) CHECK((a) > (b))
#define cr_assert_geq(a, b, ...) CHECK((a) >= (b))
#define cr_assert_not_null(a, ...) CHECK((a) != NULL)
#define cr_assert_str_eq(a, b, ...) CHECK(strcmp((a), (b)) == 0)
#define cr_assert_fail(...) CHECK(false)
