#include "server.h"

#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "core/descriptors.h"
#include "listeners.h"
#include "net/door.h"
#include "net/tls/tls.h"
#include "web/admin/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

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

static bool make_key(struct siphash_key *key)
{
    return getrandom(key, sizeof(*key), 0) == (ssize_t)sizeof(*key);
}

enum err server_open_door(struct server *s, const struct config *config)
{
    const struct door_limits limits = {
        .connections = (uint32_t)config->limits.connections_per_address,
        .per_second = (uint32_t)config->limits.connection_rate_per_address};
    if (s->door != NULL)
        door_set_limits(s->door, &limits);
    if (s->door != NULL || (limits.connections == 0 && limits.per_second == 0))
        return OK;
    struct siphash_key key;
    if (!make_key(&key))
        return ERR_IO;
    s->door = door_new(&limits, &key);
    return s->door == NULL ? ERR_NOMEM : OK;
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
    if (!make_key(&key))
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
                    struct activation *activation, char *error, size_t error_bytes)
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
        e = server_open_door(s, config);
    for (unsigned i = 0; e == OK && i < s->net_count; i++)
        s->threads[i].net.door = s->door;
    for (unsigned i = 0; e == OK && i < s->net_count; i++)
        e = tls_net_new(&s->threads[i].net.tls, s->tls);
    if (e == OK)
        e = listeners_open(s, activation, error, error_bytes);
    if (e == OK)
        e = start_chat(s);
    if (e == OK)
        e = start_jobs(s, error, error_bytes);
    if (e != OK) {
        server_free(s);
        return e;
    }
    s->started_ms = s->loops.loops[0].wall_ms;
    s->reloads.done_ms = s->started_ms;
    s->own_descriptors = descriptors_count();
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
    status_free(s->status);
    if (s->hub != NULL)
        hub_service_free(s->hub);
    door_free(s->door);
    tls_store_free(s->tls);
    loop_set_deinit(&s->loops);
    if (s->reloaded != NULL)
        config_deinit(s->reloaded);
    free(s->reloaded);
    free(s->threads);
    free(s);
}
