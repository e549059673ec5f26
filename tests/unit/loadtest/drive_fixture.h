/* A driver on a thread of its own, with a server on another: for tests of scenarios. */
#pragma once

#include "load/board.h"
#include "load/driver.h"
#include "plan/cli.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DRIVE_PATIENCE_MS = 20000 }; /* used up only when something is broken */

/* --- the server -------------------------------------------------------------------------- */

enum { SERVED_MAX = 64 };

struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    int peers[SERVED_MAX]; /* 0: free */
    /* What is done with what a peer has sent; NULL: nothing. It may alter the bytes. */
    void (*answer)(int peer, char *bytes, size_t len);
    bool hangs_on; /* does not close when the peer has */
    _Atomic unsigned accepted;
    _Atomic bool stops;
};

static inline void server_accept(struct server *s)
{
    for (unsigned k = 0; k < SERVED_MAX; k++) {
        if (s->peers[k] != 0)
            continue;
        s->peers[k] = accept(s->listener, NULL, NULL);
        s->accepted++;
        return;
    }
    cr_assert(false, "more connections than wanted");
}

static inline void server_read(struct server *s, int *peer)
{
    char bytes[4096];
    ssize_t n = recv(*peer, bytes, sizeof bytes, 0);
    if (n > 0 && s->answer != NULL)
        s->answer(*peer, bytes, (size_t)n);
    if (n > 0 || s->hangs_on)
        return;
    close(*peer);
    *peer = 0;
}

static inline void *server_run(void *argument)
{
    struct server *s = argument;
    while (!s->stops) {
        struct pollfd fds[SERVED_MAX + 1];
        for (unsigned k = 0; k < SERVED_MAX; k++)
            fds[k] = (struct pollfd){.fd = s->peers[k] == 0 ? -1 : s->peers[k], .events = POLLIN};
        fds[SERVED_MAX] = (struct pollfd){.fd = s->listener, .events = POLLIN};
        poll(fds, SERVED_MAX + 1, 1);
        for (unsigned k = 0; k < SERVED_MAX; k++)
            if (fds[k].revents != 0)
                server_read(s, &s->peers[k]);
        if (fds[SERVED_MAX].revents != 0)
            server_accept(s);
    }
    return NULL;
}

static inline void server_start(struct server *s)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof any;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(s->listener, (struct sockaddr *)&any, sizeof any), 0);
    cr_assert_eq(listen(s->listener, SERVED_MAX), 0);
    cr_assert_eq(getsockname(s->listener, (struct sockaddr *)&any, &bytes), 0);
    s->port = ntohs(any.sin_port);
    cr_assert_eq(pthread_create(&s->thread, NULL, server_run, s), 0);
}

static inline void server_stop(struct server *s)
{
    s->stops = true;
    pthread_join(s->thread, NULL);
    for (unsigned k = 0; k < SERVED_MAX; k++)
        if (s->peers[k] != 0)
            close(s->peers[k]);
    close(s->listener);
}

/* --- the driver -------------------------------------------------------------------------- */

struct drive {
    char command[200]; /* the plan borrows from it */
    struct plan plan;
    struct board *board;
    pthread_t thread;
};

static inline void *drive_run(void *argument)
{
    struct drive *d = argument;
    driver_run(&d->plan, d->board, 0, 1);
    return NULL;
}

/* Runs the scenario against a port of this machine with these options, on one thread. */
static inline void drive_start(struct drive *d, const char *scenario, uint16_t port,
                               const char *options)
{
    static char name[] = "simul-load", threads[] = "--threads=1";
    char *words[32] = {name, threads};
    int count = 2;
    snprintf(d->command, sizeof d->command, "%s tcp://127.0.0.1:%u %s", scenario, port, options);
    for (char *word = strtok(d->command, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = word;
    cr_assert_eq(cli_parse(count, words, &d->plan, stdout, stderr), CLI_RUN);
    d->board = board_new(1, 0);
    d->board->measure_to_ns = UINT64_MAX;
    cr_assert_eq(pthread_create(&d->thread, NULL, drive_run, d), 0);
}

static inline uint64_t drive_count(const struct drive *d, enum count count)
{
    return hist_get(&d->board->lanes[0].counts[count]);
}

static inline uint64_t drive_faults(const struct drive *d, enum fault fault)
{
    return hist_get(&d->board->lanes[0].faults[fault]);
}

/* Waits until the condition holds. */
#define DRIVE_AWAIT(condition)                                                                     \
    for (int ms_ = 0; !(condition); ms_++) {                                                       \
        cr_assert_lt(ms_, DRIVE_PATIENCE_MS);                                                      \
        nanosleep(&(struct timespec){0, 1000000}, NULL);                                           \
    }

/* Waits until the lane has come so far. */
static inline void drive_await(const struct drive *d, enum lane_state state)
{
    DRIVE_AWAIT(atomic_load(&d->board->lanes[0].state) >= (int)state);
}

static inline void drive_enter(struct drive *d, enum phase phase)
{
    atomic_store(&d->board->phase, phase);
}

static inline void drive_end(struct drive *d)
{
    drive_enter(d, PHASE_CLOSING);
    pthread_join(d->thread, NULL);
    cr_assert_eq(atomic_load(&d->board->lanes[0].state), LANE_GONE);
    board_free(d->board);
    plan_deinit(&d->plan);
}
