/* How a loop accepts on its listeners, and when it does not.
 *
 * Accepting pauses while the process has no connection, descriptor or memory left, and is tried
 * again every ACCEPTOR_PAUSE_MS; listeners that speak TLS pause while handshakes pile up. One
 * descriptor is kept spare: without any left, it is given up to tell who comes that the server is
 * full, or to serve the admin listener's client. */
#pragma once

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct net;

enum {
    ACCEPTOR_PAUSE_MS = 100,
    /* More handshakes than this that had to wait for a later tick pause the listeners that speak
     * TLS; half as many end that. Silent ones do not wait. */
    HANDSHAKES_WAITING_MAX = 64,
};

enum accept_pause {
    PAUSE_CONNECTIONS = 1, /* limits.connections is reached: all but the admin listener */
    PAUSE_DESCRIPTORS = 2, /* none is left, not even the spare one: all */
    PAUSE_MEMORY = 4,      /* it is short: all but the admin listener */
    PAUSE_HANDSHAKES = 8,  /* too many wait for their turn: those that speak TLS */
};

/* Embedded in struct net. */
struct acceptor {
    unsigned pauses;      /* bits of enum accept_pause */
    uint64_t again_at_ms; /* when those pauses end that are not for handshakes */
    int null_fd;          /* /dev/null; what the spare one is a copy of */
    int spare_fd;         /* -1: it is gone */
};

/* Opens the spare descriptor, if it can be had. */
void acceptor_init(struct acceptor *a);
void acceptor_deinit(struct acceptor *a);

/* Opens the spare descriptor again, unless it is there or none is to be had. */
void acceptor_keep_spare(struct acceptor *a);

/* A listener's ev_io: accepts those who have come, at most a tick's share of them. */
void acceptor_on_io(struct ev_loop *ev, ev_io *io, int revents);

static inline bool acceptor_is_paused(const struct acceptor *a)
{
    return (a->pauses & ~PAUSE_HANDSHAKES) != 0;
}

/* Whether it is time to call acceptor_resume. */
static inline bool acceptor_is_due(const struct acceptor *a, uint64_t now_ms)
{
    return acceptor_is_paused(a) && now_ms >= a->again_at_ms;
}

/* When to look again, in milliseconds from now; UINT64_MAX: nothing is paused. */
static inline uint64_t acceptor_next_ms(const struct acceptor *a)
{
    return acceptor_is_paused(a) ? ACCEPTOR_PAUSE_MS : UINT64_MAX;
}

/* Ends all pauses but that for handshakes. */
void acceptor_resume(struct net *n);

/* So many handshakes had to wait for a later tick: begins or ends the pause for them. */
void acceptor_note_handshakes(struct net *n, unsigned waiting);
