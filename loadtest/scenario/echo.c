/* echo: what is sent must come back, whole, unchanged, once and in order.
 *
 * Closed loop: each client keeps --in-flight messages on their way, and sends the next when a reply
 * comes. Open loop (--rate): messages are due at fixed times, and go to the clients in turn; the
 * latency counts from when they were due. */
#include "scenario/echo_client.h"
#include "scenario/scenario.h"
#include "scenario/turn.h"

struct echo_driver {
    struct payload payload;
    struct turn turn; /* where there is a rate */
};

static struct echo_client *echo_of(struct client *c)
{
    return (struct echo_client *)c;
}

static bool is_open_loop(const struct driver *d)
{
    return d->plan->rate > 0;
}

/* Closed loop: sends until enough is on its way. */
static void fill(struct echo_client *e)
{
    struct driver *d = e->client.driver;
    if (is_open_loop(d) || e->client.state != CLIENT_OPEN)
        return;
    while (flight_waiting(&e->flight) < d->plan->in_flight && driver_may_send(d))
        echo_client_send(e, d->now_ns);
}

static bool can_send(const struct client *c)
{
    const struct echo_client *e = (const struct echo_client *)c;
    return flight_waiting(&e->flight) < c->driver->plan->in_flight;
}

static bool echo_due(struct driver *d, uint64_t intended_ns)
{
    struct echo_driver *s = d->state;
    struct client *c = turn_take(&s->turn, d, can_send);
    if (c != NULL)
        echo_client_send(echo_of(c), intended_ns);
    return c != NULL;
}

static void echo_run(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++) {
        driver_clock(d); /* many take long, and who is last has not sent before */
        fill(echo_of(driver_client(d, k)));
    }
}

static void echo_message(struct client *c, const struct message *m)
{
    echo_client_take(echo_of(c), m);
    fill(echo_of(c));
}

static void echo_sweep(struct client *c)
{
    if (echo_client_sweep(echo_of(c)) && c->wire == &wire_http) {
        /* The next request would stand behind the one that is not answered. */
        lane_reason_add(c->driver->lane, "no response within the time-out");
        client_close(c);
        client_open(c);
    }
    fill(echo_of(c));
}

static void echo_close(struct client *c)
{
    echo_client_clear(echo_of(c));
}

static void echo_end(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        echo_client_clear(echo_of(driver_client(d, k)));
}

static void echo_open(struct client *c)
{
    fill(echo_of(c));
}

static enum err echo_start(struct driver *d)
{
    struct echo_driver *s = d->state;
    const struct plan *plan = d->plan;
    for (uint32_t k = 0; k < d->client_count; k++)
        echo_of(driver_client(d, k))->payload = &s->payload;
    s->turn.count = d->client_count;
    return payload_init(&s->payload, plan->size_min, plan->size_max, payload_kind_of(plan),
                        d->board->key);
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
