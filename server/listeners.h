/* The listeners that the settings name: each with one socket on every loop, and the session that
 * begins on its connections. */
#pragma once

#include "simul/err.h"

#include <stddef.h>
#include <sys/types.h>

struct activation;
struct config;
struct net;
struct server;

/* Opens them all, the admin listener too, which lives on loop 0 alone: on a socket of `activation`
 * (NULL: there are none), or on one that is bound. ERR_SYNTAX, ERR_IO, ERR_EXISTS, ERR_BUSY:
 * `error` is one line for the user; what was opened is closed with the loops. ERR_NOMEM. */
enum err listeners_open(struct server *s, struct activation *activation, char *error,
                        size_t error_bytes);

/* Gives the files of Unix sockets to that user, as far as the process may. */
void listeners_give(struct server *s, uid_t uid, gid_t gid);

/* Puts in force on the listeners of one loop what a reload may change, and closes those that the
 * settings no longer name; connections stay. Nothing of the config is borrowed. */
void listeners_configure(struct net *n, const struct config *config);
