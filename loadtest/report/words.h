/* What several reports say about a run in the same words. */
#pragma once

#include "report/run.h"

#include <stddef.h>

enum { WORDS_BYTES = 512 };

/* What is done, and where: "echo ws://127.0.0.1:8080/echo and 3 more". */
void words_title(const struct plan *plan, char out[WORDS_BYTES]);

/* How much of it: "100 connections, 2 threads; closed loop, 16 in flight each; 20 B". */
void words_load(const struct plan *plan, char out[WORDS_BYTES]);

/* "opening", "running", "draining", "closing": for machines. */
const char *words_phase(enum phase phase);

/* "s" where there is not exactly one. */
const char *words_plural(uint64_t n);

/* Every kind of error that there was, "refused 3, lost 9", as much as fits. */
void words_faults(const struct run *run, char out[WORDS_BYTES]);
