/* The whole server: its loops, each with a thread and everything that lives on it, the hub, and
 * the processes beside. main.c makes one, runs it, and exits with what it says. */
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

/* One loop with a thread of its own. The hub's has no connections (net is unused). */
struct loop_thread {
    struct server *server;
    struct loop *loop;
    struct net net;
    pthread_t thread;
    bool is_started;
    bool runs_hub;
    bool has_net;
    struct jobs_client jobs;
    _Atomic bool stopping; /* set from any thread; the tick that sees it is the last */
    _Atomic bool drained;  /* nobody but the admin listener's clients is left */
    struct mail drain_mail, keepalive_mail;
};

struct server {
    const struct config *config;          /* in force, as loop 0 knows it; the first is borrowed */
    struct config *reloaded;              /* the same, if a reload has brought it; or NULL */
    const struct config_sources *sources; /* what a reload reads, set by who made the server, who
                                             owns it; NULL: only files that the config names */
    struct reload *reload;                /* on its way to the loops; or NULL */
    bool reload_again;                    /* somebody has asked meanwhile */
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
    bool must_leave; /* they are over, or a second signal came */
    struct {
        ev_timer timer;
        _Atomic unsigned unanswered; /* mails of this round that have not been delivered */
    } keepalive;
    struct ev_signal signals[SIGNALS_WATCHED];
    void (*on_ready)(struct server *s); /* called once all serves; may be NULL */
    void *on_ready_arg;                 /* the caller's */
};

/* Opens every listener and starts what is needed. `config` is borrowed until server_free, also when
 * a reload has brought another. Nothing is left half started on an error, and
 * `error` is one line for the user. `spawner` is taken over. ERR_IO, ERR_TLS, ERR_NOMEM. */
enum err server_new(struct server **out, const struct config *config, struct spawner *spawner,
                    struct activation *activation, char *error, size_t error_bytes);

/* Serves until a signal has ended it (server_run.c): calls on_ready, runs loop 0
 * on this thread and the others on theirs, drains, and returns. ERR_IO: a thread could not be
 * started; the log tells why. */
enum err server_run(struct server *s);

void server_free(struct server *s);

/* Makes the door, if there are limits by address, or gives them to the one that there is. The loops
 * are not told. ERR_NOMEM, ERR_IO. */
enum err server_open_door(struct server *s, const struct config *config);

/* One tick of a loop (tick.c). False when it was the last. */
bool tick(struct loop_thread *t);
