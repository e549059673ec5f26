#include "keepalive.h"

#include "daemon/notify.h"
#include "server.h"

enum { ROUNDS = 4 }; /* in the manager's interval: one that comes late does no harm */

static void deliver(struct mail *m)
{
    struct loop_thread *t = container_of(m, struct loop_thread, keepalive_mail);
    atomic_fetch_sub_explicit(&t->server->keepalive.unanswered, 1, memory_order_release);
}

static void begin_round(struct server *s)
{
    atomic_store_explicit(&s->keepalive.unanswered, s->loops.count, memory_order_relaxed);
    for (unsigned i = 0; i < s->loops.count; i++) {
        struct loop_thread *t = &s->threads[i];
        t->keepalive_mail.deliver = deliver;
        loop_post(&s->loops.loops[0], t->loop, &t->keepalive_mail);
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
    (void)ev;
    (void)revents;
    struct server *s = w->data;
    if (atomic_load_explicit(&s->keepalive.unanswered, memory_order_acquire) > 0)
        return; /* mail is still on its way: its loop is late, or stuck */
    notify_send("WATCHDOG=1");
    begin_round(s);
}

void keepalive_start(struct server *s)
{
    uint64_t us = notify_watchdog_us();
    if (us == 0)
        return;
    double seconds = (double)us / 1e6 / ROUNDS;
    ev_timer_init(&s->keepalive.timer, on_timer, seconds, seconds);
    s->keepalive.timer.data = s;
    ev_timer_start(s->loops.loops[0].ev, &s->keepalive.timer);
}

void keepalive_stop(struct server *s)
{
    ev_timer_stop(s->loops.loops[0].ev, &s->keepalive.timer);
}
