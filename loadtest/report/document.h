/* A JSON report that is read again, as much of it as comparisons need. */
#pragma once

#include "report/percentile.h"
#include "report/run.h"

#include <stdio.h>

struct document {
    struct json_t *root; /* owns the texts */
    const char *path;    /* borrowed from who read it */
    const char *program, *scenario, *command, *began;
    double *figures; /* of each of FIGURES, in its unit; NAN: there is none. Owned */
    struct percentiles timings[TIMING_KINDS];
    struct sample *samples; /* owned */
    size_t sample_count;
};

/* Reads a report; document_deinit must follow, whatever came of it. A failure is one line on err,
 * with the path. ERR_IO: it cannot be read; ERR_SYNTAX: it is not JSON, or no report of ours;
 * ERR_VERSION: its schema is another than JSON_SCHEMA; ERR_NOMEM. */
enum err document_read(const char *path, struct document *out, FILE *err);

void document_deinit(struct document *d);
