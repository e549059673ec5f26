/* Runs the chat's part of a server in one thread: loops, the hub, and sessions over socket pairs
 * whose other end the test holds. Turns are taken by hand, so nothing is left to chance; the clock
 * can be set forward. */
#pragma once

#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "chat/session.h"
#include "config.h"
#include "net/listener.h"
#include "net/net.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHAT_FIX_LOOPS_MAX = 3, CHAT_FIX_CLIENTS = 64 };

struct client {
    int fd;
    unsigned loop;
    struct handle handle;
    struct buf heard;
};

static struct {
    struct config config;
    struct loop_set set;
    struct net nets[CHAT_FIX_LOOPS_MAX];
    unsigned net_count;
    struct hub_service *hub;
    _Atomic uint32_t open_total;
    uint64_t skew_ms; /* added to the clock */
    struct client clients[CHAT_FIX_CLIENTS];
    unsigned client_count;
    bool hub_stands_still;   /* the hub applies nothing */
    unsigned standing_still; /* bit i: loop i works off no deliveries */
} chat;

static void chat_init_with(unsigned loops, const char *const *more, size_t more_count)
{
    const char *overrides[16] = {"server.name=s.test", "admin.port=off", "chat.nick_length=16",
                                 loops == 1 ? "loops=1" : "loops=2"};
    for (size_t i = 0; i < more_count; i++)
        overrides[4 + i] = more[i];
    const struct config_sources sources = {.overrides = overrides,
                                           .override_count = 4 + more_count};
    static struct config_report report;
    cr_assert_eq(config_load(&chat.config, &sources, &report), OK, "%s", report.error);
    chat.net_count = loops;
    cr_assert_eq(loop_set_init(&chat.set, loops + (loops > 1)), OK);
    static const struct siphash_key key;
    chat.hub = hub_service_new(&chat.set.loops[chat.set.count - 1], &chat.config, &key);
    cr_assert_not_null(chat.hub);
    for (unsigned i = 0; i < loops; i++) {
        struct net *n = &chat.nets[i];
        cr_assert_eq(net_init(n, &chat.set.loops[i], &chat.config, &chat.open_total), OK);
        n->listeners = calloc(1, sizeof(*n->listeners));
        n->chat = chat_loop_new(n, chat.hub);
        cr_assert_not_null(n->chat);
    }
}

static inline void chat_init(unsigned loops)
{
    chat_init_with(loops, NULL, 0);
}

/* One tick of one loop, in the order of server/tick.c. */
static void chat_tick(struct loop *l)
{
    struct net *n = l->index < chat.net_count ? &chat.nets[l->index] : NULL;
    loop_poll(l, true, 0);
    l->now_ms += chat.skew_ms;
    loop_deliver_mail(l);
    if (n != NULL) {
        net_expire(n);
        net_read(n);
    }
    sched_run(&l->sched, l->now_ms);
    loop_publish_mail(l);
    loop_deliver_mail(l);
    if (l->index == chat.set.count - 1 && !chat.hub_stands_still) {
        hub_service_run(chat.hub);
        loop_publish_mail(l);
        loop_deliver_mail(l);
    }
    if (n != NULL) {
        if (!(chat.standing_still >> l->index & 1))
            chat_loop_fan_out(n->chat);
        net_flush(n);
        net_reap(n);
    }
    loop_publish_mail(l);
}

/* Enough turns for everything to come to rest. */
static void chat_settle(void)
{
    for (int turn = 0; turn < 12; turn++)
        for (unsigned i = 0; i < chat.set.count; i++)
            chat_tick(&chat.set.loops[i]);
}

static void chat_done(void)
{
    chat.hub_stands_still = false;
    chat.standing_still = 0;
    for (unsigned i = 0; i < chat.net_count; i++)
        net_close(&chat.nets[i]);
    chat_settle();
    for (unsigned i = 0; i < chat.net_count; i++) {
        chat_loop_free(chat.nets[i].chat);
        net_deinit(&chat.nets[i]);
    }
    hub_service_free(chat.hub);
    loop_set_deinit(&chat.set);
    config_deinit(&chat.config);
    for (unsigned i = 0; i < chat.client_count; i++) {
        if (chat.clients[i].fd >= 0)
            close(chat.clients[i].fd);
        buf_deinit(&chat.clients[i].heard);
    }
}

/* A new connection on that loop, whose session has begun. */
static unsigned client_connect(unsigned loop, const struct session_type *type)
{
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct net *n = &chat.nets[loop];
    struct addr peer;
    cr_assert_eq(addr_parse(&peer, "127.0.0.1", 1), OK);
    chat.open_total++;
    cr_assert_eq(net_open(n, fds[0], 0, &peer, type), OK);
    unsigned i = chat.client_count++;
    /* The slot that was taken is the one that has this descriptor. */
    for (uint32_t slot = 0;; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        cr_assert_not_null(c);
        if (c->io.fd == fds[0] && c->state == CONN_OPEN) {
            chat.clients[i] = (struct client){.fd = fds[1], .loop = loop, .handle = conn_handle(c)};
            return i;
        }
    }
}

static inline struct conn *client_conn(unsigned i)
{
    return conn_find(&chat.nets[chat.clients[i].loop], chat.clients[i].handle);
}

static void client_send_bytes(unsigned i, struct span bytes)
{
    cr_assert_eq(send(chat.clients[i].fd, bytes.ptr, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

/* Takes what has come; true while the server has not shut its end. */
static bool client_read(unsigned i)
{
    struct client *cl = &chat.clients[i];
    for (;;) {
        cr_assert_eq(buf_reserve(&cl->heard, 65536), OK);
        ssize_t n = read(cl->fd, cl->heard.data + cl->heard.len, 65536);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        cl->heard.len += (size_t)n;
    }
}

/* What has come since the last time, in bytes with a zero behind; forgets it. */
static const char *client_heard(unsigned i)
{
    client_read(i);
    struct buf *heard = &chat.clients[i].heard;
    cr_assert_eq(buf_append(heard, span_of("", 1)), OK);
    heard->len = 0;
    return (const char *)heard->data;
}

static void client_say(unsigned i, const char *lines)
{
    client_send_bytes(i, span_str(lines));
    chat_settle();
}

/* A registered client on that loop, that has heard its welcome. */
static inline unsigned client_named(unsigned loop, const char *nick)
{
    unsigned i = client_connect(loop, &chat_line_session);
    char lines[128];
    snprintf(lines, sizeof(lines), "NICK %s\r\nUSER %s 0 * :x\r\n", nick, nick);
    client_say(i, lines);
    const char *heard = client_heard(i);
    cr_assert_not_null(strstr(heard, " 001 "), "%s", heard);
    return i;
}

#define HEARS(i, text) cr_assert_str_eq(client_heard(i), text)
#define SAYS_HEARS(i, lines, text)                                                                 \
    do {                                                                                           \
        client_say(i, lines);                                                                      \
        HEARS(i, text);                                                                            \
    } while (0)
