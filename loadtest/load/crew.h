/* The crew: the processes that carry the load, each with some threads, a driver on each. They are
 * forked before any thread exists, and die with the process that made them. */
#pragma once

#include "load/board.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <sys/types.h>

struct crew_member {
    pid_t pid;                   /* 0: it has ended */
    unsigned lane_from, lane_to; /* its threads' */
};

struct crew {
    struct board *board;
    struct crew_member *members;
    unsigned count;
    unsigned left; /* those that live */
};

/* Forks plan->processes processes that share the board's lanes. ERR_NOMEM, ERR_IO; none is left
 * running then. */
enum err crew_start(struct crew *crew, const struct plan *plan, struct board *board);

/* Takes note of those that have ended. One that ended badly is a fault on its first lane, with its
 * reason, and its lanes are GONE. */
void crew_reap(struct crew *crew);

/* Ends those that are left at once, and frees. */
void crew_stop(struct crew *crew);
