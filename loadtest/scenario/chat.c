/* chat: IRC, over lines or WebSocket. Every member of every room registers and joins; then some of
 * them speak, and everyone else must hear all of it, once, in order and unchanged, as must whoever
 * joins later, from then on.
 *
 * Closed loop: each publisher keeps --in-flight messages on their way; one is over when everybody
 * in the room has it. Open loop (--rate): messages are due at fixed times, and the publishers say
 * them in turn; the latency counts from when they were due. */
#include "scenario/chat.h"

#include "scenario/scenario.h"

#include <stdlib.h>

static const double LOOK_S = 0.001;

/* --- publishing -------------------------------------------------------------------------- */

static bool may_publish(const struct chat_client *m)
{
    return m->client.state == CLIENT_OPEN && m->place == CHAT_INSIDE;
}

static uint64_t said(const struct chat_client *m)
{
    return chat_said(&chat_state(m->client.driver)->shared, m->seats.room, (uint32_t)m->publisher);
}

/* Notes which of a publisher's messages are over; how many are not. */
static uint64_t count_in_flight(struct chat_client *m)
{
    struct driver *d = m->client.driver;
    struct chat_shared *s = &chat_state(d)->shared;
    uint64_t until = said(m), before = m->heard;
    while (m->heard < until &&
           !chat_is_in_flight(s, m->seats.room, (uint32_t)m->publisher, m->heard))
        m->heard++;
    if (m->heard != before || m->heard == until)
        m->heard_ns = d->now_ns;
    return until - m->heard;
}

/* Whether so much is on its way that it has to wait: for those who listen, where the plan says for
 * how many, or for its own connection. */
static bool has_to_wait(struct chat_client *m)
{
    const struct plan *plan = m->client.driver->plan;
    return m->client.out.len > 0 || (plan->in_flight > 0 && count_in_flight(m) >= plan->in_flight);
}

/* False: nobody listens. */
static bool say(struct chat_client *m, uint64_t intended_ns)
{
    struct driver *d = m->client.driver;
    struct chat_driver *s = chat_state(d);
    struct chat_stamp stamp = {m->client.index, said(m), intended_ns};
    if (!chat_say(&s->shared, m->seats.room, (uint32_t)m->publisher))
        return false;
    struct span text = chat_text_make(&s->text, &stamp);
    irc_client_say(&m->client, "PRIVMSG %s%u :%.*s", CHAT_ROOM_NAME(m), SPAN_ARG(text));
    driver_sent(d, text.len);
    return true;
}

/* Closed loop: says what it may. */
static void fill(struct chat_client *m)
{
    struct driver *d = m->client.driver;
    while (d->plan->rate <= 0 && driver_may_send(d) && may_publish(m) && !has_to_wait(m)) {
        if (!say(m, d->now_ns))
            break;
    }
}

void chat_heard(struct chat_client *m, uint32_t publisher, uint64_t number)
{
    struct driver *d = m->client.driver;
    if (!chat_hear(&chat_state(d)->shared, m->seats.room, publisher, number))
        return;
    uint32_t client = chat_publisher_client(d->plan, &m->seats, publisher);
    if (client % d->count == d->index)
        fill(chat_of(driver_client(d, client / d->count)));
}

static void fill_all(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    for (uint32_t i = 0; i < s->publisher_count; i++)
        fill(chat_of(driver_client(d, s->publishers[i])));
}

static bool chat_due(struct driver *d, uint64_t intended_ns)
{
    struct chat_driver *s = chat_state(d);
    for (uint32_t tries = 0; tries < s->publisher_count; tries++) {
        struct client *c = driver_client(d, s->publishers[s->turn++ % s->publisher_count]);
        struct chat_client *m = chat_of(c);
        if (may_publish(m) && !has_to_wait(m) && say(m, intended_ns))
            return true;
    }
    return false;
}

/* --- time -------------------------------------------------------------------------------- */

/* What other threads have heard may let our publishers go on. */
static void on_look(struct ev_loop *ev, ev_timer *w, int events)
{
    struct driver *d = w->data;
    (void)ev, (void)events;
    driver_clock(d);
    fill_all(d);
    driver_settle(d);
}

static void chat_run(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    if (d->plan->rate <= 0 && d->count > 1)
        ev_timer_start(d->ev, &s->look);
    pace_start(&s->churn, s->churn_rate);
    fill_all(d);
}

/* A message that has not come to everybody in time is not waited for; whoever misses it says so
 * when the next one comes, or at the end. */
