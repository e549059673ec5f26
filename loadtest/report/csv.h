/* A run second by second, as comma-separated values: a line of names, then one for each sample.
 * loadtest/README.md, "The CSV report", documents every column. */
#pragma once

#include "report/run.h"

#include <stdio.h>

/* Writes it all. ERR_IO: the stream failed. */
enum err csv_write(const struct run *run, FILE *to);
