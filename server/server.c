#include "server.h"

#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "core/log.h"
#include "core/watchdog.h"
#include "listeners.h"
#include "net/door.h"
#include "net/listener.h"
#include "net/tls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const int SIGNALS[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

/* --- start ------------------------------------------------------------------------------- */

static enum err init_loops(struct server *s)
{
    /* With one loop the hub shares it; with more it has a loop without connections. */
    s->net_count = (unsigned)s->config->loops;
    unsigned count = s->net_count + (s->net_count > 1);
    enum err e = loop_set_init(&s->loops, count);
    if (e != OK)
        return e;
    s->threads = calloc(count, sizeof(*s->threads));
    if (s->threads == NULL)
        return ERR_NOMEM;
    for (unsigned i = 0; e == OK && i < count; i++) {
        struct loop_thread *t = &s->threads[i];
        t->server = s;
        t->loop = &s->loops.loops[i];
        t->runs_hub = i == count - 1;
        if (i >= s->net_count)
            continue;
        t->has_net = true;
        e = net_init(&t->net, t->loop, s->config, &s->open_total);
        t->net.server = s;
    }
    return e;
}

static enum err open_door(struct server *s)
{
    const struct door_limits limits = {
        .connections = (uint32_t)s->config->limits.connections_per_address,
        .per_second = (uint32_t)s->config->limits.connection_rate_per_address};
    if (limits.connections == 0 && limits.per_second == 0)
        return OK;
    struct siphash_key key;
    if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
        return ERR_IO;
    s->door = door_new(&limits, &key);
    if (s->door == NULL)
        return ERR_NOMEM;
    for (unsigned i = 0; i < s->net_count; i++)
        s->threads[i].net.door = s->door;
    return OK;
}

/* The pool lives on loop 0; every loop has a client of it. */
static enum err start_jobs(struct server *s, char *error, size_t error_bytes)
{
    if (s->config->jobs.enabled == CONFIG_JOBS_OFF)
        return OK;
    const struct pool_options options = {.loop = &s->loops.loops[0],
                                         .spawner = s->spawner,
                                         .workers = (unsigned)s->config->jobs.workers,
                                         .queue_max = (uint32_t)s->config->jobs.queue_max,
                                         .deadline_ms = (uint32_t)s->config->jobs.deadline_ms};
    enum err e = pool_start(&s->pool, &options);
    if (e != OK) {
        snprintf(error, error_bytes,
                 "cannot start the worker processes: %s; try -o jobs.enabled=off", err_name(e));
        return e;
    }
    for (unsigned i = 0; i < s->net_count; i++) {
        struct loop_thread *t = &s->threads[i];
        t->jobs = (struct jobs_client){.loop = t->loop, .net = &t->net, .pool = s->pool};
        t->net.jobs = &t->jobs;
    }
    return OK;
}

/* The hub lives on the last loop; every loop with connections has its part of the chat. */
static enum err start_chat(struct server *s)
{
    struct siphash_key key;
    if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
        return ERR_IO;
    s->hub = hub_service_new(&s->loops.loops[s->loops.count - 1], s->config, &key);
    if (s->hub == NULL)
        return ERR_NOMEM;
    for (unsigned i = 0; i < s->net_count; i++) {
        struct net *n = &s->threads[i].net;
        n->chat = chat_loop_new(n, s->hub);
        if (n->chat == NULL)
            return ERR_NOMEM;
    }
    return OK;
}

enum err server_new(struct server **out, const struct config *config, struct spawner *spawner,
                    char *error, size_t error_bytes)
{
    snprintf(error, error_bytes, "out of memory"); /* unless somebody knows better */
    struct server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    s->config = config;
    s->spawner = spawner;
    enum err e = tls_store_new(&s->tls, config, error, error_bytes);
    if (e == OK)
        e = init_loops(s);
    if (e == OK)
        e = open_door(s);
    for (unsigned i = 0; e == OK && i < s->net_count; i++)
        e = tls_net_new(&s->threads[i].net.tls, s->tls);
    if (e == OK)
        e = listeners_open(s, error, error_bytes);
    if (e == OK)
        e = start_chat(s);
    if (e == OK)
        e = start_jobs(s, error, error_bytes);
    if (e != OK) {
        server_free(s);
        return e;
    }
    s->started_ms = s->loops.loops[0].wall_ms;
    *out = s;
    return OK;
}

/* Whether deliver_rest has something left. */
static bool has_rest(const struct server *s)
{
    for (unsigned i = 0; i < s->loops.count; i++)
        if (!mailbox_is_empty(&s->loops.loops[i].mailbox))
            return true;
    for (unsigned i = 0; i < s->net_count; i++)
        if (s->threads[i].net.chat != NULL && chat_loop_has_work(s->threads[i].net.chat))
            return true;
    return s->hub != NULL && hub_service_has_work(s->hub);
}

/* Mail that is still on its way owns what it carries, so it is delivered, not dropped; so is what
 * the hub says of it. All threads but this one have ended. */
static void deliver_rest(struct server *s)
{
    for (unsigned i = 0; i < s->loops.count; i++)
        loop_publish_mail(&s->loops.loops[i]);
    do {
        for (unsigned i = 0; i < s->loops.count; i++)
            loop_deliver_mail(&s->loops.loops[i]);
        if (s->hub != NULL)
            hub_service_run(s->hub);
        for (unsigned i = 0; i < s->net_count; i++)
            if (s->threads[i].net.chat != NULL)
                chat_loop_fan_out(s->threads[i].net.chat);
        for (unsigned i = 0; i < s->loops.count; i++)
            loop_publish_mail(&s->loops.loops[i]);
    } while (has_rest(s));
}

