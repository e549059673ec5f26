/* flood: messages as fast as the socket takes them, for throughput.
 *
 * A server that answers must echo, in order; one that only swallows is fine too. One message of
 * each client at a time is timed, which shows how long the queues on the way are. */
#include "load/client.h"
#include "load/payload.h"
#include "scenario/scenario.h"

enum {
    BURST_BYTES = 64 * 1024, /* put at a time, or one message where that is longer */
    WRONG_MAX = 64,          /* of one client; then it is closed */
};

struct flood_client {
    struct client client;
    uint64_t sent, next;           /* how many messages; the number of the reply that comes next */
    uint64_t got;                  /* bytes of it so far */
    uint64_t timed, timed_from_ns; /* the message that is timed; from 0: none is */
    bool is_unlike;
    uint8_t wrong;
};

static struct flood_client *flood_of(struct client *c)
{
    return (struct flood_client *)c;
}

static struct payload *payload_of(const struct client *c)
{
    return c->driver->state;
}

/* --- sending ----------------------------------------------------------------------------- */

static void send_one(struct flood_client *f)
{
    struct client *c = &f->client;
    struct driver *d = c->driver;
    if (f->timed_from_ns == 0) {
        f->timed = f->sent;
        f->timed_from_ns = d->now_ns;
    }
    struct span message = payload_make(payload_of(c), c->index, f->sent++);
    client_send(c, message, !d->plan->binary);
    driver_sent(d, message.len);
    if (f->next == 0)
        driver_give_up(d, 1); /* whether it answers at all is not known yet */
}

static void flood_writable(struct client *c)
{
    struct driver *d = c->driver;
    uint64_t bytes = 0;
    driver_clock(d);
    while (bytes < BURST_BYTES && driver_may_send(d)) {
        bytes += payload_size(payload_of(c), c->index, flood_of(c)->sent);
        send_one(flood_of(c));
    }
}

static void flood_run(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++) {
        struct client *c = driver_client(d, k);
        if (c->state == CLIENT_OPEN)
            flood_writable(c);
    }
}

/* --- receiving --------------------------------------------------------------------------- */

static void count_wrong(struct flood_client *f)
{
    lane_fault_add(f->client.driver->lane, FAULT_WRONG, 1);
    if (++f->wrong == WRONG_MAX)
        client_fail(&f->client, FAULT_PROTOCOL, "what comes back is not what was sent");
}

static void finish(struct flood_client *f)
{
    struct driver *d = f->client.driver;
    bool is_right = !f->is_unlike && f->next < f->sent &&
                    f->got == payload_size(payload_of(&f->client), f->client.index, f->next);
    lane_count_add(d->lane, COUNT_RECEIVED, 1);
    lane_count_add(d->lane, COUNT_RECEIVED_BYTES, f->got);
    f->got = 0;
    f->is_unlike = false;
    if (f->next == f->sent) {
        count_wrong(f); /* nothing was to come */
        return;
    }
    if (f->next++ == 0)
        d->waiting += f->sent; /* so it answers, and owes the others too */
    d->waiting--;
    if (f->timed_from_ns != 0 && f->timed < f->next) {
        driver_latency(d, TIMING_LATENCY, f->timed_from_ns);
        f->timed_from_ns = 0;
    }
    if (!is_right)
        count_wrong(f);
}

static void take(struct flood_client *f, struct span piece, bool is_last)
{
    struct client *c = &f->client;
    if (!payload_matches(payload_of(c), c->index, f->next, f->got, piece))
        f->is_unlike = true;
    f->got += piece.len;
    if (is_last)
        finish(f);
}

static void flood_message(struct client *c, const struct message *m)
{
    struct flood_client *f = flood_of(c);
    struct span piece = m->payload;
    if (c->wire != &wire_raw) {
        take(f, piece, m->last);
        return;
    }
    while (piece.len > 0 && c->state == CLIENT_OPEN) {
        uint64_t left = payload_size(payload_of(c), c->index, f->next) - f->got;
        size_t n = piece.len < left ? piece.len : (size_t)left;
        take(f, span_take(piece, n), n == left);
        piece = span_drop(piece, n);
    }
}

/* --- the rest ---------------------------------------------------------------------------- */

static void flood_close(struct client *c)
{
    struct flood_client *f = flood_of(c);
    uint64_t owed = f->next == 0 ? 0 : f->sent - f->next;
    driver_give_up(c->driver, owed);
    lane_fault_add(c->driver->lane, FAULT_LOST, owed);
    f->next = f->sent;
}

static void flood_end(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        flood_close(driver_client(d, k));
}

static enum err flood_start(struct driver *d)
{
    const struct plan *plan = d->plan;
    return payload_init(d->state, plan->size_min, plan->size_max, payload_kind_of(plan),
                        d->board->key);
}

static void flood_stop(struct driver *d)
{
    payload_deinit(d->state);
}

const struct scenario scenario_flood = {
    .name = "flood",
    .summary = "sends as fast as the socket takes it, for throughput",
    .carriers = ON_RAW | ON_WS,
    .client_bytes = sizeof(struct flood_client),
    .driver_bytes = sizeof(struct payload),
    .start = flood_start,
    .on_message = flood_message,
    .on_writable = flood_writable,
    .on_close = flood_close,
    .on_run = flood_run,
    .on_end = flood_end,
    .stop = flood_stop,
};
