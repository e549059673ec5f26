#include "drain.h"

#include "core/log.h"
#include "daemon/notify.h"
#include "server.h"

/* Of drain_seconds, for the turns: the last client to be told has the rest to leave in. */
enum { TURNS_PERCENT = 90 };
/* What the service manager gives us beyond them, to stop workers and write the log's rest. */
enum { STOP_SECONDS = 10 };

static void deliver_drain(struct mail *m)
{
    struct loop_thread *t = container_of(m, struct loop_thread, drain_mail);
    net_drain(&t->net, &t->server->drain_turns);
}

static void on_drain_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
    (void)ev;
    (void)revents;
    struct server *s = w->data;
    s->must_leave = true;
}

void drain_begin(struct server *s)
{
    if (atomic_exchange(&s->draining, true)) {
        s->must_leave = true; /* asked twice */
        return;
    }
    LOG_INFO("draining", LOG_INT("connections", s->open_total),
             LOG_INT("seconds_max", s->config->drain_seconds));
    notify_send("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=%lld",
                ((long long)s->config->drain_seconds + STOP_SECONDS) * 1000000);
    s->drain_turns.began_ms = s->loops.loops[0].now_ms;
    s->drain_turns.span_ms = (uint64_t)s->config->drain_seconds * 1000 * TURNS_PERCENT / 100;
    ev_timer_init(&s->drain_timer, on_drain_timer, (double)s->config->drain_seconds, 0);
    s->drain_timer.data = s;
    ev_timer_start(s->loops.loops[0].ev, &s->drain_timer);
    for (unsigned i = 0; i < s->net_count; i++) {
        s->threads[i].drain_mail.deliver = deliver_drain;
        loop_post_now(s->threads[i].loop, &s->threads[i].drain_mail);
    }
}

bool drain_is_over(const struct server *s)
{
    if (!s->draining)
        return false;
    if (s->must_leave)
        return true;
    for (unsigned i = 0; i < s->net_count; i++)
        if (!atomic_load_explicit(&s->threads[i].drained, memory_order_acquire))
            return false;
    return true;
}

void drain_end(struct server *s)
{
    ev_timer_stop(s->loops.loops[0].ev, &s->drain_timer);
}
