/* simuld -d: the process that the user starts waits until the daemon, its grandchild in a session
 * of its own, is ready or has failed, and exits with the status that the daemon reports. What the
 * daemon prints until then appears on the user's terminal.
 *
 * The daemon stays in the directory that it was started in, since the paths of its settings, and
 * that of its file which HUP reads again, may be relative to it. */
#pragma once

#include "simul/err.h"

#include <stdio.h>

struct daemonize {
    FILE *out;    /* what the user is to read, until the server is ready */
    FILE *errors; /* likewise */
    int null_fd;  /* /dev/null; -1 in the foreground */
    int parent;   /* the pipe to the process that waits; -1 in the foreground */
};

/* For the foreground: `out` and `errors` are standard output and error, and the functions below do
 * nothing. */
struct daemonize daemonize_not(void);

/* Returns in the daemon only; the process that was started never returns from here. To be called
 * before anything exists that a fork does not duplicate. ERR_IO: errno tells why, and *d is as if
 * by daemonize_not. */
enum err daemonize_begin(struct daemonize *d);

/* Lets go of the user's terminal: standard input, output and error become /dev/null. To be called
 * before the first thread with a descriptor table of its own is started. d->out and d->errors still
 * lead to the user. */
void daemonize_let_go(const struct daemonize *d);

/* Gives the process that waits its exit status, and closes `out` and `errors`. If the daemon ends
 * without this, that process prints a message and exits with status 1. */
void daemonize_tell(struct daemonize *d, int status);
