/* Runs the network part of loops in one thread: real connections over socket pairs whose other end
 * the test holds. Turns are taken by hand and time stands still until a test moves it, so nothing
 * is left to chance. A fixture on top adds what it needs to a tick by `fix.behind_sessions`. */
#pragma once

#include "config/config.h"
#include "net/listener.h"
#include "net/net.h"
#include "simul/buf.h"
#include "unit/still_clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIX_LOOPS_MAX = 3, FIX_CLIENTS_MAX = 80, FIX_OVERRIDES_MAX = 16, FIX_TURNS = 12 };

/* The listeners of each loop; none of them listens. */
enum { FIX_PUBLIC, FIX_ADMIN, FIX_TLS, FIX_LISTENERS };

struct client {
    int fd;
    unsigned loop;
    struct handle handle;
    struct buf heard;
};

static struct {
    struct config config;
    struct loop_set set;
    struct net nets[FIX_LOOPS_MAX]; /* of the first net_count loops */
    unsigned net_count;
    _Atomic uint32_t open_total;
    uint64_t now_ms; /* of every loop's clock */
    struct still_clock clocks[FIX_LOOPS_MAX];
    struct client clients[FIX_CLIENTS_MAX];
    unsigned client_count;
    void (*behind_sessions)(struct loop *l); /* before the flush; NULL: nothing */
} fix;

static inline void fix_listen(struct net *n)
{
    n->listeners = calloc(FIX_LISTENERS, sizeof(*n->listeners));
    cr_assert_not_null(n->listeners);
    n->listener_count = FIX_LISTENERS;
    for (unsigned i = 0; i < FIX_LISTENERS; i++) {
        struct listener *l = &n->listeners[i];
        *l = (struct listener){
            .name = "test", .fd = -1, .tls = i == FIX_TLS, .is_admin = i == FIX_ADMIN};
        cr_assert_eq(addr_parse(&l->addr, "127.0.0.1", 8080), OK);
    }
}

/* So many loops with connections, and `others` behind them without. `more` are settings. */
static inline void fix_init_with(unsigned loops, unsigned others, const char *const *more,
                                 size_t more_count)
{
    char loops_text[16];
    snprintf(loops_text, sizeof(loops_text), "loops=%u", loops);
    const char *overrides[FIX_OVERRIDES_MAX] = {"server.name=s.test", "admin.port=off", loops_text};
    for (size_t i = 0; i < more_count; i++)
        overrides[3 + i] = more[i];
    const struct config_sources sources = {.overrides = overrides,
                                           .override_count = 3 + more_count};
    static struct config_report report;
    cr_assert_eq(config_load(&fix.config, &sources, &report), OK, "%s", report.error);
    fix.net_count = loops;
    cr_assert_eq(loop_set_init(&fix.set, loops + others), OK);
    fix.now_ms = fix.set.loops[0].now_ms + 60 * 60 * 1000; /* the true clock never gets there */
    for (unsigned i = 0; i < fix.set.count; i++)
        still_clock_start(&fix.clocks[i], &fix.set.loops[i], &fix.now_ms);
    for (unsigned i = 0; i < loops; i++) {
        struct net *n = &fix.nets[i];
        cr_assert_eq(net_init(n, &fix.set.loops[i], &fix.config, &fix.open_total), OK);
        fix_listen(n);
    }
}

static inline void fix_init(void)
{
    fix_init_with(1, 0, NULL, 0);
}

/* One tick of one loop, in the order of server/tick.c. */
static inline void fix_tick(struct loop *l)
{
    struct net *n = l->index < fix.net_count ? &fix.nets[l->index] : NULL;
    loop_poll(l, true, 0);
    loop_deliver_mail(l);
    if (n != NULL) {
        net_expire(n);
        net_resume_at_random(n);
        net_read(n);
    }
    sched_run(&l->sched, l->now_ms);
    loop_publish_mail(l);
    loop_deliver_mail(l);
    if (fix.behind_sessions != NULL)
        fix.behind_sessions(l);
    if (n != NULL) {
        net_flush(n);
        net_reap(n);
    }
    loop_publish_mail(l);
}

