/* What the three baselines have in common. Each echoes raw TCP in one of the classic ways, as well
 * as that way can do it, so that simuld has something to be measured against:
 *
 *   baseline-NAME [PORT]     on 127.0.0.1; 0, the default: any free port
 *
 * Prints "listening NAME 127.0.0.1:PORT" when it can be connected to. Ends by a signal. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one read of a process or thread of its own takes. */
enum { BASELINE_BUFFER_BYTES = 16 * 1024 };

_Noreturn static inline void baseline_die(const char *what)
{
    perror(what);
    exit(1);
}

/* The listening socket, announced. `flags` as for socket(2), in addition. */
static inline int baseline_listen(const char *name, int argc, char **argv, int flags)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t at_bytes = sizeof(at);
    char *end = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
    if (argc > 2 || port > UINT16_MAX || (end != NULL && (end == argv[1] || *end != '\0'))) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        exit(2);
    }
    at.sin_port = htons((uint16_t)port);

    signal(SIGPIPE, SIG_IGN);
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
        baseline_die("socket");
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &at_bytes) != 0)
        baseline_die("listen");
    printf("listening %s 127.0.0.1:%d\n", name, ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* The next connection, with `flags` as for accept4(2); -1: try again. A server that has run out of
 * descriptors or memory rests a moment, since connections that end give some back. */
static inline int baseline_accept(int listener, int flags)
{
    const int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | flags);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        usleep(1000);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        baseline_die("accept");
    return fd;
}

/* Echoes until the peer ends or the connection fails. For who has nothing else to do: it blocks. */
static inline void baseline_echo(int fd)
{
    uint8_t buffer[BASELINE_BUFFER_BYTES];
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        for (ssize_t sent = 0, n; sent < got; sent += n) {
            n = send(fd, buffer + sent, (size_t)(got - sent), 0);
            if (n < 0)
                return;
        }
    }
}
