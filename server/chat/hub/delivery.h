/* What the hub sends to a loop. Deliveries to a loop form one queue in the hub's order, which
 * carries membership, messages and replies alike, so that a loop which works them off in order
 * never contradicts what the hub decided. There is one delivery per loop and event, not one per
 * member; the loop knows which of its sessions are meant. None is ever dropped. */
#pragma once

#include "chat/hub/message.h"
#include "core/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct chat_loop;
struct response;

enum delivery_kind {
    DELIVERY_JOINED,   /* `session` is a member of channels[0] from here on */
    DELIVERY_PARTED,   /* `session` is no longer a member of any of channels */
    DELIVERY_CHANNELS, /* the message goes to every member of channels, each session once; to
                          `session` only if is_echo allows it */
    DELIVERY_SESSION,  /* the message goes to `session` */
    DELIVERY_SESSIONS, /* the message goes to each of `sessions` */
    DELIVERY_REPLY,    /* the message's text is lines for `session` alone, each ended by LF, which
                          have no tags */
    DELIVERY_ENDED,    /* `session` is over; the message's text, with its zero, tells why */
    DELIVERY_REHASH,   /* the server is to reload, and to report to `session` */
    DELIVERY_HELD,     /* the user of `session` makes the hub keep held_steps (held.h) */
    DELIVERY_RENAMED,  /* the message's text is the new nick of `session` */
    DELIVERY_RETURN,   /* a command has been applied and comes back: struct chat_command */
};

/* What both kinds of mail to a loop begin with. */
struct delivery_head {
    struct mail mail;
    struct chat_loop *loop; /* the receiver; set by whoever posts it, as is `cost` */
    uint64_t since_cycles;  /* when what it is due to was read, for the metrics; not the hub's */
    uint32_t cost;          /* what it takes up in the queue, by its length */
    uint8_t kind;           /* enum delivery_kind */
};

/* With more sessions, a delivery that counts as one in its loop's queue could be of any size there.
 */
enum { DELIVERY_SESSIONS_MAX = 64 };

struct delivery {
    struct delivery_head head;
    bool is_echo; /* `session` sent this itself, and gets it only with echo-message */
    uint8_t held_steps;
    struct handle session;
    struct message *message;   /* one reference, or NULL */
    struct response *response; /* what it is a part of, if it comes to the session that has asked,
                                  until the command returns; or NULL */
    struct handle *sessions;   /* session_count of them, owned; or NULL */
    uint32_t session_count;
    uint32_t channel_count;
    uint32_t channels[]; /* slots, which the hub numbers densely and uses again */
};

/* Takes over one reference to m (which may be NULL); the channels are left to the caller. NULL
 * without memory, when the reference stays the caller's. */
struct delivery *delivery_new(enum delivery_kind kind, struct handle session, struct message *m,
                              uint32_t channel_count);
/* Makes room for so many sessions, which are left to the caller. ERR_NOMEM. */
enum err delivery_add_sessions(struct delivery *d, uint32_t count);
/* Frees it and drops its reference. */
void delivery_free(struct delivery *d);
