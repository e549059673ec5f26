/* From settings to a server that serves: what is done in which order, and as whom. */
#pragma once

#include "config/config.h"

/* Serves until a signal has ended it, which is to be in the process that the user has started, or
 * with `is_daemon` in the background. Returns the exit status: 0, or 1 after a line for the user.
 * With `is_daemon` it returns in the daemon only; the process that was started exits by itself.
 * `sources` are what a reload reads again, as long as this runs. */
int serve(const struct config *config, const struct config_sources *sources,
          const struct config_report *report, bool is_daemon);
