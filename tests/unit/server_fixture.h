/* A whole server in one thread: real listeners on loopback, ports of 0, ticks by hand. */
#pragma once

#include "config/config.h"
#include "net/listener.h"
#include "server.h"
#include "unit/expect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct config config;
    struct server *server;
    char error[CONFIG_TEXT_BYTES_MAX];
    char heard[256 * 1024];
} whole;

enum { WHOLE_SETTINGS_MAX = 48, WHOLE_TURNS = 12 };

/* Reads the settings: `more` over those that every test wants. */
static inline void whole_config(const char *const *more, size_t more_count)
{
    const char *overrides[WHOLE_SETTINGS_MAX] = {
        "server.name=s.test", "loops=1",           "jobs.enabled=off",
        "listen.web.port=0",  "listen.irc.port=0", "listen.echo.port=0",
        "admin.port=0",
    };
    const size_t own = 7;
    for (size_t i = 0; i < more_count; i++)
        overrides[own + i] = more[i];
    const struct config_sources sources = {.overrides = overrides,
                                           .override_count = own + more_count};
    static struct config_report report;
    cr_assert_eq(config_load(&whole.config, &sources, &report), OK, "%s", report.error);
}

static inline enum err whole_new(void)
{
    whole.server = NULL;
    return server_new(&whole.server, &whole.config, NULL, NULL, whole.error, sizeof(whole.error));
}

/* Makes the server of the settings that were read, and accepts. */
static inline void whole_open(void)
{
    cr_assert_eq(whole_new(), OK, "%s", whole.error);
    for (unsigned i = 0; i < whole.server->net_count; i++) {
        struct net *n = &whole.server->threads[i].net;
        for (unsigned k = 0; k < n->listener_count; k++)
            listener_start(&n->listeners[k], n);
    }
}

static inline void whole_start(const char *const *more, size_t more_count)
{
    whole_config(more, more_count);
    whole_open();
}

static inline void whole_stop(void)
{
    if (whole.server != NULL)
        server_free(whole.server);
    config_deinit(&whole.config);
}

/* One tick of that loop, which does not wait. */
static inline bool whole_tick(unsigned loop)
{
    struct loop_thread *t = &whole.server->threads[loop];
    ev_async_send(t->loop->ev, &t->loop->wake);
    return tick(t);
}

static inline void whole_settle(void)
{
    for (int turn = 0; turn < WHOLE_TURNS; turn++)
        for (unsigned i = 0; i < whole.server->loops.count; i++)
            whole_tick(i);
}

static inline const struct listener *whole_listener(const char *name)
{
    const struct net *n = &whole.server->threads[0].net;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (strcmp(n->listeners[i].name, name) == 0)
            return &n->listeners[i];
    cr_assert_fail("no listener %s", name);
    return NULL;
}

/* A connection to that listener; -1: refused. */
static inline int whole_dial(const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&ss, len) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline int whole_connect(const char *listener)
{
    int fd = whole_dial(&whole_listener(listener)->addr);
    cr_assert_geq(fd, 0);
    return fd;
}

static inline void whole_say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has come since the last time. */
static inline const char *whole_heard(int fd)
{
    size_t len = 0;
    ssize_t n;
    while ((n = recv(fd, whole.heard + len, sizeof(whole.heard) - 1 - len, MSG_DONTWAIT)) > 0)
        len += (size_t)n;
    whole.heard[len] = '\0';
    return whole.heard;
}

static inline const char *whole_ask(int fd, const char *text)
{
    whole_say(fd, text);
    whole_settle();
    return whole_heard(fd);
}

/* How many descriptors are open. */
static inline int whole_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}
