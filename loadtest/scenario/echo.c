/* echo: what is sent must come back, whole, unchanged, once and in order.
 *
 * Closed loop: each client keeps --in-flight messages on their way, and sends the next when a reply
 * comes. Open loop (--rate): messages are due at fixed times, and go to the clients in turn; the
 * latency counts from when they were due. */
#include "load/client.h"
#include "load/flight.h"
#include "load/payload.h"
#include "scenario/scenario.h"

enum {
    TRIES_MAX = 256,       /* clients asked for one message that is due */
    WRONG_IN_ROW_MAX = 64, /* then a stream is out of step for good */
};

struct echo_client {
    struct client client;
    struct flight flight;
    uint64_t got;               /* bytes of the message that comes now */
    uint8_t stamp[STAMP_BYTES]; /* its first ones */
    bool is_unlike;             /* it is not the one that was to come next */
    uint8_t wrong_in_row;
};

struct echo_driver {
    struct payload payload;
    uint32_t turn; /* whose turn it is, where there is a rate */
};

static struct echo_client *echo_of(struct client *c)
{
    return (struct echo_client *)c;
}

static struct payload *payload_of(const struct client *c)
{
    return &((struct echo_driver *)c->driver->state)->payload;
}

static bool is_open_loop(const struct driver *d)
{
    return d->plan->rate > 0;
}

/* ---- sending ---- */

static void send_one(struct echo_client *e, uint64_t intended_ns)
{
    struct client *c = &e->client;
    struct span message = payload_make(payload_of(c), c->index, e->flight.sent);
    if (flight_send(&e->flight, intended_ns) != OK)
        driver_out_of_memory(c->driver);
    client_send(c, message, !c->driver->plan->binary);
    driver_sent(c->driver, message.len);
}

/* Closed loop: sends until enough is on its way. */
static void fill(struct echo_client *e)
{
    struct driver *d = e->client.driver;
    if (is_open_loop(d) || e->client.state != CLIENT_OPEN)
        return;
    while (flight_count(&e->flight) < d->plan->in_flight && driver_may_send(d))
        send_one(e, d->now_ns);
}

static bool echo_due(struct driver *d, uint64_t intended_ns)
{
    struct echo_driver *s = d->state;
    uint32_t tries = d->client_count < TRIES_MAX ? d->client_count : TRIES_MAX;
    while (tries-- > 0) {
        struct client *c = driver_client(d, s->turn++ % d->client_count);
        struct echo_client *e = echo_of(c);
        if (c->state == CLIENT_OPEN && flight_count(&e->flight) < d->plan->in_flight) {
            send_one(e, intended_ns);
            return true;
        }
    }
    return false;
}

static void echo_run(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        fill(echo_of(driver_client(d, k)));
}

/* ---- receiving ---- */

static void count_wrong(struct echo_client *e)
{
    struct client *c = &e->client;
    lane_fault_add(c->driver->lane, FAULT_WRONG, 1);
    if (++e->wrong_in_row == WRONG_IN_ROW_MAX && c->wire == &wire_raw)
        client_fail(c, FAULT_PROTOCOL, "the stream is out of step: nothing in it is what was sent");
}

/* A reply that belongs to the message of this number. */
static void arrive(struct echo_client *e, uint64_t number)
{
    struct driver *d = e->client.driver;
    uint64_t passed, forgotten;
    bool is_on_its_way = number >= e->flight.next && number < e->flight.sent;
    uint64_t when = is_on_its_way ? flight_when(&e->flight, number) : 0;
    switch (flight_arrive(&e->flight, number, &passed, &forgotten)) {
    case ARRIVED:
        driver_give_up(d, passed);
        lane_fault_add(d->lane, FAULT_LOST, forgotten);
        driver_received(d, TIMING_LATENCY, when, e->got);
        break;
    case ARRIVED_LATE:
        lane_fault_add(d->lane, FAULT_REORDERED, 1);
        break;
    case ARRIVED_AGAIN:
        lane_fault_add(d->lane, FAULT_DUPLICATED, 1);
        break;
    case ARRIVED_UNKNOWN:
        lane_fault_add(d->lane, FAULT_WRONG, 1);
        break;
    }
}

/* A message that is not the one that was to come next: another of ours, or one that was changed on
 * its way, which then stands for the next. `whole` is empty if it came in pieces. */
