/* The watcher: what the first process does while the crew carries the load. It moves the run on
 * from phase to phase, adds up what the lanes count, and takes a sample each second. */
#pragma once

#include "load/crew.h"
#include "report/run.h"

/* What is shown meanwhile. Each function may be NULL. */
struct display {
    void *state;
    /* Ten times a second; the last sample is of a second that is not over. */
    void (*update)(void *state, const struct run *so_far);
    /* The last sample is complete. */
    void (*second)(void *state, const struct run *so_far);
    /* Ctrl-Z: the terminal is somebody else's for a while; it is ours again. */
    void (*suspend)(void *state);
    void (*resume)(void *state);
};

/* Watches a run to its end and fills *run, which run_deinit frees. SIGINT,
 * SIGTERM or SIGHUP ends the sending, and the run is reported as far as it went; a second one, or
 * SIGQUIT, leaves at once. ERR_IO: no
 * connection could be opened, or the crew was lost before anything was sent; ERR_CLOSED: left at
 * the second signal; ERR_NOMEM. The figures are as good as they can be in each case. */
enum err watcher_run(const struct plan *plan, struct crew *crew, const struct display *display,
                     struct run *run);

void run_deinit(struct run *run);
