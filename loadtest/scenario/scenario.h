/* A scenario: what the clients of a run do. One file each, and one row in scenario.c. */
#pragma once

#include "plan/plan.h"

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct driver;
struct message;

/* Which kinds of URL it understands. */
enum {
    ON_RAW = 1 << CARRIER_RAW,
    ON_LINE = 1 << CARRIER_LINE,
    ON_WS = 1 << CARRIER_WS,
    ON_HTTP = 1 << CARRIER_HTTP,
};

/* Every function but start may be NULL. They are called on the driver's thread, never one from
 * inside another; what they send leaves when they return. */
struct scenario {
    const char *name;
    const char *summary; /* a line of --help */
    unsigned carriers;   /* ON_… */
    size_t client_bytes; /* of the struct whose first member is the struct client */
    size_t driver_bytes; /* of what it keeps for a thread: driver.state, zeroed */
    bool opens_itself;   /* clients are not opened for it, but by it, in PHASE_RUNNING */
    bool never_renews;   /* a connection's end is its end: no other takes its place */
    bool reopens;        /* what has failed is opened again in PHASE_RUNNING, within a second */

    /* How many bytes its drivers share, of all processes together: board.shared, zeroed. */
    size_t (*shared_bytes)(const struct plan *plan);

    /* Before any connection, once for each thread. ERR_NOMEM. */
    enum err (*start)(struct driver *d);
    /* The wire's handshake is done, and messages travel: says who we are, as far as that takes
     * more than the wire knows, and calls client_opened then or later. NULL: it takes nothing. */
    void (*introduce)(struct client *c);
    /* The connection is ready: its handshakes are done. */
    void (*on_open)(struct client *c);
    /* A message, or a piece of one (load/wire.h). */
    void (*on_message)(struct client *c, const struct message *m);
    /* All that was sent has gone to the kernel, and it would take more. */
    void (*on_writable)(struct client *c);
    /* The connection is gone, opened or not; it may be opened again by client_open. */
    void (*on_close)(struct client *c);
    /* PHASE_RUNNING has begun: clients that are open may send. */
    void (*on_run)(struct driver *d);
    /* A message of the rate is due; `intended_ns` is when. Only where the plan has a rate. False:
     * nobody can send it now, and it is due still. */
    bool (*on_due)(struct driver *d, uint64_t intended_ns);
    /* Now and then, a second apart at most, for each client that is open: do its replies come? */
    void (*on_sweep)(struct client *c);
    /* PHASE_DRAINING has begun: what is sent now is the last. */
    void (*on_drain)(struct driver *d);
    /* Nothing is sent any more; what has not come is lost. Before the connections are closed. */
    void (*on_end)(struct driver *d);
    /* Says goodbye: QUIT, a close frame; then the connection is shut down. */
    void (*on_leave)(struct client *c);
    /* How many messages are still to come, where that is not what was sent less what came. */
    uint64_t (*waiting)(struct driver *d);
    /* Frees what start made. */
    void (*stop)(struct driver *d);
};

extern const struct scenario *const SCENARIOS[];
extern const size_t SCENARIO_KINDS;

const struct scenario *scenario_find(const char *name);
