/* A listener on a socket of the network fixture's first loop. */
#pragma once

#include "net/listener.h"

#include "net/tls/tls.h"
#include "unit/net/script.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

static struct listener *listener; /* FIX_PUBLIC, on a socket */

static inline void setup_with(const char *setting)
{
    fix_init_with(1, 0, &setting, setting != NULL);
    script.run = echo;
    listener = &fix.nets[0].listeners[FIX_PUBLIC];
}

static inline void setup(void)
{
    setup_with(NULL);
}

static inline struct addr addr_of(const char *text, uint16_t port)
{
    struct addr a;
    expect_ok(addr_parse(&a, text, port));
    return a;
}

static inline void listen_on(struct listener *l, const char *address)
{
    l->addr = addr_of(address, 0);
    l->session = &script_session;
    expect_ok(listener_bind(&l->addr, true, &l->fd));
    listener_start(l, &fix.nets[0]);
}

/* A connection to that address; -1: refused. */
static inline int dial(struct addr to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(&to, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&ss, len) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline bool is_echoed(int fd)
{
    char c = 0;
    cr_assert_eq(write(fd, "x", 1), 1);
    fix_settle();
    return recv(fd, &c, 1, MSG_DONTWAIT) == 1 && c == 'x';
}
