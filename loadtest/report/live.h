/* A run as it goes, for people: drawn in place on a terminal, line by line elsewhere
 * (report/lines.h).
 *
 * The terminal's cursor is hidden while it is drawn; live_stop gives it back. */
#pragma once

#include "report/run.h"

#include <stdio.h>

struct live;

/* `to` is borrowed until live_stop. NULL: no memory. */
struct live *live_start(FILE *to);

/* Draws the run so far on a terminal; the last sample is of a second that is not over. Ten times a
 * second is a good pace; the terminal's size is asked each time. */
void live_update(struct live *live, const struct run *so_far);

/* Prints a line where there is no terminal; the last sample is complete. */
void live_second(struct live *live, const struct run *so_far);

/* Takes away what was drawn, and leaves the terminal to others; draws on it again. */
void live_suspend(struct live *live);
void live_resume(struct live *live);

/* Takes away what was drawn, and frees it. `live` may be NULL. */
void live_stop(struct live *live);
