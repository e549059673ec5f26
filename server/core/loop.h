/* One event loop and what belongs to its thread alone: libev's loop, the scheduler, the clock as of
 * this tick, and the mail to and from other loops. What happens in a tick is up to its owner
 * (server/tick.c); the loop only waits, keeps the time and carries mail. */
#pragma once

#include "core/mailbox.h"
#include "core/metrics.h"
#include "core/pulse.h"
#include "core/sched.h"
#include "core/stages.h"
#include "simul/err.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOOPS_MAX = 256 };

/* Names a connection for anything that answers later: another loop, the hub, a worker. A stale
 * handle finds nothing. */
struct handle {
    uint32_t slot;
    uint32_t generation;
    uint16_t loop;
};

struct loop {
    struct ev_loop *ev;
    unsigned index;
    uint64_t now_ms;        /* monotonic, read once per tick */
    uint64_t wall_ms;       /* since 1970, read once per tick */
    uint64_t due_ms;        /* when the next timer wants its loop back; UINT64_MAX: none is armed */
    uint64_t polled_cycles; /* when the wait ended: the tick began */
    struct sched sched;
    struct loop_metrics metrics;
    struct stages stages;
    struct pulse pulse; /* for the watchdog */

    ev_async wake;
    ev_timer alarm;
    ev_check polled;
    struct mailbox mailbox;
    struct outbox *out; /* one per loop of the set, by index */
    struct loop_set *set;
};

/* All loops of the process, the hub's own included. The array does not change once loops run. */
struct loop_set {
    struct loop *loops;
    unsigned count;
    /* By the connections of all loops, and since when that is too much (0: it is not):
     * net/memory.h. */
    _Alignas(64) _Atomic uint64_t held_bytes;
    _Atomic uint64_t held_much_at_ms;
};

/* Initialises `count` loops in a set; ERR_NOMEM or ERR_IO. loop_set_deinit frees what a loop owns;
 * mail that was not delivered must have been drained before. */
enum err loop_set_init(struct loop_set *set, unsigned count);
void loop_set_deinit(struct loop_set *set);

/* Waits for events: not at all if `busy`, else until one comes, mail arrives, or wait_ms pass
 * (UINT64_MAX = for ever). Reads the clocks, wakes the sleepers that are due, and runs the
 * watchers' callbacks, all of them in the new tick's time. */
void loop_poll(struct loop *l, bool busy, uint64_t wait_ms);

/* Gives `m` to loop `to`; it is published when this tick of `from` ends. `from` must be the
 * caller's loop; `from` == `to` is allowed. */
void loop_post(struct loop *from, struct loop *to, struct mail *m);

/* From any thread that has no loop (signals, start-up): published at once. */
void loop_post_now(struct loop *to, struct mail *m);

/* Delivers the mail that has arrived, in each poster's order. */
void loop_deliver_mail(struct loop *l);

/* Publishes this tick's mail: one compare-and-swap per receiver, a wake-up where one is due. */
void loop_publish_mail(struct loop *l);
