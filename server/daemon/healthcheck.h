/* `simuld healthcheck`: asks a server that runs with the same settings whether it is ready. For
 * container engines, in whose images there may be no other client. */
#pragma once

#include "config/config.h"
#include "simul/err.h"

#include <stddef.h>

/* The engine's own time-out should be longer. */
enum { HEALTHCHECK_MS = 2000 };

/* Asks the admin listener for /readyz, on loopback if it listens on every address. OK: the answer
 * was 200. Otherwise `error` is one line for the user. ERR_UNKNOWN: the settings do not say where
 * to ask. ERR_IO: nothing answers there. ERR_BUSY: no complete answer within HEALTHCHECK_MS, or one
 * other than 200. */
enum err healthcheck(const struct config *config, char *error, size_t error_bytes);
