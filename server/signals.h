/* The signals that the server handles, all of them on loop 0: TERM and INT drain, HUP reloads, USR1
 * reopens the log. */
#pragma once

enum { SIGNALS_WATCHED = 5 };

struct server;

/* While the server starts, signals other than TERM and INT are held back; those two still end a
 * start that hangs, say on a file system behind a network that is down. */
void signals_hold(void);

/* Blocks all of them in this thread and in those that it starts; they are handled once they are let
 * through. */
void signals_block(void);
void signals_unblock(void);

/* Handles them from now on. */
void signals_watch(struct server *s);
/* Ignores them from now on. */
void signals_ignore(struct server *s);
