/* The report for machines. loadtest/README.md, "The JSON report", documents every key of it. */
#pragma once

#include "simul/err.h"

#include <stdio.h>

struct run;

enum { JSON_SCHEMA = 1 };

/* Writes the report of a run. ERR_NOMEM, ERR_IO. */
enum err json_write(const struct run *run, FILE *out);
