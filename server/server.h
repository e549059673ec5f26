/* The whole server: its loops, each with its thread and everything that lives on it, the hub, and
 * the child processes. daemon/serve.c creates one, runs it and frees it. */
#pragma once

#include "config/config.h"
#include "core/loop.h"
#include "jobs/jobs_client.h"
#include "net/net.h"
#include "signals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct activation;
struct chat_loop;
struct conn_query;
struct door;
struct hub_service;
struct reload;
struct status;
struct watchdog;

/* One loop and its thread. The hub's own loop has no connections: its `net` is unused. */
struct loop_thread {
    struct server *server;
    struct loop *loop;
    struct net net;
    pthread_t thread;
    bool is_started;
    bool runs_hub;
    bool has_net;
    struct jobs_client jobs;
    _Atomic bool stopping; /* may be set by any thread; the tick that sees it is the last */
    _Atomic bool drained;  /* only clients of the admin listener are left */
    struct mail drain_mail, keepalive_mail;
};

struct server {
    const struct config *config; /* in force on loop 0; the first one is borrowed */
    struct config *reloaded;     /* the same if it came with a reload, and owned; else NULL */
    const struct config_sources *sources; /* what a reload reads, set by who made the server, who
                                             owns it; NULL: only files that the config names */
    struct reload *reload;                /* under way to the loops; NULL: none */
    bool reload_again;                    /* another was asked for meanwhile */
    struct {
        uint64_t done, failed;
        uint64_t done_ms; /* wall clock: when the settings in force were read */
        bool has_failed;  /* the last one */
    } reloads;
    struct loop_set loops;
    struct loop_thread *threads; /* one per loop; thread 0 is the one that called server_run */
    unsigned net_count;          /* loops with connections; the hub's own comes behind them */
    _Atomic uint32_t open_total;
    struct door *door; /* NULL: there are no limits by address */
    struct tls_store *tls;
    struct hub_service *hub;
    struct spawner *spawner;
    struct pool *pool;
    struct conn_query *conn_query; /* of /debug/connections; NULL: none is under way */
    struct status *status;         /* for /status; NULL: nobody has watched it */
    struct watchdog *watchdog;     /* NULL: off, or nothing runs */
    uint64_t started_ms;           /* wall clock */
    int64_t own_descriptors;       /* open when it began, without any connection */
    _Atomic bool draining;         /* /readyz says so */
    ev_timer drain_timer;          /* drain_seconds, on loop 0 */
    struct drain_turns drain_turns;
    bool must_leave; /* drain_seconds are over, or a second signal came */
    struct {
        ev_timer timer;
        _Atomic unsigned unanswered; /* mails of this round that have not been delivered */
    } keepalive;
    struct ev_signal signals[SIGNALS_WATCHED];
    void (*on_ready)(struct server *s); /* called once all serves; may be NULL */
    void *on_ready_arg;                 /* the caller's */
};

/* Opens every listener and starts what is needed. `config` is borrowed until server_free, even if a
 * reload replaces it; `spawner` is taken over. ERR_IO, ERR_TLS, ERR_NOMEM: nothing is left half
 * started, and `error` is one line for the user. */
enum err server_new(struct server **out, const struct config *config, struct spawner *spawner,
                    struct activation *activation, char *error, size_t error_bytes);

/* Serves until a signal ends it (server_run.c): calls on_ready, runs loop 0 on this thread and the
 * others on theirs, drains, and returns. ERR_IO: a thread could not be started; the log says why.
 */
enum err server_run(struct server *s);

void server_free(struct server *s);

/* Creates the door if the settings limit connections by address, or gives an existing one its new
 * limits. The caller tells the loops. ERR_NOMEM, ERR_IO. */
enum err server_open_door(struct server *s, const struct config *config);

/* One tick of a loop (tick.c). False when it was the last. */
bool tick(struct loop_thread *t);
