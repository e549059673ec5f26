/* One thread and epoll, without frames, timers, metrics or limits: what the kernel itself takes to
 * receive and send, and so the least that any server of this kind can cost. */
#include "baseline.h"

#include <sys/epoll.h>

enum { BUFFER_BYTES = 256 * 1024, EVENTS = 256 };

/* A connection, and what the peer did not take of the last read. It is not read until it did. */
struct peer {
    int fd;
    size_t rest_bytes;
    uint8_t *rest;
};

static void watch(int epoll, int how, struct peer *p, uint32_t events)
{
    struct epoll_event e = {.events = events, .data = {.ptr = p}};
    if (epoll_ctl(epoll, how, p->fd, &e) != 0)
        baseline_die("epoll_ctl");
}

static void *allocate(size_t bytes)
{
    void *p = calloc(1, bytes);
    if (p == NULL)
        baseline_die("calloc");
    return p;
}

static void open_peers(int epoll, const struct peer *listener)
{
    for (int fd; (fd = baseline_accept(listener->fd, SOCK_NONBLOCK)) >= 0;) {
        struct peer *p = allocate(sizeof(*p));
        p->fd = fd;
        watch(epoll, EPOLL_CTL_ADD, p, EPOLLIN);
    }
}

static void close_peer(struct peer *p)
{
    close(p->fd);
    free(p->rest);
    free(p);
}

static void send_rest(int epoll, struct peer *p)
{
    ssize_t sent = send(p->fd, p->rest, p->rest_bytes, 0);
    if (sent < 0) {
        if (errno != EAGAIN)
            close_peer(p);
        return;
    }
    p->rest_bytes -= (size_t)sent;
    memmove(p->rest, p->rest + sent, p->rest_bytes);
    if (p->rest_bytes > 0)
        return;
    free(p->rest);
    p->rest = NULL;
    watch(epoll, EPOLL_CTL_MOD, p, EPOLLIN);
}

static void keep_rest(int epoll, struct peer *p, const uint8_t *rest, size_t bytes)
{
    p->rest = allocate(bytes);
    memcpy(p->rest, rest, bytes);
    p->rest_bytes = bytes;
    watch(epoll, EPOLL_CTL_MOD, p, EPOLLOUT);
}

static void echo(int epoll, struct peer *p, uint8_t *buffer)
{
    ssize_t got = recv(p->fd, buffer, BUFFER_BYTES, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    ssize_t sent = got > 0 ? send(p->fd, buffer, (size_t)got, 0) : -1;
    if (got > 0 && sent < 0 && errno == EAGAIN)
        sent = 0;
    if (sent < 0)
        close_peer(p);
    else if (sent < got)
        keep_rest(epoll, p, buffer + sent, (size_t)(got - sent));
}

int main(int argc, char **argv)
{
    struct peer listener = {.fd = baseline_listen("epoll", argc, argv, SOCK_NONBLOCK)};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        baseline_die("epoll_create1");
    watch(epoll, EPOLL_CTL_ADD, &listener, EPOLLIN);
    uint8_t *buffer = allocate(BUFFER_BYTES);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct peer *p = events[i].data.ptr;
            if (p == &listener)
                open_peers(epoll, p);
            else if (p->rest_bytes > 0)
                send_rest(epoll, p);
            else
                echo(epoll, p, buffer);
        }
    }
}
