/* What Criterion lacks for our own types. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <criterion/criterion.h>

#define expect_ok(call)                                                                            \
    do {                                                                                           \
        enum err err_ = (call);                                                                    \
        cr_assert_eq(err_, OK, "%s: %s", #call, err_name(err_));                                   \
    } while (0)

#define expect_err(call, want)                                                                     \
    do {                                                                                           \
        enum err err_ = (call);                                                                    \
        cr_assert_eq(err_, want, "%s: %s, not %s", #call, err_name(err_), err_name(want));         \
    } while (0)

#define expect_span(got, want)                                                                     \
    do {                                                                                           \
        struct span got_ = (got), want_ = (want);                                                  \
        cr_assert(span_eq(got_, want_), "%s is \"%.*s\", not \"%.*s\"", #got, SPAN_ARG(got_),      \
                  SPAN_ARG(want_));                                                                \
    } while (0)