static void explain(struct echo_client *e, struct span whole)
{
    const struct payload *p = payload_of(&e->client);
    uint32_t client = e->client.index;
    uint64_t number, next = e->flight.next;
    size_t stamped = e->got < STAMP_BYTES ? e->got : STAMP_BYTES;
    bool is_ours = stamped > 0 && payload_number(e->stamp, stamped, client, next, &number) &&
                   number != next && number < e->flight.sent &&
                   e->got == payload_size(p, client, number) &&
                   (whole.len == 0 || payload_matches(p, client, number, 0, whole));
    if (is_ours) {
        arrive(e, number);
        return;
    }
    if (flight_count(&e->flight) > 0)
        arrive(e, next);
    count_wrong(e);
}

static void finish(struct echo_client *e, struct span whole)
{
    const struct payload *p = payload_of(&e->client);
    uint64_t next = e->flight.next;
    if (!e->is_unlike && flight_count(&e->flight) > 0 &&
        e->got == payload_size(p, e->client.index, next)) {
        e->wrong_in_row = 0;
        arrive(e, next);
    } else {
        explain(e, whole);
    }
    e->got = 0;
    e->is_unlike = false;
    fill(e);
}

/* A piece of one message. */
static void take(struct echo_client *e, struct span piece, bool is_last)
{
    size_t at = e->got;
    if (at < STAMP_BYTES) {
        size_t n = piece.len < STAMP_BYTES - at ? piece.len : STAMP_BYTES - at;
        memcpy(e->stamp + at, piece.ptr, n);
    }
    if (!payload_matches(payload_of(&e->client), e->client.index, e->flight.next, at, piece))
        e->is_unlike = true;
    e->got += piece.len;
    if (is_last)
        finish(e, at == 0 ? piece : SPAN_EMPTY);
}

/* A stream has no ends of messages in it: each is as long as the one that is to come. */
static void take_stream(struct echo_client *e, struct span piece)
{
    while (piece.len > 0 && e->client.state == CLIENT_OPEN) {
        uint64_t size = payload_size(payload_of(&e->client), e->client.index, e->flight.next);
        size_t n = piece.len < size - e->got ? piece.len : (size_t)(size - e->got);
        take(e, span_take(piece, n), n == size - e->got);
        piece = span_drop(piece, n);
    }
}

static void echo_message(struct client *c, const struct message *m)
{
    if (c->wire == &wire_raw)
        take_stream(echo_of(c), m->payload);
    else
        take(echo_of(c), m->payload, m->last);
}

/* ---- what does not come ---- */

static void echo_sweep(struct client *c)
{
    struct echo_client *e = echo_of(c);
    struct driver *d = c->driver;
    while (flight_count(&e->flight) > 0 &&
           d->now_ns - flight_when(&e->flight, e->flight.next) > d->plan->timeout_ns &&
           d->now_ns > flight_when(&e->flight, e->flight.next)) {
        driver_give_up(d, 1);
        lane_fault_add(d->lane, FAULT_LOST, flight_pass(&e->flight));
    }
    fill(e);
}

/* Whatever is on its way will not come any more. */
static void echo_close(struct client *c)
{
    struct echo_client *e = echo_of(c);
    driver_give_up(c->driver, flight_count(&e->flight));
    lane_fault_add(c->driver->lane, FAULT_LOST, flight_clear(&e->flight));
    e->got = 0;
    e->is_unlike = false;
}

static void echo_end(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        echo_close(driver_client(d, k));
}

static void echo_open(struct client *c)
{
    fill(echo_of(c));
}

static enum err echo_start(struct driver *d)
{
    return payload_init(&((struct echo_driver *)d->state)->payload, d->plan);
}

static void echo_stop(struct driver *d)
{
    payload_deinit(&((struct echo_driver *)d->state)->payload);
}

const struct scenario scenario_echo = {
    .name = "echo",
    .summary = "sends messages and compares every reply with what was sent",
    .carriers = ON_RAW | ON_WS | ON_HTTP,
    .client_bytes = sizeof(struct echo_client),
    .driver_bytes = sizeof(struct echo_driver),
    .start = echo_start,
    .on_open = echo_open,
    .on_message = echo_message,
    .on_close = echo_close,
    .on_run = echo_run,
    .on_due = echo_due,
    .on_sweep = echo_sweep,
    .on_end = echo_end,
    .stop = echo_stop,
};
