/* The listeners that the settings name: each with one socket on every loop, and the session that
 * begins on its connections. */
#pragma once

#include "simul/err.h"

#include <stddef.h>

struct server;

/* Binds them all, the admin listener too, which lives on loop 0 alone. ERR_SYNTAX, ERR_IO: `error`
 * is one line for the user; what was bound is closed with the loops. ERR_NOMEM. */
enum err listeners_open(struct server *s, char *error, size_t error_bytes);
