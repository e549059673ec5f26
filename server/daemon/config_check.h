/* What -t looks at beyond the settings themselves: the user to become, certificates, files and
 * ports. Nothing is created, written or left open. */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdio.h>

/* Looks at all of it, `path` being the file that it comes from (NULL: none), as it matters in the
 * foreground or for a daemon, and writes one line to `to` for each thing that would keep the server
 * from starting, or from doing what the settings say, and "warning: ..." for what only may. Ports
 * are bound for a moment. False: there are problems, not just warnings. The process has one thread,
 * and `to` a descriptor, since a child may look at files as another user. */
bool config_check(const struct config *config, const char *path, bool is_daemon, FILE *to);
