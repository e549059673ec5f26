/* connect: opens connections, and closes each in good order as soon as it is ready, to see how fast
 * that goes and how long each part of it takes: TCP, TLS, WebSocket's Upgrade, the first byte.
 *
 * Closed loop: each of the -c clients opens again when it is closed. Open loop (--connect-rate):
 * connections are due at fixed times, and -c is how many there may be at a time; the latency counts
 * from when they were due. A connection is ready when its handshakes are done and, with
 * --first-byte or --say, the server has said something.
 *
 * A client that closes first leaves its port in TIME_WAIT. Over WebSocket the server closes; TCP
 * and TLS connections end with our end of file, as they do in life. */
#include "scenario/introduce.h"
#include "scenario/scenario.h"

static const double RETRY_S = 0.01;

struct connect_client {
    struct client client;
    struct irc_client irc;
    struct list place; /* in one of the driver's lists; in none while it is not closed */
    uint64_t due_ns;
};

struct connect_driver {
    struct driver *driver;
    struct list idle;   /* closed, and may be opened */
    struct list failed; /* closed, and may be opened a little later */
    ev_prepare refill;
    ev_timer retry;
};

static struct connect_client *connect_of(struct client *c)
{
    return (struct connect_client *)c;
}

static struct connect_client *connect_at(struct list *place)
{
    return (struct connect_client *)((uint8_t *)place - offsetof(struct connect_client, place));
}

static struct connect_driver *state_of(const struct client *c)
{
    return c->driver->state;
}

/* --- opening ----------------------------------------------------------------------------- */

static void begin(struct connect_client *cc, uint64_t due_ns)
{
    struct driver *d = cc->client.driver;
    list_remove(&cc->place);
    cc->due_ns = due_ns;
    driver_begin(d);
    if (client_open(&cc->client))
        return;
    driver_give_up(d, 1);
    list_push_back(&state_of(&cc->client)->failed, &cc->place);
}

/* Clients that are closed now may be opened. Before the loop waits, and not where a connection
 * ends, so that no client is opened while something is being done with it. */
static void on_refill(struct ev_loop *ev, ev_prepare *w, int events)
{
    struct connect_driver *s = w->data;
    struct driver *d = s->driver;
    (void)ev, (void)events;
    if (list_is_empty(&s->idle))
        return;
    driver_clock(d);
    if (d->plan->connect_rate > 0)
        pace_resume(&d->pace);
    else
        while (!list_is_empty(&s->idle) && driver_may_send(d))
            begin(connect_at(s->idle.next), d->now_ns);
}

static bool connect_due(struct driver *d, uint64_t intended_ns)
{
    struct connect_driver *s = d->state;
    if (list_is_empty(&s->idle))
        return false;
    begin(connect_at(s->idle.next), intended_ns);
    return true;
}

static void connect_run(struct driver *d)
{
    struct connect_driver *s = d->state;
    ev_prepare_start(d->ev, &s->refill);
    ev_timer_start(d->ev, &s->retry);
}

/* --- readiness --------------------------------------------------------------------------- */

static void connect_introduce(struct client *c)
{
    introduce_begin(&connect_of(c)->irc, c);
}

static void connect_message(struct client *c, const struct message *m)
{
    lane_count_add(c->driver->lane, COUNT_RECEIVED_BYTES, m->payload.len);
    introduce_hear(&connect_of(c)->irc, c, m);
}

static void connect_open(struct client *c)
{
    driver_end(c->driver, TIMING_LATENCY, connect_of(c)->due_ns);
    client_leave(c);
}

/* --- the end ----------------------------------------------------------------------------- */

static void connect_close(struct client *c)
{
    struct connect_client *cc = connect_of(c);
    struct connect_driver *s = state_of(c);
    if (!c->was_open)
        driver_give_up(c->driver, 1);
    list_push_back(c->was_open ? &s->idle : &s->failed, &cc->place);
}

/* What failed is tried again in a while: a server that refuses is not to be overrun. */
static void on_retry(struct ev_loop *ev, ev_timer *w, int events)
{
    struct connect_driver *s = w->data;
    (void)ev, (void)events;
    list_splice_back(&s->idle, &s->failed);
}

/* --- a life ------------------------------------------------------------------------------ */

static enum err connect_start(struct driver *d)
{
    struct connect_driver *s = d->state;
    s->driver = d;
    list_init(&s->idle);
    list_init(&s->failed);
    for (uint32_t k = 0; k < d->client_count; k++)
        list_push_back(&s->idle, &connect_of(driver_client(d, k))->place);
    ev_prepare_init(&s->refill, on_refill);
    s->refill.data = s;
    ev_timer_init(&s->retry, on_retry, RETRY_S, RETRY_S);
    s->retry.data = s;
    return OK;
}

static void connect_stop(struct driver *d)
{
    struct connect_driver *s = d->state;
    ev_prepare_stop(d->ev, &s->refill);
    ev_timer_stop(d->ev, &s->retry);
}

const struct scenario scenario_connect = {
    .name = "connect",
    .summary = "opens and closes connections, and times what that takes",
    .carriers = ON_RAW | ON_LINE | ON_WS | ON_HTTP,
    .client_bytes = sizeof(struct connect_client),
    .driver_bytes = sizeof(struct connect_driver),
    .opens_itself = true,
    .never_renews = true,
    .start = connect_start,
    .introduce = connect_introduce,
    .on_open = connect_open,
    .on_message = connect_message,
    .on_close = connect_close,
    .on_run = connect_run,
    .on_due = connect_due,
    .on_leave = introduce_leave,
    .stop = connect_stop,
};
