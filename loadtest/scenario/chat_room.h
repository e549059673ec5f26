/* The rooms of `chat`, as far as all threads and processes know of each other: how many members
 * listen in each room, how many messages each publisher has said, and how many deliveries of those
 * that are in flight are still to come. All of it lies in board.shared.
 *
 * Room r has the clients r * members up to (r + 1) * members, so that its members are spread over
 * all drivers; its publishers begin with that one of them which is on driver r, modulo the
 * drivers, so that publishers are spread too.
 *
 * Who enters reads the counts of messages behind that, and hears whatever is said from then on,
 * since a message is counted before it is sent. Who leaves says so before he reads the counts, and
 * then gives up what he has not heard; and a publisher looks again who has left, behind counting
 * its message. So whatever is in flight is heard or given up by everyone who was counted. Where a
 * member leaves on another thread at that very moment it may be given up twice, and the message
 * be over one delivery early; never late. */
#pragma once

#include "plan/plan.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { CHAT_SILENT = -1 };

struct chat_room {
    _Alignas(64) _Atomic uint32_t entered;
    _Atomic uint32_t left;
};

struct chat_publisher {
    _Alignas(64) _Atomic uint64_t said;
};

struct chat_shared {
    struct chat_room *rooms;
    struct chat_publisher *publishers; /* of each room */
    _Atomic uint64_t *flights;         /* a ring of `slots` for each of these: number << 24 | how
                                          many deliveries of it are to come */
    uint32_t publishers_each;          /* of a room */
    uint32_t slots; /* a power of two, at least the plan's in_flight; 0: nobody counts */
};

/* --- who is where ------------------------------------------------------------------------ */

/* Where the members of a room are, and its publishers among them. */
struct chat_seats {
    uint32_t room;
    uint32_t first;     /* client */
    uint32_t publisher; /* the place of the first publisher */
};

struct chat_seats chat_seats_of(const struct plan *plan, uint32_t room);

/* Which client is a room's publisher. */
uint32_t chat_publisher_client(const struct plan *plan, const struct chat_seats *seats,
                               uint32_t publisher);

/* Which publisher of that room a client is; CHAT_SILENT: none. */
static inline int32_t chat_publisher_of(const struct plan *plan, const struct chat_seats *seats,
                                        uint32_t client)
{
    uint32_t place = client - seats->first;
    if (place >= plan->members)
        return CHAT_SILENT;
    uint32_t number = place - seats->publisher;
    if (place < seats->publisher)
        number += plan->members;
    return number < plan->publishers ? (int32_t)number : CHAT_SILENT;
}

/* --- what is shared ---------------------------------------------------------------------- */

size_t chat_shared_bytes(const struct plan *plan);
void chat_shared_init(struct chat_shared *s, const struct plan *plan, void *memory);

void chat_room_enter(struct chat_shared *s, uint32_t room);
void chat_room_leave(struct chat_shared *s, uint32_t room);

/* How many messages a publisher has said: the number of the next. */
uint64_t chat_said(const struct chat_shared *s, uint32_t room, uint32_t publisher);

/* Counts a publisher's next message, which is to be sent at once. False: nobody else is in the
 * room, and it is not to be sent. For that publisher's thread alone. */
bool chat_say(struct chat_shared *s, uint32_t room, uint32_t publisher);

/* A delivery has come, or will not be waited for. True: it was the last of that message. */
bool chat_hear(struct chat_shared *s, uint32_t room, uint32_t publisher, uint64_t number);

/* Whether deliveries of a message are still to come. */
bool chat_is_in_flight(const struct chat_shared *s, uint32_t room, uint32_t publisher,
                       uint64_t number);
