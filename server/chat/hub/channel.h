/* Channels and who is in them: a part of the hub. */
#pragma once

#include "chat/hub/mask_list.h"
#include "chat/hub/roster.h"
#include "chat/hub/table.h"
#include "simul/list.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct hub_call;
struct hub_session;
struct user;

enum channel_mode {
    CHANNEL_INVITE_ONLY = 1,   /* +i */
    CHANNEL_MODERATED = 2,     /* +m */
    CHANNEL_NO_OUTSIDERS = 4,  /* +n */
    CHANNEL_SECRET = 8,        /* +s */
    CHANNEL_TOPIC_BY_OPS = 16, /* +t */
};
enum member_role { ROLE_OP = 1, ROLE_VOICE = 2 }; /* +o, +v */
enum channel_list {
    LIST_BANS,     /* +b: who may neither come nor speak */
    LIST_EXCEPTED, /* +e: unless it is one of these */
    LIST_INVITED,  /* +I: who needs no invitation */
    CHANNEL_LISTS,
};

struct channel {
    struct table_node node;
    uint64_t seq;              /* in hub.channel_order */
    struct roster members;     /* struct membership */
    struct membership *oldest; /* of them */
    struct list ranked;        /* membership.in_ranked: those with a role */
    struct list invites;       /* invite.in_channel */
    struct mask_list lists[CHANNEL_LISTS];
    char *name;
    char *topic; /* NULL: none */
    char *topic_setter;
    uint64_t topic_ms, created_ms;
    char *key;      /* +k; NULL: none */
    uint32_t limit; /* +l: of members; 0: none */
    uint64_t mark;  /* see hub.mark */
    uint32_t slot;
    uint32_t messages;          /* PRIVMSG and NOTICE to all of it; wraps */
    uint32_t messages_surveyed; /* as many were counted at the last survey (survey.h) */
    uint8_t modes;              /* of enum channel_mode */
    uint32_t loop_sessions[];   /* how many sessions of each loop are members */
};

struct membership {
    struct list in_user;
    struct list in_ranked;
    struct channel *channel;
    struct user *user;
    uint64_t seq : 56;  /* in channel.members */
    uint64_t roles : 8; /* of enum member_role; membership_set_roles writes it */
};

/* An operator of the channel has invited the user, and no door of it is closed to that user until
 * it has come in. */
struct invite {
    struct list in_user, in_channel;
    struct channel *channel;
    struct user *user;
};

static inline struct span channel_name(const struct channel *ch)
{
    return span_str(ch->name);
}

bool channel_is(const struct table_node *node, struct span folded_name);
/* NULL when there is none. */
struct channel *channel_find(struct hub *hub, struct span name);
/* A new, empty channel with the default modes. It must get a member at once. */
struct channel *channel_new(struct hub *hub, struct span name, uint64_t now_ms);
/* In all its lists; at most HUB_MASKS_MAX. */
size_t channel_mask_count(const struct channel *ch);
/* An empty topic is none. */
void channel_set_topic(struct channel *ch, struct span topic, struct span setter, uint64_t now_ms);

/* Whether the channel is too large to hear of this member's coming and going. */
bool membership_is_quiet(const struct hub *hub, const struct membership *m);

/* The signs of a member's roles, to stand before its nick, for a session: the highest alone, or
 * with multi-prefix in its capabilities all of them, the highest first
 * (https://ircv3.net/specs/extensions/multi-prefix). */
struct span membership_prefix(const struct membership *m, uint32_t session_caps);

/* NULL when the user is no member. Costs as much as the user has channels. */
struct membership *channel_member(const struct channel *ch, const struct user *u);
/* Adds a member, the first as an operator, and tells the loops of the user's sessions. */
struct membership *channel_add_member(struct hub_call *call, struct channel *ch, struct user *u);
void membership_set_roles(struct membership *m, uint8_t roles);
/* Ends the membership and tells the loops; the channel ends with its last member. */
void channel_part_member(struct hub_call *call, struct membership *m);
/* The same for a user without sessions, where m is no longer in the user's list. */
void channel_remove_member(struct hub_call *call, struct membership *m);
/* Counts one more session of a member, and tells its loop. */
void channel_add_session(struct hub_call *call, struct channel *ch, const struct hub_session *s);
/* Counts one session of a member less in its loop. */
void channel_drop_session(struct channel *ch, const struct hub_session *s);

/* --- who may what (channel_rule.c) ------------------------------------------------------- */

/* Whether the user may know that there is such a channel, and who is in it: it is not secret, or
 * the user is a member or an operator of the server. */
bool channel_is_visible(const struct channel *ch, const struct user *u);

/* Whether the user may know that this member is in this channel: invisible members are shown only
 * to other members and to operators. */
bool membership_is_visible(const struct membership *m, const struct user *to);
/* Whether a ban is meant for the user, and no exception is. */
bool channel_has_banned(const struct channel *ch, const struct user *u);
/* Whether the user may speak there, member or not. */
bool channel_may_speak(const struct channel *ch, const struct user *u);

/* --- invitations (invite.c) -------------------------------------------------------------- */

/* Beyond HUB_INVITES_PER_USER_MAX of a user the oldest is forgotten. */
void invite_add(struct channel *ch, struct user *u);
bool invite_is_there(const struct channel *ch, const struct user *u);
/* Does nothing when there is none. */
void invite_remove(const struct channel *ch, const struct user *u);
void invites_end_of_user(struct user *u);
void invites_end_of_channel(struct channel *ch);