/* Enough turns for everything to come to rest. */
static inline void fix_settle(void)
{
    for (int turn = 0; turn < FIX_TURNS; turn++)
        for (unsigned i = 0; i < fix.set.count; i++)
            fix_tick(&fix.set.loops[i]);
}

/* Sets the clock forward. */
static inline void fix_pass_ms(uint64_t ms)
{
    fix.now_ms += ms;
    fix_settle();
}

/* Ends all connections. What a fixture on top has made goes between this and fix_free. */
static inline void fix_close(void)
{
    for (unsigned i = 0; i < fix.net_count; i++)
        net_close(&fix.nets[i]);
    fix_settle();
}

static inline void fix_free(void)
{
    for (unsigned i = 0; i < fix.net_count; i++)
        net_deinit(&fix.nets[i]);
    loop_set_deinit(&fix.set);
    config_deinit(&fix.config);
    for (unsigned i = 0; i < fix.client_count; i++) {
        if (fix.clients[i].fd >= 0)
            close(fix.clients[i].fd);
        buf_deinit(&fix.clients[i].heard);
    }
}

static inline void fix_done(void)
{
    fix_close();
    cr_assert_eq(fix.open_total, 0);
    for (unsigned i = 0; i < fix.net_count; i++) {
        cr_assert_eq(fix.nets[i].memory.counted_bytes, 0);
        cr_assert_eq(fix.nets[i].out.heap_bytes, 0);
    }
    fix_free();
}

/* --- clients ----------------------------------------------------------------------------- */

/* A new connection on that loop, which that listener might have accepted. */
static inline unsigned client_connect_at(unsigned loop, unsigned listener,
                                         const struct session_type *type)
{
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct net *n = &fix.nets[loop];
    struct addr peer;
    cr_assert_eq(addr_parse(&peer, "127.0.0.1", 1), OK);
    fix.open_total++;
    cr_assert_eq(net_open(n, fds[0], listener, &peer, type), OK);
    unsigned i = fix.client_count++;
    /* The slot that was taken is the one that has this descriptor. */
    for (uint32_t slot = 0;; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        cr_assert_not_null(c);
        if (c->io.fd == fds[0] && c->state == CONN_OPEN) {
            fix.clients[i] = (struct client){.fd = fds[1], .loop = loop, .handle = conn_handle(c)};
            return i;
        }
    }
}

static inline unsigned client_connect(unsigned loop, const struct session_type *type)
{
    return client_connect_at(loop, FIX_PUBLIC, type);
}

/* NULL when it is gone or closing. */
static inline struct conn *client_conn(unsigned i)
{
    return conn_find(&fix.nets[fix.clients[i].loop], fix.clients[i].handle);
}

static inline void client_send_bytes(unsigned i, struct span bytes)
{
    cr_assert_eq(send(fix.clients[i].fd, bytes.ptr, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

/* Takes what has come; true while the server has not shut its end. */
static inline bool client_read(unsigned i)
{
    struct client *cl = &fix.clients[i];
    for (;;) {
        cr_assert_eq(buf_reserve(&cl->heard, 65536), OK);
        ssize_t n = read(cl->fd, cl->heard.data + cl->heard.len, 65536);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        cl->heard.len += (size_t)n;
    }
}

/* What has come since the last time, with a zero behind; forgets it. */
static inline struct span client_heard_bytes(unsigned i)
{
    client_read(i);
    struct buf *heard = &fix.clients[i].heard;
    cr_assert_eq(buf_append(heard, span_of("", 1)), OK);
    struct span all = span_of(heard->data, heard->len - 1);
    heard->len = 0;
    return all;
}

static inline const char *client_heard(unsigned i)
{
    return (const char *)client_heard_bytes(i).ptr;
}

static inline void client_say(unsigned i, const char *text)
{
    client_send_bytes(i, span_str(text));
    fix_settle();
}

/* No more will be sent. */
static inline void client_shut(unsigned i)
{
    cr_assert_eq(shutdown(fix.clients[i].fd, SHUT_WR), 0);
    fix_settle();
}

#define HEARS(i, text) cr_assert_str_eq(client_heard(i), text)
#define SAYS_HEARS(i, said, text)                                                                  \
    do {                                                                                           \
        client_say(i, said);                                                                       \
        HEARS(i, text);                                                                            \
    } while (0)
