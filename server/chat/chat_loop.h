/* The chat's part of one loop: which of its sessions are in which channel, the hub's deliveries
 * that are yet to be worked off, and the loop's credits to post. All of it belongs to the loop's
 * thread, except for the two fields that say so. */
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
    CHAT_CREDITS = 4096,        /* commands that a loop may have with the hub */
    CHAT_IN_FLIGHT_MAX = 16,    /* of these, by one session */
    CHAT_QUEUE_MAX = 4096,      /* cost of a loop's deliveries when the hub stops */
    CHAT_SENDS_PER_TICK = 4096, /* by cost */
    CHAT_FEW_MAX = 256,         /* recipients of a message that have their turns soon */
};

/* Why a silent session was ended. The hub may still refer to one when the next is in use. */
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
    struct ping_reason *ping_reason;       /* the present one; older ones behind it */

    struct mail *head, *tail; /* deliveries, oldest first: struct delivery_head */
    _Atomic uint32_t queued;  /* their cost, and that of those on their way; the hub adds to it */
    uint32_t queue_max; /* its maximum: CHAT_QUEUE_MAX, except in tests; set before any loop runs */
    uint32_t few_max;   /* likewise: CHAT_FEW_MAX */
    struct fan_out fan_out;
    struct shared *compressed[RENDER_COMPRESSED];
    uint64_t stamp; /* of the last delivery to several channels */

    struct members *channels; /* by slot */
    size_t channel_count;

    uint32_t credits;
    struct later waiting; /* sessions that want a credit, first come first */

    struct buf scratch; /* the line that is being formatted */

    struct response *response; /* what is being written is part of it; NULL: of none */
    uint64_t batches;          /* how many have begun */

    struct mail drained_mail;
    _Atomic bool drained_posted; /* the hub's loop clears it */
};

/* The chat of the connection's loop. */
static inline struct chat_loop *chat_loop_of(const struct conn *c)
{
    return conn_net(c)->chat;
}

/* Creates the chat of the loop that `net` belongs to, and attaches it to the hub. NULL without
 * memory. */
struct chat_loop *chat_loop_new(struct net *net, struct hub_service *hub);
/* After the connections are gone and the loop's mail has been delivered. */
void chat_loop_free(struct chat_loop *cl);

/* Applies settings, at the start and at a reload, and reads the message of the day; if that fails,
 * the failure is logged and the old message stays. The config is borrowed until the next call.
 * ERR_NOMEM: the old ping_reason stays. */
enum err chat_loop_configure(struct chat_loop *cl, const struct config *config);

/* Delivers the mail of a struct delivery_head. */
void chat_loop_deliver(struct mail *mail);

/* A part of the tick, after hub_service_run and before the flush: works off deliveries in their
 * order, within a budget, and goes on in the next tick where it stopped. */
void chat_loop_fan_out(struct chat_loop *cl);
bool chat_loop_has_work(const struct chat_loop *cl);

/* --- for sessions ------------------------------------------------------------------------ */

/* Posts a command to the hub, which takes it over. Costs a credit, of which there must be one. */
void chat_loop_post(struct chat_loop *cl, struct chat_command *command);
/* Has the session woken when it may take a credit, after those that wait already; without memory it
 * is aborted. */
void chat_loop_await_credit(struct chat_loop *cl, struct conn *c);
/* Posts other settings to the hub, which takes the command over. Costs no credit. */
void chat_loop_post_settings(struct chat_loop *cl, struct settings_command *s);
/* Ends the session in the hub, by means of its registration command. Costs no credit. `reason` is
 * static. */
void chat_loop_post_close(struct chat_loop *cl, struct registration_command *r, const char *reason);
