/* Expectations: `--expect 'p99<5ms'`. One that does not hold ends the program with status 3. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct figure;
struct run;

enum expect_relation { EXPECT_LESS, EXPECT_AT_MOST, EXPECT_EQUAL, EXPECT_AT_LEAST, EXPECT_MORE };

struct expect {
    const char *text;            /* as it was typed; borrowed */
    const struct figure *figure; /* what it is about: a row of report/figure.h */
    enum expect_relation relation;
    double value; /* in the figure's unit */
};

/* Parses NAME, one of < <= = >= >, and a value as plan/quantity.h reads the figure's unit: a
 * duration ("5ms", "250us"; without a unit milliseconds), a rate ("100k", "0.5/s"), a count
 * ("1.5k"), bytes ("64KiB", of a throughput also "10MiB/s"). Blanks around the relation are fine.
 * ERR_UNKNOWN: no such name; ERR_LIMIT: a value beyond all measure; ERR_SYNTAX: anything else.
 * *why (static) tells. */
enum err expect_parse(const char *text, struct expect *out, const char **why);

/* Whether it holds. *seen is the figure's value; one without a value, such as the percentile of no
 * latencies, makes it not hold (*seen is NAN). */
bool expect_holds(const struct expect *e, const struct run *run, double *seen);

/* Prints a line, "expected p99<5ms: holds (1.20 ms)" or "expected rate>100k: does NOT hold
 * (52,310/s)", and returns whether it holds. */
bool expect_print(const struct expect *e, const struct run *run, FILE *to);
