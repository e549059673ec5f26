/* hold: opens connections and keeps them, idle, to see how many live, who closes which and why, and
 * what memory they need. What a connection must answer to stay alive is answered: pings of
 * WebSocket by the wire, those of IRC by scenario/introduce.h. Messages that come unasked are read
 * and counted.
 *
 * At the end --echo-sample has some of the held connections echo a message, to see that they are
 * more than entries in a table. */
#include "load/payload.h"
#include "scenario/introduce.h"
#include "scenario/scenario.h"

#include <stdlib.h>

enum { SAMPLE_BYTES = 64 };

/* One of the connections that echo at the end. */
struct hold_sample {
    uint32_t client; /* which of the driver's; ascending */
    bool waits;
    size_t got; /* bytes of its reply */
    uint64_t sent_ns;
};

struct hold_driver {
    struct irc_client *irc; /* of each client, where it is IRC */
    struct payload payload;
    struct hold_sample *samples;
    uint32_t sample_count;
};

static struct hold_driver *state_of(const struct client *c)
{
    return c->driver->state;
}

static struct irc_client *irc_of(const struct client *c)
{
    const struct hold_driver *s = state_of(c);
    return s->irc == NULL ? NULL : &s->irc[c->index / c->driver->count];
}

/* --- holding ----------------------------------------------------------------------------- */

static void hold_introduce(struct client *c)
{
    introduce_begin(irc_of(c), c);
}

/* --- the sample -------------------------------------------------------------------------- */

static void send_sample(struct hold_sample *sample, struct client *c)
{
    struct span message = payload_make(&state_of(c)->payload, c->index, 0);
    sample->waits = true;
    sample->sent_ns = c->driver->now_ns;
    client_send(c, message, true);
    driver_sent(c->driver, message.len);
}

/* One from each of as many equal parts of the clients, wherever in it, so that no pattern of
 * addresses is met by another. */
static void hold_drain(struct driver *d)
{
    struct hold_driver *s = d->state;
    for (uint32_t i = 0; i < s->sample_count; i++) {
        uint64_t from = (uint64_t)d->client_count * i / s->sample_count;
        uint64_t to = (uint64_t)d->client_count * (i + 1) / s->sample_count;
        struct hold_sample *sample = &s->samples[i];
        sample->client = (uint32_t)(from + driver_random(d) % (to - from));
        if (driver_client(d, sample->client)->state == CLIENT_OPEN)
            send_sample(sample, driver_client(d, sample->client));
    }
}

static int compare_samples(const void *a, const void *b)
{
    const struct hold_sample *x = a, *y = b;
    return (x->client > y->client) - (x->client < y->client);
}

/* The one of this client that waits for its reply; NULL: there is none. */
static struct hold_sample *sample_of(const struct client *c)
{
    const struct hold_driver *s = state_of(c);
    struct hold_sample key = {.client = c->index / c->driver->count};
    struct hold_sample *found =
        s->sample_count == 0 || c->driver->phase < PHASE_DRAINING
            ? NULL
            : bsearch(&key, s->samples, s->sample_count, sizeof key, compare_samples);
    return found != NULL && found->waits ? found : NULL;
}

static void give_up(struct hold_sample *sample, struct client *c, enum fault fault)
{
    sample->waits = false;
    driver_give_up(c->driver, 1);
    lane_fault_add(c->driver->lane, fault, 1);
}

/* A piece of the reply. */
static void hear_echo(struct hold_sample *sample, struct client *c, const struct message *m)
{
    const struct payload *p = &state_of(c)->payload;
    if (!payload_matches(p, c->index, 0, sample->got, m->payload)) {
        give_up(sample, c, FAULT_WRONG);
        return;
    }
    sample->got += m->payload.len;
    if (sample->got < SAMPLE_BYTES) {
        if (m->last)
            give_up(sample, c, FAULT_WRONG);
        return;
    }
    sample->waits = false;
    driver_received(c->driver, TIMING_LATENCY, sample->sent_ns, SAMPLE_BYTES);
    driver_time(c->driver, TIMING_LATENCY, sample->sent_ns);
}

static void hold_message(struct client *c, const struct message *m)
{
    struct hold_sample *sample = sample_of(c);
    if (sample != NULL) {
        hear_echo(sample, c, m);
        return;
    }
    lane_count_add(c->driver->lane, COUNT_RECEIVED_BYTES, m->payload.len);
    introduce_hear(irc_of(c), c, m);
}

/* --- the end ----------------------------------------------------------------------------- */

static void hold_close(struct client *c)
{
    struct hold_sample *sample = sample_of(c);
    if (sample != NULL)
        give_up(sample, c, FAULT_LOST);
}

static void hold_end(struct driver *d)
{
    struct hold_driver *s = d->state;
    for (uint32_t i = 0; i < s->sample_count; i++)
        if (s->samples[i].waits)
            give_up(&s->samples[i], driver_client(d, s->samples[i].client), FAULT_LOST);
}

/* --- a life ------------------------------------------------------------------------------ */

static enum err hold_start(struct driver *d)
{
    struct hold_driver *s = d->state;
    uint64_t wanted = driver_share_of(d, d->plan->echo_sample);
    s->sample_count = wanted < d->client_count ? (uint32_t)wanted : d->client_count;
    s->samples = calloc(s->sample_count + 1, sizeof *s->samples);
    if (introduce_is_irc(d->plan))
        s->irc = calloc(d->client_count + 1, sizeof *s->irc);
    if (s->samples == NULL || (introduce_is_irc(d->plan) && s->irc == NULL))
        return ERR_NOMEM;
    return payload_init(&s->payload, SAMPLE_BYTES, SAMPLE_BYTES, PAYLOAD_DIGITS, d->board->key);
}

static void hold_stop(struct driver *d)
{
    struct hold_driver *s = d->state;
    payload_deinit(&s->payload);
    free(s->samples);
    free(s->irc);
}

const struct scenario scenario_hold = {
    .name = "hold",
    .summary = "opens connections, keeps them idle, and tells who closes which and why",
    .carriers = ON_RAW | ON_LINE | ON_WS | ON_HTTP,
    .client_bytes = sizeof(struct client),
    .driver_bytes = sizeof(struct hold_driver),
    .never_renews = true,
    .start = hold_start,
    .introduce = hold_introduce,
    .on_message = hold_message,
    .on_close = hold_close,
    .on_drain = hold_drain,
    .on_end = hold_end,
    .on_leave = introduce_leave,
    .stop = hold_stop,
};
