/* A driver: one thread with one loop, which opens its share of the connections, lets the scenario
 * work with them, and counts on its lane of the board.
 *
 * Drivers share nothing but the board. Driver i of n has the clients i, i + n, i + 2n, … of the
 * plan; those beside are the last ones. */
#pragma once

#include "load/board.h"
#include "load/pace.h"
#include "plan/plan.h"
#include "simul/buf.h"
#include "simul/list.h"
#include "simul/ws.h"

#include <ev.h>

struct client;
struct tls;

enum {
    DRIVER_INPUT_BYTES = 256 * 1024, /* read of one client at a time */
    DRIVER_CARRY_BYTES = 64 * 1024,  /* most that a wire may leave unread until there is more */
    DRIVER_OPENING_MAX = 256,        /* handshakes at a time, where there is no rate of them */
    DRIVER_LEAVING_MS = 1000,        /* how long a server may take to close */
};

struct driver {
    const struct plan *plan;
    struct board *board;
    struct lane *lane;
    struct ev_loop *ev;
    unsigned index, count; /* which driver of how many */
    uint64_t now_ns;       /* monotonic; read when a client becomes readable, and for each tick */
    int phase;             /* enum phase, as it was seen last */

    uint8_t *clients; /* client_count structs of the scenario's size */
    size_t client_bytes;
    uint32_t client_count;
    uint32_t opened_next;  /* the client to be opened next */
    uint32_t opening;      /* handshakes that go on */
    uint32_t left_open;    /* clients that have a socket */
    struct list deadlines; /* clients that are opening, the oldest first */
    struct list leaving;   /* clients that are leaving, likewise */
    uint32_t swept;        /* the client whose time-outs are looked at next */

    uint8_t *input;         /* DRIVER_CARRY_BYTES and DRIVER_INPUT_BYTES */
    struct buf output;      /* what `writing` sends when the callback is over */
    struct client *writing; /* NULL: nobody */
    uint64_t waiting;       /* messages whose replies have not come */
    uint64_t replied_ns;    /* when the last reply came */

    struct ws_pool frames;
    struct ws_rules rules;
    struct ws_deflater deflater; /* of what all its clients send */
    uint8_t random[4096]; /* of OpenSSL's generator: at this size 1 ns a mask, and the system's 8 */
    size_t random_left;
    struct tls *tls; /* NULL: without */

    uint64_t began_ns; /* when opening began */
    double share;    /* of the plan's rate that is this driver's; the scenario's start may set it */
    uint64_t budget; /* messages that may still be sent; UINT64_MAX: no limit */
    struct pace pace; /* of the plan's rate */
    ev_timer tick;
    void *state; /* of the scenario */
};

/* Runs a driver to the end of PHASE_CLOSING, on the thread that calls it; what keeps it from
 * starting is a fault and a reason on its lane. */
void driver_run(const struct plan *plan, struct board *board, unsigned index, unsigned count);

/* The k-th client of this driver. */
static inline struct client *driver_client(const struct driver *d, uint32_t k)
{
    return (struct client *)(d->clients + (size_t)k * d->client_bytes);
}

/* How many of so many things, dealt out in turn, are this driver's. */
static inline uint64_t driver_share_of(const struct driver *d, uint64_t things)
{
    return things / d->count + (d->index < things % d->count);
}

/* Reads the clock into now_ns. */
void driver_clock(struct driver *d);

/* Whether a message whose intended time is now may be sent: the run goes on, and neither its end
 * nor messages_max is reached. */
bool driver_may_send(const struct driver *d);

/* Something of messages_max begins, and is waited for: a message, a connection. */
void driver_begin(struct driver *d);
/* It has ended well, now. */
void driver_end(struct driver *d, enum timing timing, uint64_t intended_ns);

/* Counts a message of that many bytes as sent; it waits for its reply. */
void driver_sent(struct driver *d, size_t bytes);
/* Counts its reply, that came now. */
void driver_received(struct driver *d, enum timing timing, uint64_t intended_ns, size_t bytes);
/* A message beside those of the load is sent, and waits; its reply came. */
void driver_sent_beside(struct driver *d);
void driver_received_beside(struct driver *d, uint64_t intended_ns);
/* Adds a latency that ends now, if it began in the window that is measured. */
void driver_latency(struct driver *d, enum timing timing, uint64_t intended_ns);
/* Waits no longer for n messages that were sent. */
static inline void driver_give_up(struct driver *d, uint64_t n)
{
    d->waiting -= n;
}

/* One that was given up comes after all: it counts as waited for until it is received. */
static inline void driver_wait_again(struct driver *d)
{
    d->waiting++;
}

/* Adds a duration that ended now; whether it is in the window does not matter. */
void driver_time(struct driver *d, enum timing timing, uint64_t began_ns);

/* Lets out what the client that was written to last has to send. For whoever calls scenarios. */
void driver_settle(struct driver *d);

/* Ends the process with a message, since a run that lost clients to that is worth nothing. */
_Noreturn void driver_out_of_memory(struct driver *d);

/* Four bytes that nobody can guess, as masks and handshakes must be (RFC 6455 sections 4.1 and
 * 10.3). */
uint32_t driver_random(struct driver *d);

/* A client has finished opening, or has failed to. For client.c. */
void driver_opened(struct driver *d);
