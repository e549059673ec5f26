/* The listeners that the settings name: one socket of each on every loop, and the session that its
 * connections begin with. */
#pragma once

#include "simul/err.h"

#include <stddef.h>
#include <sys/types.h>

struct activation;
struct config;
struct net;
struct server;

/* Opens all of them, and the admin listener, which is on loop 0 alone. Each takes its socket from
 * `activation` (NULL: there are none) or binds its own. ERR_SYNTAX, ERR_IO, ERR_EXISTS, ERR_BUSY:
 * `error` is one line for the user, and what was opened is closed with the loops. ERR_NOMEM. */
enum err listeners_open(struct server *s, struct activation *activation, char *error,
                        size_t error_bytes);

/* Makes that user and group the owner of the Unix sockets' files, as far as the process may. */
void listeners_give(struct server *s, uid_t uid, gid_t gid);

/* Applies what a reload may change to the listeners of one loop, and closes those that the settings
 * no longer name; their connections stay. Nothing of the config is borrowed. */
void listeners_configure(struct net *n, const struct config *config);