void server_free(struct server *s)
{
    for (unsigned i = 0; s->threads != NULL && i < s->net_count; i++)
        if (s->threads[i].has_net)
            net_close(&s->threads[i].net);
    if (s->pool != NULL)
        pool_stop(s->pool);
    if (s->threads != NULL)
        deliver_rest(s);
    if (s->pool != NULL)
        pool_free(s->pool);
    for (unsigned i = 0; s->threads != NULL && i < s->net_count; i++) {
        if (s->threads[i].net.chat != NULL)
            chat_loop_free(s->threads[i].net.chat);
        if (s->threads[i].has_net)
            net_deinit(&s->threads[i].net);
    }
    if (s->hub != NULL)
        hub_service_free(s->hub);
    door_free(s->door);
    tls_store_free(s->tls);
    loop_set_deinit(&s->loops);
    free(s->threads);
    free(s);
}

/* --- signals and the drain --------------------------------------------------------------- */

static void deliver_drain(struct mail *m)
{
    struct loop_thread *t = container_of(m, struct loop_thread, drain_mail);
    net_drain(&t->net);
}

static void on_drain_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
    (void)ev;
    (void)revents;
    struct server *s = w->data;
    s->must_leave = true;
}

static void begin_drain(struct server *s)
{
    if (atomic_exchange(&s->draining, true)) {
        s->must_leave = true; /* asked twice */
        return;
    }
    LOG_INFO("draining", LOG_INT("connections", s->open_total),
             LOG_INT("seconds_max", s->config->drain_seconds));
    ev_timer_init(&s->drain_timer, on_drain_timer, (double)s->config->drain_seconds, 0);
    s->drain_timer.data = s;
    ev_timer_start(s->loops.loops[0].ev, &s->drain_timer);
    for (unsigned i = 0; i < s->net_count; i++) {
        s->threads[i].drain_mail.deliver = deliver_drain;
        loop_post_now(s->threads[i].loop, &s->threads[i].drain_mail);
    }
}

static void deliver_reload(struct mail *m)
{
    struct loop_thread *t = container_of(m, struct loop_thread, reload_mail);
    atomic_store(&t->reload_posted, false);
    chat_loop_read_motd(t->net.chat);
}

void server_reload(struct server *s)
{
    for (struct loop_thread *t = s->threads; t < s->threads + s->net_count; t++) {
        if (atomic_exchange(&t->reload_posted, true))
            continue; /* until then the mail is that loop's */
        t->reload_mail.deliver = deliver_reload;
        loop_post_now(t->loop, &t->reload_mail);
    }
    char error[CONFIG_TEXT_BYTES_MAX];
    if (tls_store_reload(s->tls, s->config, error, sizeof(error)) == OK)
        LOG_INFO("certificates read again");
    else
        LOG_ERROR("certificates not read, the old ones stay", LOG_STR("reason", error));
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
    (void)ev;
    (void)revents;
    struct server *s = w->data;
    switch (w->signum) {
    case SIGTERM:
    case SIGINT:
        begin_drain(s);
        break;
    case SIGHUP:
        server_reload(s);
        break;
    default:
        LOG_INFO("signal ignored", LOG_STR("signal", strsignal(w->signum)));
    }
}

static bool is_drained(const struct server *s)
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

/* --- running ----------------------------------------------------------------------------- */

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

static void announce(const struct server *s)
{
    const struct net *first = &s->threads[0].net;
    for (unsigned i = 0; i < first->listener_count; i++) {
        char text[ADDR_CHARS];
        const struct listener *l = &first->listeners[i];
        printf("listening %s %s\n", l->name, addr_format(&l->addr, text));
        LOG_INFO("listening", LOG_STR("name", l->name), LOG_STR("address", text));
    }
    printf("ready\n");
    fflush(stdout);
}

static void watch_signals(struct server *s)
{
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        ev_signal_init(&s->signals[i], on_signal, SIGNALS[i]);
        s->signals[i].data = s;
        ev_signal_start(s->loops.loops[0].ev, &s->signals[i]);
    }
}

enum err server_run(struct server *s)
{
    for (unsigned i = 0; i < s->net_count; i++) {
        struct net *n = &s->threads[i].net;
        for (unsigned k = 0; k < n->listener_count; k++)
            listener_start(&n->listeners[k], n);
    }
    /* Threads are started with these signals blocked, so that loop 0 alone sees them. */
    sigset_t mine, before;
    sigemptyset(&mine);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++)
        sigaddset(&mine, SIGNALS[i]);
    pthread_sigmask(SIG_BLOCK, &mine, &before);
    enum err e = start_threads(s);
    watch_signals(s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pulse_adopt(&s->loops.loops[0].pulse);
    if (e == OK)
        e = start_watchdog(s);
    if (e == OK)
        announce(s);
    while (e == OK && !is_drained(s))
        tick(&s->threads[0]);
    LOG_INFO("stopping", LOG_INT("connections", s->open_total));
    stop_watchdog(s);
    stop_threads(s);
    /* libev restores what a signal does by default; one that comes now must not end us otherwise.
     */
    pthread_sigmask(SIG_BLOCK, &mine, NULL);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        ev_signal_stop(s->loops.loops[0].ev, &s->signals[i]);
        signal(SIGNALS[i], SIG_IGN);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ev_timer_stop(s->loops.loops[0].ev, &s->drain_timer);
    return e;
}
