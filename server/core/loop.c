#include "core/loop.h"

#include "core/clock.h"
#include "core/cycles.h"

#include <stdlib.h>

/* Reads both clocks; returns the monotonic one in full. */
static uint64_t read_clocks(struct loop *l)
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    l->now_ms = now_ns / NS_PER_MS;
    l->wall_ms = clock_ns(CLOCK_REALTIME) / NS_PER_MS;
    return now_ns;
}

/* Runs right behind the wait. The last tick may be long ago: whatever starts a timer from here on,
 * an accept or a coroutine that goes to sleep, must count from now. */
static void on_polled(struct ev_loop *ev, ev_check *w, int revents)
{
    (void)ev;
    (void)revents;
    struct loop *l = container_of(w, struct loop, polled);
    uint64_t now_ns = read_clocks(l);
    l->polled_cycles = cycles_now();
    stages_begin(&l->stages, l->polled_cycles);
    pulse_begin_tick(&l->pulse, now_ns);
    if (l->now_ms >= l->due_ms)
        hist_add(&l->metrics.lag, now_ns - l->due_ms * NS_PER_MS);
    wheel_advance(&l->sched.wheel, l->now_ms);
}

/* Both only end the wait; the tick looks at the mailbox and the timers itself. */
static void on_wake(struct ev_loop *ev, ev_async *w, int revents)
{
    (void)ev;
    (void)w;
    (void)revents;
}

static void on_alarm(struct ev_loop *ev, ev_timer *w, int revents)
{
    (void)ev;
    (void)w;
    (void)revents;
}

static enum err loop_init(struct loop *l, struct loop_set *set, unsigned index)
{
    *l = (struct loop){.index = index, .set = set};
    l->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    l->out = calloc(set->count, sizeof(*l->out));
    if (l->ev == NULL || l->out == NULL)
        return ERR_NOMEM;
    read_clocks(l);
    sched_init(&l->sched, l->now_ms);
    ev_async_init(&l->wake, on_wake);
    ev_async_start(l->ev, &l->wake);
    ev_init(&l->alarm, on_alarm);
    ev_check_init(&l->polled, on_polled);
    ev_set_priority(&l->polled, EV_MAXPRI); /* before every other callback */
    ev_check_start(l->ev, &l->polled);
    return OK;
}

enum err loop_set_init(struct loop_set *set, unsigned count)
{
    *set = (struct loop_set){.count = count};
    set->loops = calloc(count, sizeof(*set->loops));
    enum err e = set->loops == NULL ? ERR_NOMEM : OK;
    for (unsigned i = 0; e == OK && i < count; i++)
        e = loop_init(&set->loops[i], set, i);
    if (e != OK)
        loop_set_deinit(set);
    return e;
}

void loop_set_deinit(struct loop_set *set)
{
    for (unsigned i = 0; set->loops != NULL && i < set->count; i++) {
        struct loop *l = &set->loops[i];
        if (l->ev != NULL) {
            ev_timer_stop(l->ev, &l->alarm);
            ev_async_stop(l->ev, &l->wake);
            ev_check_stop(l->ev, &l->polled);
            ev_loop_destroy(l->ev);
        }
        free(l->out);
    }
    free(set->loops);
    *set = (struct loop_set){0};
}

void loop_poll(struct loop *l, bool busy, uint64_t wait_ms)
{
    pulse_end_tick(&l->pulse);
    if (l->polled_cycles != 0)
        hist_add(&l->metrics.tick, cycles_to_ns(cycles_now() - l->polled_cycles));
    l->due_ms = wait_ms == UINT64_MAX ? UINT64_MAX : l->now_ms + wait_ms;
    busy = busy || !mailbox_is_empty(&l->mailbox);
    if (!busy && wait_ms != UINT64_MAX) {
        /* libev's own idea of "now" is as old as the last poll. */
        ev_now_update(l->ev);
        ev_timer_set(&l->alarm, (double)wait_ms / 1000.0, 0.0);
        ev_timer_start(l->ev, &l->alarm);
    }
    ev_run(l->ev, busy ? EVRUN_NOWAIT : EVRUN_ONCE);
    ev_timer_stop(l->ev, &l->alarm);
}

void loop_post(struct loop *from, struct loop *to, struct mail *m)
{
    outbox_add(&from->out[to->index], m);
}

static void publish(struct loop *from, struct loop *to, struct outbox *o)
{
    /* A loop looks at its own mailbox before it waits. */
    if (mailbox_publish(&to->mailbox, o) && from != to)
        ev_async_send(to->ev, &to->wake);
}

void loop_post_now(struct loop *to, struct mail *m)
{
    struct outbox o = {0};
    outbox_add(&o, m);
    publish(NULL, to, &o);
}

void loop_deliver_mail(struct loop *l)
{
    struct mail *m = mailbox_take(&l->mailbox);
    uint64_t count = 0;
    for (struct mail *next; m != NULL; m = next, count++) {
        next = m->next;
        m->deliver(m);
    }
    if (count == 0)
        return;
    metric_add(&l->metrics.letters, count);
    metric_set(&l->metrics.mailbox_letters, count);
}

void loop_publish_mail(struct loop *l)
{
    for (unsigned i = 0; i < l->set->count; i++)
        if (l->out[i].newest != NULL)
            publish(l, &l->set->loops[i], &l->out[i]);
}