static void chat_sweep(struct client *c)
{
    struct chat_client *m = chat_of(c);
    struct driver *d = c->driver;
    if (m->publisher == CHAT_SILENT || d->plan->in_flight == 0 || count_in_flight(m) == 0)
        return;
    if (d->now_ns - m->heard_ns > d->plan->timeout_ns) {
        m->heard++;
        m->heard_ns = d->now_ns;
    }
    fill(m);
}

/* Looked up whenever it is asked for, since nothing that is counted would stay right while members
 * come and go. Where nothing comes for the time-out, nothing is waited for any more; the end tells
 * what was lost. */
static uint64_t chat_waiting(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    uint64_t waiting = 0;
    for (uint32_t k = 0; k < d->client_count; k++)
        waiting += chat_member_waiting(chat_of(driver_client(d, k)));
    if (waiting != s->waiting)
        s->waiting_ns = d->now_ns;
    s->waiting = waiting;
    return d->now_ns - s->waiting_ns < d->plan->timeout_ns ? waiting : 0;
}

static void chat_end(struct driver *d)
{
    for (uint32_t k = 0; k < d->client_count; k++)
        chat_member_leave(chat_of(driver_client(d, k)), true);
}

/* --- connections ------------------------------------------------------------------------- */

static void chat_introduce(struct client *c)
{
    irc_client_introduce(&chat_of(c)->irc, c);
}

static void chat_close(struct client *c)
{
    chat_member_leave(chat_of(c), true);
}

static void chat_leave(struct client *c)
{
    irc_client_say(c, "QUIT");
}

/* --- a driver ---------------------------------------------------------------------------- */

static void seat_clients(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    const struct plan *plan = d->plan;
    for (uint32_t k = 0; k < d->client_count; k++) {
        struct chat_client *m = chat_of(driver_client(d, k));
        m->seats = chat_seats_of(plan, m->client.index / plan->members);
        m->publisher = chat_publisher_of(plan, &m->seats, m->client.index);
        m->tracks = s->tracks + (size_t)k * plan->publishers;
        if (m->publisher != CHAT_SILENT)
            s->publishers[s->publisher_count++] = k;
    }
}

/* What is this driver's of the rate, of the messages and of the churn: as much as its publishers
 * are of all, and its other members. */
static void take_share(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    const struct plan *plan = d->plan;
    uint64_t all = (uint64_t)plan->rooms * plan->publishers, extra = 0;
    for (uint32_t i = 0; i < s->publisher_count; i++) {
        struct chat_client *m = chat_of(driver_client(d, s->publishers[i]));
        uint64_t number = (uint64_t)m->seats.room * plan->publishers + (uint32_t)m->publisher;
        extra += number < plan->messages_max % all;
    }
    d->share = (double)s->publisher_count / (double)all;
    if (plan->messages_max > 0)
        d->budget = plan->messages_max / all * s->publisher_count + extra;
    if (plan->connections > all)
        s->churn_rate = plan->churn * (d->client_count - s->publisher_count) /
                        (double)(plan->connections - all);
}

static enum err chat_start(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    size_t clients = (size_t)d->client_count + 1;
    chat_shared_init(&s->shared, d->plan, d->board->shared);
    s->tracks = calloc(clients * d->plan->publishers, sizeof *s->tracks);
    s->publishers = calloc(clients, sizeof *s->publishers);
    if (s->tracks == NULL || s->publishers == NULL)
        return ERR_NOMEM;
    seat_clients(d);
    take_share(d);
    ev_timer_init(&s->look, on_look, LOOK_S, LOOK_S);
    s->look.data = d;
    if (!pace_init(&s->churn, d, chat_churn))
        return ERR_NOMEM;
    s->churn.is_aside = true;
    return chat_text_init(&s->text, d->plan, d->board->key);
}

static void chat_stop(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    ev_timer_stop(d->ev, &s->look);
    pace_deinit(&s->churn);
    chat_text_deinit(&s->text);
    free(s->tracks);
    free(s->publishers);
}

const struct scenario scenario_chat = {
    .name = "chat",
    .summary = "IRC: rooms whose members check all that is said there, and how soon they hear it",
    .carriers = ON_LINE | ON_WS,
    .client_bytes = sizeof(struct chat_client),
    .driver_bytes = sizeof(struct chat_driver),
    .shared_bytes = chat_shared_bytes,
    .start = chat_start,
    .introduce = chat_introduce,
    .on_message = chat_member_hear,
    .on_close = chat_close,
    .on_run = chat_run,
    .on_due = chat_due,
    .on_sweep = chat_sweep,
    .on_end = chat_end,
    .on_leave = chat_leave,
    .waiting = chat_waiting,
    .stop = chat_stop,
};
