/* One program, several processes: a child is the program executed anew with a role. Its command
 * line reads "simuld: worker 3" in ps, it talks over the socket ROLE_FD, and inherits nothing else
 * but standard error. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum role { ROLE_SPAWNER, ROLE_WORKER, ROLE_COUNT };

enum { ROLE_FD = 3 };

/* A ^C reaches every process of the terminal, a stop every process of the service; but it is the
 * server that decides when its children end. None is blocked afterwards. */
void role_ignore_signals(void);

/* To be called in a child that a single-threaded process has just forked: executes the running
 * program, whatever lies at its path by now, in this role. `fd` becomes ROLE_FD. `number` tells
 * children of one role apart. */
_Noreturn void role_exec(enum role role, unsigned number, int fd);

/* The same as a child of this process, which may have threads: nothing of its memory is copied.
 * ERR_IO: errno tells. */
enum err role_spawn(enum role role, unsigned number, int fd, pid_t *pid);

/* What main does first. False: this process is the server. True: it had another role, which is
 * over; *status is what main returns. */
bool role_dispatch(int argc, char **argv, int *status);
