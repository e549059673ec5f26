#include "daemon/activation.h"

#include "simul/span.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

/* A number that is all of the text; -1: it is none. */
static long number_of(const char *text)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return -1;
    long number = strtol(text, &end, 10);
    return *end == '\0' ? number : -1;
}

static bool get_flag(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 && value != 0;
}

static int type_of(int fd)
{
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 ? value : -1;
}

/* False: it is nothing that connections could be accepted on. */
static bool adopt(struct activation_socket *s, int fd)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof(ss);
    if (type_of(fd) != SOCK_STREAM || !get_flag(fd, SO_ACCEPTCONN) ||
        getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return false;
    if (ss.ss_family != AF_INET && ss.ss_family != AF_INET6 && ss.ss_family != AF_UNIX)
        return false;
    int flags = fcntl(fd, F_GETFL);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return false;
    s->fd = fd;
    s->addr = addr_from_sockaddr(&ss);
    if (s->addr.is_unix)
        snprintf(s->path, sizeof(s->path), "%.*s", (int)sizeof(s->path) - 1,
                 ((struct sockaddr_un *)(void *)&ss)->sun_path);
    return true;
}

static enum err take_all(struct activation *a, long count, const char *names, char *error,
                         size_t error_bytes)
{
    struct span rest = span_str(names == NULL ? "" : names);
    for (long i = 0; i < count; i++) {
        struct activation_socket *s = &a->sockets[a->count++];
        struct span name = span_take_until(&rest, ':');
        snprintf(s->name, sizeof(s->name), "%.*s", SPAN_ARG(name));
        if (!adopt(s, ACTIVATION_FIRST_FD + (int)i)) {
            s->fd = -1;
            snprintf(error, error_bytes,
                     "LISTEN_FDS: descriptor %d (%s) is no listening stream socket",
                     ACTIVATION_FIRST_FD + (int)i, s->name[0] == '\0' ? "unnamed" : s->name);
            return ERR_SYNTAX;
        }
    }
    return OK;
}

enum err activation_take(struct activation *a, char *error, size_t error_bytes)
{
    *a = (struct activation){0};
    const char *count_text = getenv("LISTEN_FDS");
    if (count_text == NULL || number_of(getenv("LISTEN_PID")) != (long)getpid())
        return OK; /* they are for somebody else */
    long count = number_of(count_text);
    enum err e = ERR_SYNTAX;
    if (count < 0) {
        snprintf(error, error_bytes, "LISTEN_FDS is no number");
    } else if (count > ACTIVATION_SOCKETS_MAX) {
        snprintf(error, error_bytes, "LISTEN_FDS: there may be no more than %d sockets",
                 ACTIVATION_SOCKETS_MAX);
        e = ERR_LIMIT;
    } else {
        e = take_all(a, count, getenv("LISTEN_FDNAMES"), error, error_bytes);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (e != OK)
        activation_close(a);
    return e;
}

void activation_close(struct activation *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        if (a->sockets[i].fd >= 0)
            close(a->sockets[i].fd);
        a->sockets[i].fd = -1;
    }
}

/* --- whose they are ---------------------------------------------------------------------- */

static struct activation_socket *find_name(struct activation *a, const char *name)
{
    for (unsigned i = 0; i < a->count; i++)
        if (strcmp(a->sockets[i].name, name) == 0)
            return &a->sockets[i];
    return NULL;
}

static bool listens_at(const struct activation_socket *s, const struct addr *addr, const char *path)
{
    if (s->addr.is_unix || addr->is_unix)
        return s->addr.is_unix && addr->is_unix && strcmp(s->path, path) == 0;
    return s->addr.port == addr->port && s->addr.is_v6 == addr->is_v6 &&
           memcmp(s->addr.ip, addr->ip, sizeof(addr->ip)) == 0;
}

static struct activation_socket *find_address(struct activation *a, const struct addr *addr,
                                              const char *path)
{
    for (unsigned i = 0; i < a->count; i++)
        if (listens_at(&a->sockets[i], addr, path))
            return &a->sockets[i];
    return NULL;
}

enum err activation_assign(struct activation *a, struct activation_place *places, unsigned count,
                           char *error, size_t error_bytes)
{
    for (unsigned i = 0; i < count; i++) {
        struct activation_place *p = &places[i];
        p->socket = find_name(a, p->name);
        if (p->socket == NULL)
            p->socket = find_address(a, p->addr, p->path);
    }
    for (unsigned k = 0; k < a->count; k++) {
        unsigned takers = 0;
        for (unsigned i = 0; i < count; i++)
            takers += places[i].socket == &a->sockets[k];
        if (takers == 1)
            continue;
        char text[ACTIVATION_TEXT_CHARS];
        snprintf(error, error_bytes,
                 "the socket %s, which was opened for us (LISTEN_FDS), is called '%s', and %s; set "
                 "FileDescriptorName= to the listener's name",
                 activation_address(&a->sockets[k], text), a->sockets[k].name,
                 takers == 0 ? "belongs to no listener" : "might be for several");
        return ERR_SYNTAX;
    }
    return OK;
}

const char *activation_address(const struct activation_socket *s, char out[ACTIVATION_TEXT_CHARS])
{
    if (s->addr.is_unix)
        snprintf(out, ACTIVATION_TEXT_CHARS, "unix:%s", s->path);
    else
        addr_format(&s->addr, out);
    return out;
}
