/* Users: their nicks, and the sessions that they are reached by. A part of the hub. */
#pragma once

#include "chat/hub/table.h"
#include "core/loop.h"
#include "simul/check.h"
#include "simul/irc.h"
#include "simul/list.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct hub;
struct hub_call;
struct hub_session;
struct message;

enum user_mode { USER_INVISIBLE = 1, USER_OPER = 2, USER_WALLOPS = 4, USER_BOT = 8 };

struct user {
    struct table_node node;
    uint64_t seq;                  /* in hub.user_order */
    struct list sessions;          /* hub_session.in_user */
    struct list memberships;       /* membership.in_user, in order of joining */
    struct list invites;           /* invite.in_user, the oldest first */
    char *source;                  /* nick!user@host, without a zero; behind it the ip */
    char *realname;                /* behind the ip, in the same piece of memory */
    char *away;                    /* the text; NULL: here */
    char *fingerprint;             /* of its certificate, in hex; NULL: it showed none */
    uint64_t signon_ms, active_ms; /* when it came, and when it spoke last */
    uint16_t source_bytes;
    uint8_t nick_bytes, user_bytes;
    uint8_t modes; /* of enum user_mode */
    bool is_secure;
    uint8_t channel_count; /* at most HUB_CHANNELS_PER_USER_MAX */
    uint8_t invite_count;  /* at most HUB_INVITES_PER_USER_MAX */
    uint8_t held_steps;    /* as its loop knows: see held.h */
};

static inline struct span user_source(const struct user *u)
{
    return span_of(u->source, u->source_bytes);
}

static inline struct span user_nick(const struct user *u)
{
    return span_of(u->source, u->nick_bytes);
}

static inline struct span user_name(const struct user *u)
{
    return span_of(u->source + u->nick_bytes + 1, u->user_bytes);
}

/* Where it really comes from, for operators. */
static inline const char *user_ip(const struct user *u)
{
    return u->source + u->source_bytes;
}

/* As others see it. */
static inline struct span user_host(const struct user *u)
{
    return span_drop(user_source(u), (size_t)u->nick_bytes + 1 + u->user_bytes + 1);
}

bool user_is(const struct table_node *node, struct span folded_nick);
struct user *user_find(struct hub *hub, struct span nick);
/* Folds into `folded`. */
static inline struct span fold_nick(struct span nick, uint8_t folded[UINT8_MAX])
{
    CHECK(nick.len <= UINT8_MAX);
    irc_fold(nick, folded);
    return span_of(folded, nick.len);
}

/* The user that registers, still without sessions; the nick must be free. */
struct user *user_new(struct hub_call *call, const struct entry *e);
/* Copies the text. */
void user_set_realname(struct user *u, struct span realname);
/* The new nick must be free, or differ from the old one only in case. */
void user_rename(struct hub_call *call, struct user *u, struct span nick);
/* Counts those that are counted; nobody else writes u->modes. */
void user_set_modes(struct hub *hub, struct user *u, uint8_t modes);
/* Whether u may be shown to somebody who does not know its nick: it is not invisible, or they share
 * a channel, or `to` is an operator (https://modern.ircdocs.horse, invisible user mode). */
bool user_is_visible(const struct user *u, const struct user *to);
/* Ends the user: its sessions leave its channels, which hear a QUIT with that text, and are freed
 * like itself. */
void user_quit(struct hub_call *call, struct user *u, struct span text);
/* The same, of one who is still connected: its sessions are told why. */
void user_end(struct hub_call *call, struct user *u, const char *reason);

/* What others are told of u's absence, or of its end (cmd_away.c). One reference. */
struct message *away_message(struct hub_call *call, const struct user *u);

/* One more way to reach the user, who hears of all its channels there too. */
void user_add_session(struct hub_call *call, struct user *u, struct handle h);
/* The user may be left without sessions. */
void user_remove_session(struct hub *hub, struct hub_session *s);
struct hub_session *session_find(const struct hub *hub, struct handle h);
