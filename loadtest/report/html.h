/* The report as a page for people (--html): what came out, plots, all figures, and how to do it
 * again. */
#pragma once

#include "simul/err.h"

#include <stdio.h>

struct run;

/* ERR_NOMEM, ERR_IO. */
enum err html_write(const struct run *run, FILE *out);
