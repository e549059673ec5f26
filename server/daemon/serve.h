/* Starts the server and serves: what is done in which order, and as whom. */
#pragma once

#include "config/config.h"

/* Serves until a signal ends it: in this process, or, with `is_daemon`, in the background; it then
 * returns in the daemon only, and the process that was started exits by itself. Returns the exit
 * status: 0, or 1 after a line for the user. `sources` is what a reload reads again; all three are
 * borrowed while this runs. */
int serve(const struct config *config, const struct config_sources *sources,
          const struct config_report *report, bool is_daemon);
