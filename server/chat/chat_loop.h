/* The chat's part of one loop: which of its sessions are in which channel, what the hub has told it
 * and is not worked off yet, and its credits to post. All of it belongs to the loop's thread, but
 * for the two counters that say so. */
#pragma once

#include "chat/command.h"
#include "chat/fan_out.h"
#include "chat/members.h"
#include "chat/motd.h"
#include "chat/render.h"
#include "core/loop.h"
#include "net/later.h"
#include "net/net.h"
#include "simul/buf.h"
#include "simul/ws.h"

#include <stdatomic.h>
#include <stdbool.h>

struct config;
struct hub_service;
struct response;

enum {
    CHAT_CREDITS = 4096,        /* commands of one loop that the hub has not sent back */
    CHAT_IN_FLIGHT_MAX = 16,    /* of them, those of one session */
    CHAT_QUEUE_MAX = 4096,      /* deliveries to one loop, by cost, when the hub stops applying */
    CHAT_SENDS_PER_TICK = 4096, /* by cost */
    CHAT_FEW_MAX = 256,         /* who are told something, and have their turns soon */
};

/* Why a session has ended that was silent; the hub may hold one when the next is in force. */
struct ping_reason {
    struct ping_reason *older;
    int64_t seconds;
    char text[40];
};

struct chat_loop {
    struct loop *loop;
    struct net *net;
    struct hub_service *hub;
    const struct config *config;
    struct ws_rules ws_rules;
    struct motd motd;
    char created[POSITION_TIME_CHARS + 1]; /* when the server began, for numeric 003 */
    struct ping_reason *ping_reason;       /* of those who do not answer; older ones behind it */

    struct mail *head, *tail; /* deliveries, oldest first: struct delivery_head */
    _Atomic uint32_t queued;  /* their cost, with those on their way; the hub adds to it */
    uint32_t queue_max;       /* of it: CHAT_QUEUE_MAX, but for tests; set before any loop runs */
    uint32_t few_max;         /* likewise: CHAT_FEW_MAX */
    struct fan_out fan_out;
    struct shared *compressed[RENDER_COMPRESSED];
    uint64_t stamp; /* of the last delivery to several channels */

    struct members *channels; /* by slot */
    size_t channel_count;

    uint32_t credits;
    struct later waiting; /* sessions that want a credit, in turn */

    struct buf scratch; /* the line that is being formatted */

    struct response *response; /* what is being said is a part of it; NULL: of none */
    uint64_t batches;          /* those that have begun */

    struct mail drained_mail;
    _Atomic bool drained_posted; /* the hub's loop clears it */
};

/* That of the connection's loop. */
static inline struct chat_loop *chat_loop_of(const struct conn *c)
{
    return conn_net(c)->chat;
}

/* For the loop of `net`, and known to the hub from here on. NULL without memory. */
struct chat_loop *chat_loop_new(struct net *net, struct hub_service *hub);
/* The connections are gone, and the loop's mail has been delivered. */
void chat_loop_free(struct chat_loop *cl);

/* Puts settings in force, at the start and at a reload, and reads the message of the day; if that
 * fails, which is logged, the old one stays. The config is borrowed until the next call. ERR_NOMEM
 * leaves an old reason for those who do not answer. */
enum err chat_loop_configure(struct chat_loop *cl, const struct config *config);

/* A delivery has arrived; struct delivery_head's mail. */
void chat_loop_deliver(struct mail *mail);

/* A part of the tick, behind hub_service_run and before the flush: applies what has arrived, in its
 * order, within a budget, and goes on in the next tick where it stopped. */
void chat_loop_fan_out(struct chat_loop *cl);
bool chat_loop_has_work(const struct chat_loop *cl);

/* --- for sessions --------------------------------------------------------------------------- */

/* Takes one credit, of which there must be one, and the command. */
void chat_loop_post(struct chat_loop *cl, struct chat_command *command);
/* The session is woken when it may take a credit, after those who want one already; without memory
 * it is aborted. */
void chat_loop_await_credit(struct chat_loop *cl, struct conn *c);
/* Gives the hub other settings, which takes the command over; costs no credit. */
void chat_loop_post_settings(struct chat_loop *cl, struct settings_command *s);
/* Ends the session in the hub, with the command of its registration; costs no credit. `reason` is
 * static. */
void chat_loop_post_close(struct chat_loop *cl, struct registration_command *r, const char *reason);
