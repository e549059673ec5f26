/* simuld -d: the process that the user has started waits until the daemon, its grandchild in a
 * session of its own, is ready or has failed, and ends with the status that the daemon has told;
 * what the daemon prints until then appears where the user looks.
 *
 * The daemon stays in the directory that it was started in, since the paths of its settings, and
 * that of its file which HUP reads again, may be relative to it. */
#pragma once

#include "simul/err.h"

#include <stdio.h>

struct daemonize {
    FILE *out;    /* for what the user is to read until the server is ready */
    FILE *errors; /* likewise */
    int null_fd;  /* /dev/null; -1 in the foreground */
    int parent;   /* the pipe to who waits; -1 in the foreground */
};

/* Nothing is done, and nothing will be by the functions below: out and errors are the usual. */
struct daemonize daemonize_not(void);

/* Returns in the daemon only: the other process does not come back from here. To be called before
 * anything exists that a fork does not duplicate. ERR_IO: errno tells why; *d is as by
 * daemonize_not. */
enum err daemonize_begin(struct daemonize *d);

/* Lets go of the user's terminal: standard input, output and error become /dev/null. To be called
 * before the first thread with a descriptor table of its own is started. d->out and d->errors still
 * lead to the user. */
void daemonize_let_go(const struct daemonize *d);

/* Tells who waits its exit status, and closes out and errors. A daemon that ends untold is waited
 * for in vain: a message says so, and the status is 1. */
void daemonize_tell(struct daemonize *d, int status);
