/* A loop's clock that stands still until a test moves it, so that nothing is left to chance. */
#pragma once

#include "core/loop.h"

#include <ev.h>

/* Zeroed is right. It does not move while its loop is there. */
struct still_clock {
    struct ev_check check;
    struct loop *loop;
    const uint64_t *now_ms; /* of the test */
};

static inline void still_clock_show(struct still_clock *c)
{
    c->loop->now_ms = *c->now_ms;
    wheel_advance(&c->loop->sched.wheel, *c->now_ms);
}

static inline void still_clock_on_polled(struct ev_loop *ev, struct ev_check *w, int revents)
{
    (void)ev;
    (void)revents;
    still_clock_show(w->data);
}

/* Runs behind the loop's own look at the clock, and before every other callback. */
static inline void still_clock_start(struct still_clock *c, struct loop *l, const uint64_t *now_ms)
{
    c->loop = l;
    c->now_ms = now_ms;
    ev_check_init(&c->check, still_clock_on_polled);
    ev_set_priority(&c->check, EV_MAXPRI - 1);
    c->check.data = c;
    ev_check_start(l->ev, &c->check);
    still_clock_show(c);
}
