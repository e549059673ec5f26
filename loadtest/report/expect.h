/* Expectations: `--expect 'p99<5ms'`. One that does not hold ends the program with status 3. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>

struct run;

enum expect_relation { EXPECT_LESS, EXPECT_AT_MOST, EXPECT_EQUAL, EXPECT_AT_LEAST, EXPECT_MORE };

struct expect {
    const char *text;           /* as it was typed; borrowed */
    const struct figure *figure; /* what it is about: a row of report/figure.h */
    enum expect_relation relation;
    double value; /* in the figure's unit */
};

/* Parses NAME, one of < <= = >= >, and a value: a number, with a unit of time where the name is a
 * duration ("5ms", "250us", "1.5s"; none: milliseconds), which may have a k, M or G where it is
 * not. ERR_UNKNOWN: no such name; ERR_SYNTAX. *why (static) tells. */
enum err expect_parse(const char *text, struct expect *out, const char **why);

/* Whether it holds. *seen is the figure's value; one without a value, such as the percentile of no
 * latencies, makes it not hold (*seen is NAN). */
bool expect_holds(const struct expect *e, const struct run *run, double *seen);
