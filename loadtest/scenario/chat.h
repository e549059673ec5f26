/* chat, inside: its members (chat_member.c) and its publishers, who are members too (chat.c). */
#pragma once

#include "load/client.h"
#include "load/flight.h"
#include "scenario/chat_room.h"
#include "scenario/chat_text.h"
#include "scenario/irc_client.h"

enum chat_place {
    CHAT_OUTSIDE, /* or on its way out: what is said there is not looked at */
    CHAT_JOINING, /* JOIN is sent */
    CHAT_INSIDE,  /* JOIN has come back */
};

/* What a member has heard of one publisher. */
struct chat_track {
    struct flight flight;
    uint64_t base; /* what was said before that is not for us, though some of it may come */
};

struct chat_client {
    struct client client;
    struct irc_client irc;
    uint8_t place;             /* enum chat_place */
    struct chat_seats seats;   /* of its room */
    int32_t publisher;         /* which of the room's; CHAT_SILENT */
    struct chat_track *tracks; /* of the room's publishers, itself included */

    /* Of publishers, where the plan limits what is in flight. */
    uint64_t heard;    /* so many of its messages, the first ones, have come to everyone */
    uint64_t heard_ns; /* when that last grew, or nothing was in flight */
};

struct chat_driver {
    struct chat_shared shared;
    struct chat_text text;
    struct chat_track *tracks;
    uint32_t *publishers; /* clients of this driver */
    uint32_t publisher_count;
    uint32_t turn;                /* whose turn it is, where there is a rate */
    uint64_t waiting, waiting_ns; /* what was to come, and since when it was so much */
    ev_timer look;                /* for what other threads have done */
    struct pace churn;
    double churn_rate; /* moves a second of this driver's members */
    uint32_t mover;    /* client who moved last */
};

static inline struct chat_client *chat_of(struct client *c)
{
    return (struct chat_client *)c;
}

static inline struct chat_driver *chat_state(const struct driver *d)
{
    return d->state;
}

/* --- members: chat_member.c -------------------------------------------------------------- */

/* Sends JOIN. */
void chat_member_join(struct chat_client *m);

/* Leaves the room, as far as we are concerned: nothing is waited for any more. What was passed over
 * is lost; with `all_is_lost`, what has not come so far is lost too. */
void chat_member_leave(struct chat_client *m, bool all_is_lost);

/* A message of the room or of the server. */
void chat_member_hear(struct client *c, const struct message *message);

/* How many deliveries are to come to this member. */
uint64_t chat_member_waiting(const struct chat_client *m);

/* --- churn: chat_churn.c ----------------------------------------------------------------- */

/* A member is to leave or to join. */
bool chat_churn(struct driver *d, uint64_t intended_ns);

/* --- publishers: chat.c ------------------------------------------------------------------ */

/* A delivery to this member is over; if that lets a publisher of our own go on, it does. */
void chat_heard(struct chat_client *m, uint32_t publisher, uint64_t number);

/* The name of a member's room; for printf's "%s%u". */
#define CHAT_ROOM_NAME(m) (m)->client.driver->plan->channel, (m)->seats.room
