/* Channels and who is in them: a part of the hub. */
#pragma once

#include "chat/roster.h"
#include "chat/table.h"
#include "simul/list.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct hub_call;
struct hub_session;
struct user;

enum channel_mode {
    CHANNEL_NO_OUTSIDERS = 1, /* +n */
    CHANNEL_TOPIC_BY_OPS = 2, /* +t */
    CHANNEL_SECRET = 4,       /* +s */
};
enum member_role { ROLE_OP = 1, ROLE_VOICE = 2 }; /* +o, +v */

struct channel {
    struct table_node node;
    uint64_t seq;          /* in hub.channel_order */
    struct roster members; /* struct membership */
    char *name;
    char *topic; /* NULL: none */
    char *topic_setter;
    uint64_t topic_ms, created_ms;
    uint32_t slot;
    uint8_t modes;            /* of enum channel_mode */
    uint32_t loop_sessions[]; /* how many sessions of each loop are members */
};

struct membership {
    struct list in_user;
    uint64_t seq; /* in channel.members */
    struct channel *channel;
    struct user *user;
    uint8_t roles; /* of enum member_role */
};

static inline struct span channel_name(const struct channel *ch)
{
    return span_str(ch->name);
}

bool channel_is(const struct table_node *node, struct span folded_name);
/* NULL when there is none. */
struct channel *channel_find(struct hub *hub, struct span name);
/* An empty one with the modes of a new one, which must get a member at once. */
struct channel *channel_new(struct hub *hub, struct span name, uint64_t now_ms);
/* An empty topic is none. */
void channel_set_topic(struct channel *ch, struct span topic, struct span setter, uint64_t now_ms);

/* Whether the channel is too large to hear of this member's coming and going. */
bool membership_is_quiet(const struct hub *hub, const struct membership *m);

/* Whether the user may know that there is such a channel, and who is in it: it is not secret, or
 * the user is a member or an operator of the server. */
bool channel_is_visible(const struct channel *ch, const struct user *u);

/* The signs of a member's roles, to stand before its nick, for a session: the highest alone, or
 * with multi-prefix in its capabilities all of them, the highest first
 * (https://ircv3.net/specs/extensions/multi-prefix). */
struct span membership_prefix(const struct membership *m, uint32_t session_caps);

/* NULL when the user is no member. Costs as much as the user has channels. */
struct membership *channel_member(const struct channel *ch, const struct user *u);
/* The first member is an operator. The loops of the user's sessions are told. */
struct membership *channel_add_member(struct hub_call *call, struct channel *ch, struct user *u);
/* Ends the membership and tells the loops; the channel ends with its last member. */
void channel_part_member(struct hub_call *call, struct membership *m);
/* The same for a user without sessions, where m is no longer in the user's list. */
void channel_remove_member(struct hub *hub, struct membership *m);
/* A member has one more session, and its loop is told. */
void channel_add_session(struct hub_call *call, struct channel *ch, const struct hub_session *s);
/* A member's session ends, or a session's membership: its loop has one less. */
void channel_drop_session(struct channel *ch, const struct hub_session *s);
