/* jobs: HTTP requests, and beside them a few echo connections that show what the requests do to
 * everybody else.
 *
 * Each connection has one request at a time on its way. Closed loop: the next one follows the
 * response. Open loop (--rate): requests are due at fixed times, and those that find no connection
 * free wait, which their latency counts. Messages beside are always due at fixed times, whatever
 * became of those before, so that nothing that stops the server for a moment is overlooked. */
#include "scenario/echo_client.h"
#include "scenario/scenario.h"
#include "scenario/turn.h"

enum {
    BESIDE_BYTES = 64,
    BESIDE_RATE = 100,     /* messages of each connection beside, a second */
    BESIDE_WAIT_MAX = 1000 /* of those that wait for their replies */
};

struct asking_client {
    struct client client;
    uint64_t asked;                 /* how many requests: the number of the next */
    uint64_t intended_ns, asked_ns; /* when the one that waits was to be sent, and was */
    uint64_t got;                   /* bytes of its response's body */
    bool is_waiting;
};

/* Those that ask come first; client_is_beside tells. */
union jobs_client {
    struct asking_client asking;
    struct echo_client beside;
};

struct jobs_driver {
    struct payload body, beside_payload;
    struct turn asking, beside; /* where there is a rate */
    struct pace beside_pace;
};

static struct asking_client *asking_of(struct client *c)
{
    return (struct asking_client *)c;
}

static struct echo_client *beside_of(struct client *c)
{
    return (struct echo_client *)c;
}

/* --- requests ---------------------------------------------------------------------------- */

static void ask(struct asking_client *a, uint64_t intended_ns)
{
    struct client *c = &a->client;
    struct jobs_driver *s = c->driver->state;
    struct span body = payload_make(&s->body, c->index, a->asked++);
    a->is_waiting = true;
    a->intended_ns = intended_ns;
    a->asked_ns = c->driver->now_ns;
    client_send(c, body, false);
    driver_sent(c->driver, body.len);
}

/* Closed loop: asks if nothing is on its way. */
static void ask_next(struct asking_client *a)
{
    struct driver *d = a->client.driver;
    bool is_closed_loop = d->plan->rate <= 0;
    if (is_closed_loop && a->client.state == CLIENT_OPEN && !a->is_waiting && driver_may_send(d))
        ask(a, d->now_ns);
}

static bool can_ask(const struct client *c)
{
    return !((const struct asking_client *)c)->is_waiting;
}

static bool jobs_due(struct driver *d, uint64_t intended_ns)
{
    struct jobs_driver *s = d->state;
    struct client *c = turn_take(&s->asking, d, can_ask);
    if (c != NULL)
        ask(asking_of(c), intended_ns);
    return c != NULL;
}

/* A refusal is no response, however fast it came: it is an error, which is counted. */
static void meet_response(struct asking_client *a, bool is_refusal)
{
    struct driver *d = a->client.driver;
    if (is_refusal)
        driver_give_up(d, 1);
    else
        driver_received(d, TIMING_LATENCY, a->intended_ns, a->got);
    a->is_waiting = false;
    a->got = 0;
    ask_next(a);
}

/* What is on its way will not come any more. */
static void give_up(struct asking_client *a)
{
    struct driver *d = a->client.driver;
    if (!a->is_waiting)
        return;
    driver_give_up(d, 1);
    lane_fault_add(d->lane, FAULT_LOST, 1);
    a->is_waiting = false;
    a->got = 0;
}

/* --- messages beside --------------------------------------------------------------------- */

static bool can_send_beside(const struct client *c)
{
    return flight_waiting(&((const struct echo_client *)c)->flight) < BESIDE_WAIT_MAX;
}

/* What nobody can send is left out: those that wait tell enough. */
static bool beside_due(struct driver *d, uint64_t intended_ns)
{
    struct jobs_driver *s = d->state;
    struct client *c = turn_take(&s->beside, d, can_send_beside);
    if (c != NULL)
        echo_client_send(beside_of(c), intended_ns);
    return true;
}

/* --- both -------------------------------------------------------------------------------- */

static void jobs_open(struct client *c)
{
    if (!client_is_beside(c))
        ask_next(asking_of(c));
}

static void jobs_message(struct client *c, const struct message *m)
{
    if (client_is_beside(c)) {
        echo_client_take(beside_of(c), m);
        return;
    }
    asking_of(c)->got += m->payload.len;
    if (m->last)
        meet_response(asking_of(c), m->is_refusal);
}

static void jobs_close(struct client *c)
{
    if (client_is_beside(c))
        echo_client_clear(beside_of(c));
    else
        give_up(asking_of(c));
}

static void jobs_sweep(struct client *c)
{
    const struct driver *d = c->driver;
    const struct asking_client *a = asking_of(c);
    if (client_is_beside(c)) {
        echo_client_sweep(beside_of(c));
    } else if (a->is_waiting && d->now_ns - a->asked_ns > d->plan->timeout_ns) {
        lane_reason_add(d->lane, "no response within the time-out");
        client_close(c);
    } else {
        ask_next(asking_of(c));
    }
}

static void jobs_run(struct driver *d)
{
    struct jobs_driver *s = d->state;
    for (uint32_t k = 0; k < s->asking.count; k++)
        ask_next(asking_of(driver_client(d, k)));
    if (s->beside.count > 0 && pace_init(&s->beside_pace, d, beside_due))
        pace_start(&s->beside_pace, (double)BESIDE_RATE * s->beside.count);
}

static void jobs_end(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        jobs_close(driver_client(d, k));
}

static enum err jobs_start(struct driver *d)
{
    struct jobs_driver *s = d->state;
    const struct plan *plan = d->plan;
    uint32_t asking = (uint32_t)driver_share_of(d, plan->connections);
    s->asking = (struct turn){.first = 0, .count = asking};
    s->beside = (struct turn){.first = asking, .count = d->client_count - asking};
    for (uint32_t k = asking; k < d->client_count; k++)
        beside_of(driver_client(d, k))->payload = &s->beside_payload;
    enum err e =
        payload_init(&s->beside_payload, BESIDE_BYTES, BESIDE_BYTES, PAYLOAD_DIGITS, d->board->key);
    if (e != OK)
        return e;
    return payload_init(&s->body, plan->size_min, plan->size_max, payload_kind_of(plan),
                        d->board->key);
}

static void jobs_stop(struct driver *d)
{
    struct jobs_driver *s = d->state;
    pace_deinit(&s->beside_pace);
    payload_deinit(&s->beside_payload);
    payload_deinit(&s->body);
}

const struct scenario scenario_jobs = {
    .name = "jobs",
    .summary = "sends HTTP requests, while echo connections beside show what that does to others",
    .carriers = ON_HTTP,
    .client_bytes = sizeof(union jobs_client),
    .driver_bytes = sizeof(struct jobs_driver),
    .reopens = true,
    .start = jobs_start,
    .on_open = jobs_open,
    .on_message = jobs_message,
    .on_close = jobs_close,
    .on_run = jobs_run,
    .on_due = jobs_due,
    .on_sweep = jobs_sweep,
    .on_end = jobs_end,
    .stop = jobs_stop,
};
