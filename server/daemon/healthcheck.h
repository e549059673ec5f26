/* `simuld healthcheck`: asks a server that runs with the same settings whether it is ready. For
 * what looks after containers, where there may be no other client. */
#pragma once

#include "config/config.h"
#include "simul/err.h"

#include <stddef.h>

/* What looks after containers should wait for longer. */
enum { HEALTHCHECK_MS = 2000 };

/* GET /readyz of the admin listener, which is looked for on loopback where it listens on every
 * address. OK: the answer is 200. Otherwise `error` is one line for the user. ERR_UNKNOWN: the
 * settings do not tell where to ask; ERR_IO: nobody can be reached there; ERR_BUSY: no whole answer
 * in HEALTHCHECK_MS, or another than 200. */
enum err healthcheck(const struct config *config, char *error, size_t error_bytes);
