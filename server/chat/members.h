/* Which sessions of this loop are in which channel. It changes with the deliveries, and with the
 * local end of a session, which takes it out at once, even in the middle of a fan-out. */
#pragma once

#include "simul/err.h"

#include <stdint.h>

struct chat_loop;
struct chat_session;
struct conn;

/* The sessions of this loop that are in one channel, in no order. They stand side by side, since a
 * fan-out that is to fetch them ahead must know where they are. */
struct members {
    struct conn **conns;
    uint32_t count, room;
};

/* A session of this loop as a member of a channel. */
struct member {
    struct member *next; /* of the same session */
    uint32_t channel;    /* slot */
    uint32_t at;         /* its place in the channel's members */
};

/* A session is added once for each channel. ERR_NOMEM. */
enum err members_add(struct chat_loop *cl, struct conn *c, uint32_t channel);

/* Does nothing if the session is not there. */
void members_remove(struct chat_loop *cl, struct chat_session *s, uint32_t channel);
void members_remove_all(struct chat_loop *cl, struct chat_session *s);

/* The members of that channel, valid until they change. */
struct members members_of(const struct chat_loop *cl, uint32_t channel);

void members_deinit(struct chat_loop *cl);
