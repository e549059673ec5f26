/* Where a report goes: a file or, for "-", standard output. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stdio.h>

/* Whether it is "-"; a path of NULL is not. */
bool output_is_stdout(const char *path);

/* Opens it anew. NULL: that failed, as output_close will say. */
FILE *output_open(const char *path);

/* Ends the writing, of which e came, and returns whether all went well; else a line on `err` says
 * what did not. `out` may be NULL. */
bool output_close(FILE *out, const char *path, enum err e, FILE *err);
