#include "scenario/echo_client.h"

enum { WRONG_IN_ROW_MAX = 64 }; /* then a stream is out of step for good */

void echo_client_send(struct echo_client *e, uint64_t intended_ns)
{
    struct client *c = &e->client;
    struct span message = payload_make(e->payload, c->index, e->flight.sent);
    if (flight_send(&e->flight, intended_ns) != OK)
        driver_out_of_memory(c->driver);
    client_send(c, message, !c->driver->plan->binary);
    if (client_is_beside(c))
        driver_sent_beside(c->driver);
    else
        driver_sent(c->driver, message.len);
}

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
    enum arrival arrival = flight_arrive(&e->flight, number, &passed, &forgotten);
    if (arrival != ARRIVED) {
        lane_fault_add(d->lane, flight_fault(arrival), 1);
        return;
    }
    driver_give_up(d, passed);
    if (number < e->flight.given_up)
        driver_wait_again(d);
    lane_fault_add(d->lane, FAULT_LOST, forgotten);
    if (client_is_beside(&e->client))
        driver_received_beside(d, when);
    else
        driver_received(d, TIMING_LATENCY, when, e->got);
}

/* A message that is not the one that was to come next: another of ours, or one that was changed on
 * its way, which then stands for the next. `whole` is empty if it came in pieces. */
static void explain(struct echo_client *e, struct span whole)
{
    const struct payload *p = e->payload;
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
    uint64_t next = e->flight.next;
    if (!e->is_unlike && flight_count(&e->flight) > 0 &&
        e->got == payload_size(e->payload, e->client.index, next)) {
        e->wrong_in_row = 0;
        arrive(e, next);
    } else {
        explain(e, whole);
    }
    e->got = 0;
    e->is_unlike = false;
}

/* A piece of one message. */
static void take(struct echo_client *e, struct span piece, bool is_last)
{
    size_t at = e->got;
    if (at < STAMP_BYTES) {
        size_t n = piece.len < STAMP_BYTES - at ? piece.len : STAMP_BYTES - at;
        memcpy(e->stamp + at, piece.ptr, n);
    }
    if (!payload_matches(e->payload, e->client.index, e->flight.next, at, piece))
        e->is_unlike = true;
    e->got += piece.len;
    if (is_last)
        finish(e, at == 0 ? piece : SPAN_EMPTY);
}

/* A stream has no ends of messages in it: each is as long as the one that is to come. */
static void take_stream(struct echo_client *e, struct span piece)
{
    while (piece.len > 0 && e->client.state == CLIENT_OPEN) {
        uint64_t size = payload_size(e->payload, e->client.index, e->flight.next);
        size_t n = piece.len < size - e->got ? piece.len : (size_t)(size - e->got);
        take(e, span_take(piece, n), n == size - e->got);
        piece = span_drop(piece, n);
    }
}

/* Instead of a reply there was a refusal, which is counted. */
static void meet_refusal(struct echo_client *e)
{
    uint64_t passed, forgotten, waiting = flight_waiting(&e->flight);
    if (flight_count(&e->flight) == 0)
        return;
    (void)flight_arrive(&e->flight, e->flight.next, &passed, &forgotten);
    driver_give_up(e->client.driver, waiting - flight_waiting(&e->flight));
}

void echo_client_take(struct echo_client *e, const struct message *m)
{
    if (e->client.wire == &wire_raw)
        take_stream(e, m->payload);
    else if (!m->is_refusal)
        take(e, m->payload, m->last);
    else if (m->last)
        meet_refusal(e);
}

/* --- what does not come ------------------------------------------------------------------ */

bool echo_client_sweep(struct echo_client *e)
{
    struct driver *d = e->client.driver;
    uint64_t timeout_ns = d->plan->timeout_ns; /* may be longer than the machine runs */
    uint64_t n = flight_give_up(&e->flight, d->now_ns > timeout_ns ? d->now_ns - timeout_ns : 0);
    driver_give_up(d, n);
    return n > 0;
}

void echo_client_clear(struct echo_client *e)
{
    struct driver *d = e->client.driver;
    driver_give_up(d, flight_waiting(&e->flight));
    lane_fault_add(d->lane, FAULT_LOST, flight_clear(&e->flight));
    e->got = 0;
    e->is_unlike = false;
}
