/* One loop's network: its connections, listeners and buffers, and the parts of a tick that move
 * bytes. server/tick.c calls them in their order. */
#pragma once

#include "core/timeout.h"
#include "net/acceptor.h"
#include "net/conn.h"
#include "net/conn_table.h"
#include "net/later.h"
#include "net/memory.h"
#include "net/net_drain.h"
#include "net/outq.h"
#include "net/pace.h"
#include "net/refusal.h"
#include "net/session_times.h"
#include "simul/http.h"
#include "simul/ws_deflate.h"

#include <stdatomic.h>
#include <stdbool.h>

struct access_log;
struct chat_loop;
struct config;
struct door;
struct jobs_client;
struct listener;
struct server;
struct tls_net;
struct tls_store;
struct ws_pool;

enum {
    NET_TURNS_PER_TICK = 64, /* of those whose output may wait for its turn */
    NET_SOON_MAX = 1024,     /* of those whose turn comes soon */
};

struct net {
    struct loop *loop;
    const struct config *config;
    struct conn_table conns;
    struct out_pool out;
    uint32_t out_bytes_max; /* limits.out_bytes: the high-water mark of an out-queue */

    uint8_t *in; /* the one buffer that every connection is read into */
    size_t in_bytes;
    uint64_t spurious_seed;
    uint64_t slow_ns; /* a resume that takes longer is logged */
    struct session_times times;
    uint32_t budget;                         /* messages left to the session that runs */
    const struct session_type *next_session; /* what it said to conn_become */
    void *next_frame;

    /* Connections that the poll named; those that were resumed or written to in this tick; and, of
     * these, those that the next flush looks at. Each list has room for every open connection, so
     * adding to one never fails. */
    struct conn **polled, **touched, **unsent;
    size_t polled_count, touched_count, unsent_count, list_size;
    struct later soon;       /* has room for NET_SOON_MAX; the rest go to `later` */
    struct later later;      /* has room for every open connection, too */
    uint32_t turns_per_tick; /* of both: NET_TURNS_PER_TICK, except in tests */

    struct timeout_class timers[TIMER_COUNT];
    struct pace pace;
    struct memory memory;

    struct listener *listeners; /* listener_count of them; a connection names its own by index */
    unsigned listener_count;
    struct acceptor acceptor;
    _Atomic uint32_t *open_total; /* connections of all loops; shared */
    struct door *door;            /* limits by address; NULL: there are none. Shared */
    struct {
        uint32_t next, end; /* slots of who was here before the door, and does not count yet */
    } uncounted;
    struct refusals refusals;
    uint32_t admin_count; /* of those here, how many are the admin listener's */
    bool draining;
    struct net_drain drain;

    struct access_log *access; /* NULL: log.access is off */
    struct tls_net *tls;       /* this loop's part of TLS */
    struct ws_pool *ws_pool;   /* decoders for frames that straddle reads, and inflaters */
    struct ws_deflater ws_deflater;
    struct http_limits http_limits;

    /* What the sessions of this loop talk to; owned by the server. */
    struct chat_loop *chat;
    struct jobs_client *jobs;
    struct server *server;
};

/* Buffers, timers and tables for a loop. ERR_NOMEM. `open_total` is shared by all loops. */
enum err net_init(struct net *n, struct loop *loop, const struct config *config,
                  _Atomic uint32_t *open_total);
/* Applies settings, at the start and at a reload. They hold at once for every open connection, even
 * in the middle of a message or head. The config is borrowed until the next call. */
void net_configure(struct net *n, const struct config *config);
/* Enforces limits by address from now on. Open connections are counted too, within the next ticks,
 * unless there is no memory for it. */
void net_use_door(struct net *n, struct door *door);
/* Closes the listeners and every connection that is left; no handle finds anything from then on. */
void net_close(struct net *n);
/* After net_close, when nobody holds a handle. Safe for a net whose net_init failed. */
void net_deinit(struct net *n);

/* Whether a peer of that listener is counted at the door. A trusted proxy is not: the clients
 * behind it are. */
bool net_asks_door(const struct net *n, unsigned listener, const struct addr *peer);

/* Takes over an accepted, non-blocking descriptor and begins `session` on it. The caller has
 * counted it in open_total and, unless the session is a refusal, at the door where net_asks_door
 * says so. ERR_NOMEM: the descriptor is closed. */
enum err net_open(struct net *n, int fd, unsigned listener, const struct addr *peer,
                  const struct session_type *session);

/* The parts of a tick, in their order. */
void net_expire(struct net *n); /* time-outs that are due wake their sessions */
void net_read(struct net *n);   /* reads once and resumes each connection that the poll named, and
                                 * looks at who is too slow */
void net_flush(struct net *n);  /* one system call for each connection with output */
bool net_has_unsent(const struct net *n); /* some wait for their turn in the next flush */
void net_reap(struct net *n);             /* frees the dead */

/* In debug builds: resumes sessions that nobody woke, to find lost wake-ups (net_spurious.c). */
void net_resume_at_random(struct net *n);

/* When net_expire next has something to do, in milliseconds from now; UINT64_MAX: never. */
uint64_t net_next_ms(const struct net *n);

/* Puts a connection that no flush is due for in line for a later one. */
void net_touch_later(struct net *n, struct conn *c);
/* The same for a flush that comes soon. The connection may be in line for a later one already. */
void net_touch_soon(struct net *n, struct conn *c);
/* Puts the connection on the list of those that this tick's flush looks at. */
static inline void net_touch(struct net *n, struct conn *c)
{
    if (!c->touched) {
        c->touched = true;
        n->touched[n->touched_count++] = c;
    }
    if (!c->unsent) {
        c->unsent = true;
        n->unsent[n->unsent_count++] = c;
    }
}
