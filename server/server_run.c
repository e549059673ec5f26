#include "core/log.h"
#include "core/watchdog.h"
#include "drain.h"
#include "keepalive.h"
#include "net/listener.h"
#include "net/tls/tls.h"
#include "server.h"
#include "signals.h"

#include <errno.h>
#include <string.h>

static void *run_thread(void *arg)
{
    struct loop_thread *t = arg;
    pulse_adopt(&t->loop->pulse);
    while (tick(t))
        ;
    return NULL;
}

static enum err start_threads(struct server *s)
{
    for (unsigned i = 1; i < s->loops.count; i++) {
        struct loop_thread *t = &s->threads[i];
        int error = pthread_create(&t->thread, NULL, run_thread, t);
        if (error != 0) {
            LOG_ERROR("cannot start a thread", LOG_STR("reason", strerror(error)));
            return ERR_IO;
        }
        t->is_started = true;
    }
    return OK;
}

static enum err start_watchdog(struct server *s)
{
    if (s->config->watchdog_ms == 0)
        return OK;
    enum err e = watchdog_start(&s->watchdog, &s->loops, (uint32_t)s->config->watchdog_ms);
    if (e != OK)
        LOG_ERROR("cannot start the watchdog",
                  LOG_STR("reason", e == ERR_IO ? strerror(errno) : err_name(e)));
    return e;
}

static void stop_watchdog(struct server *s)
{
    if (s->watchdog != NULL)
        watchdog_stop(s->watchdog);
    s->watchdog = NULL;
}

static void stop_threads(struct server *s)
{
    for (unsigned i = 1; i < s->loops.count; i++) {
        struct loop_thread *t = &s->threads[i];
        atomic_store_explicit(&t->stopping, true, memory_order_release);
        ev_async_send(t->loop->ev, &t->loop->wake);
        if (t->is_started)
            pthread_join(t->thread, NULL);
        t->is_started = false;
    }
}

static void start_listeners(struct server *s)
{
    for (unsigned i = 0; i < s->net_count; i++) {
        struct net *n = &s->threads[i].net;
        for (unsigned k = 0; k < n->listener_count; k++)
            listener_start(&n->listeners[k], n);
    }
}

enum err server_run(struct server *s)
{
    start_listeners(s);
    /* Threads are started with our signals blocked, so that loop 0 alone sees them. */
    signals_block();
    enum err e = start_threads(s);
    signals_watch(s);
    signals_unblock();
    pulse_adopt(&s->loops.loops[0].pulse);
    if (e == OK)
        e = start_watchdog(s);
    if (e == OK)
        tls_store_log_expiry(s->tls);
    if (e == OK && s->on_ready != NULL)
        s->on_ready(s);
    if (e == OK)
        keepalive_start(s);
    while (e == OK && !drain_is_over(s))
        tick(&s->threads[0]);
    LOG_INFO("stopping", LOG_INT("connections", s->open_total));
    stop_watchdog(s);
    stop_threads(s);
    signals_ignore(s);
    drain_end(s);
    keepalive_stop(s);
    return e;
}
