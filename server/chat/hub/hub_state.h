/* The hub's inside, for hub.c, user.c, channel.c and the verbs in cmd_*.c. */
#pragma once

#include "chat/hub/caps.h"
#include "chat/hub/channel.h"
#include "chat/hub/hub.h"
#include "chat/hub/roster.h"
#include "chat/hub/table.h"
#include "chat/hub/watch.h"
#include "chat/hub/whowas.h"
#include "simul/buf.h"
#include "simul/check.h"
#include "simul/irc.h"
#include "simul/list.h"

#include <stdbool.h>
#include <stdlib.h>

/* The sessions of one loop, by slot; NULL where there is none. */
struct hub_slots {
    struct hub_session **at;
    size_t count;
};

/* Sessions that are to hear one message, in no channel together. */
struct recipients {
    struct handle *at; /* count of them */
    size_t count, cap;
};

struct hub {
    struct hub_options options; /* server_name is our own copy */
    struct hub_sink *sink;
    struct hub_slots *loops;                 /* options.loops of them */
    struct table users;                      /* by folded nick */
    struct table channels;                   /* by folded name */
    struct table watched;                    /* nicks that are watched, by folded nick */
    struct roster user_order, channel_order; /* the same, in the order in which they came */
    struct hub_counts counts;
    struct whowas whowas;

    /* Channel slots that are free again; beyond them, channel_slots is the next. */
    uint32_t *free_slots;
    size_t free_slot_count, free_slot_cap;
    uint32_t channel_slots;

    uint64_t mark; /* channel.mark of those that are in some set just now */

    struct recipients recipients; /* of the message that is being sent */
    struct buf scratch;           /* the line that is being formatted */
    struct buf replies;           /* of the call in progress, not sent yet */
};

struct hub_session {
    struct handle handle;
    uint32_t watch_count;
    struct list watches; /* watch.in_session, in order of watching */
    struct user *user;
    struct list in_user;
};

/* One entry being applied. */
struct hub_call {
    struct hub *hub;
    struct position at;
    uint16_t parts;     /* messages made so far */
    struct handle from; /* outlives the session, which QUIT frees */
    struct hub_session *session;
    struct user *user;
    const struct irc_line *line; /* of ENTRY_LINE, as are the rest */
    uint32_t caps;               /* of the session: enum chat_cap */
    struct response *response;
    struct cursor *cursor;
    uint32_t rows_left;
    bool is_unfinished;
};

/* A row of a long answer is about to be said: false when this part of it is full, and the verb
 * leaves the cursor where it goes on and returns. */
static inline bool call_take_row(struct hub_call *call)
{
    call->is_unfinished = call->rows_left == 0;
    call->rows_left -= !call->is_unfinished;
    return !call->is_unfinished;
}

/* Serves the targets of a list, beginning with the cursor's. `serve` returns false when it has more
 * to say to the target it was called with, and is called with it again in the next part: only then
 * is cursor.is_begun what it left there. */
void call_each_target(struct hub_call *call, struct span list,
                      bool (*serve)(struct hub_call *call, struct span target));

/* A copy with a zero behind it. */
static inline char *text_copy(struct span text)
{
    char *copy = malloc(text.len + 1);
    CHECK(copy != NULL);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

/* --- users (user.c) ------------------------------------------------------------------------ */

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
    uint64_t signon_ms, active_ms; /* when it came, and when it spoke last */
    uint16_t source_bytes;
    uint8_t nick_bytes, user_bytes;
    uint8_t modes; /* of enum user_mode */
    bool is_secure;
    uint8_t channel_count; /* at most HUB_CHANNELS_PER_USER_MAX */
    uint8_t invite_count;  /* at most HUB_INVITES_PER_USER_MAX */
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
/* The new nick must be free, or the same but for its case. */
void user_rename(struct hub_call *call, struct user *u, struct span nick);
/* Counts those that are counted; nobody else writes u->modes. */
void user_set_modes(struct hub *hub, struct user *u, uint8_t modes);
/* Whether u may be shown to somebody who does not know its nick: it is not invisible, or they share
 * a channel, or `to` is an operator (https://modern.ircdocs.horse, invisible user mode). */
bool user_is_visible(const struct user *u, const struct user *to);
/* Ends the user: its sessions leave its channels, which hear a QUIT with that text, and are freed
 * like itself. */
void user_quit(struct hub_call *call, struct user *u, struct span text);

/* What others are told of u's absence, or of its end (cmd_away.c). One reference. */
struct message *away_message(struct hub_call *call, const struct user *u);

/* One more way to reach the user, who hears of all its channels there too. */
void user_add_session(struct hub_call *call, struct user *u, struct handle h);
/* The user may be left without sessions. */
void user_remove_session(struct hub *hub, struct hub_session *s);
struct hub_session *session_find(const struct hub *hub, struct handle h);

/* --- deliveries (hub_send.c) ---------------------------------------------------------------- */

/* ":source COMMAND params… :last", with one reference and the entry's next part number. The tags
 * are the client-only ones. The last param always has its ':', which some clients rely on. */
struct message *hub_message(struct hub_call *call, struct span source, const char *command,
                            struct span tags, const struct span *params, size_t count);
#define HUB_MESSAGE(call, source, command, tags, ...)                                              \
    hub_message(call, source, command, tags, (const struct span[]){__VA_ARGS__},                   \
                sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* The six below take over the caller's reference to m. Without is_echo the channel's members are
 * told all alike; with it, the session that the call is from only if it has echo-message. */
void hub_send_channel(struct hub_call *call, struct channel *ch, struct message *m, bool is_echo);
/* To those members that have one of the roles; to the session that the call is from only if it has
 * echo-message. */
void hub_send_ranked(struct hub_call *call, const struct channel *ch, uint8_t roles,
                     struct message *m);
/* That the member joins or parts. In a quiet channel only its own sessions are told, unless it has
 * a role. */
void hub_send_membership(struct hub_call *call, struct membership *about, struct message *m);
/* To u's own sessions, and to every session in a channel with it; each once. Quiet channels in
 * which u has no role do not count. */
void hub_send_peers(struct hub_call *call, struct user *u, struct message *m);
void hub_send_user(struct hub_call *call, struct user *u, struct message *m);
/* To the same, and to those who monitor u with extended-monitor: what is new of u beside its nick,
 * for sessions that have asked for m->need. */
void hub_send_change(struct hub_call *call, struct user *u, struct message *m);
/* To the session that the call is from, if it has echo-message. */
void hub_send_echo(struct hub_call *call, struct message *m);
/* Puts a list of recipients together, one at a time in the whole hub, and sends it a message, whose
 * reference is taken over. */
struct recipients *recipients_begin(struct hub *hub);
void recipients_add(struct recipients *r, const struct hub_session *s);
void hub_send_recipients(struct hub_call *call, const struct recipients *to, struct message *m);
/* The user's own sessions learn its nick. */
void hub_send_renamed(struct hub_call *call, struct user *u);
/* Takes d over; for deliveries that are not messages. Replies made so far go before it. */
void hub_send(struct hub_call *call, unsigned loop, struct delivery *d);

/* --- replies to the session that the call is from ------------------------------------------- */

void reply(struct hub_call *call, const char *numeric, const struct span *params, size_t count);
#define REPLY(call, numeric, ...)                                                                  \
    reply(call, numeric, (const struct span[]){__VA_ARGS__},                                       \
          sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))
/* "FAIL command CODE :text" (IRCv3 standard replies). */
void reply_fail(struct hub_call *call, const char *command, const char *code, struct span text);
/* Sends the replies made so far, as one delivery. */
void reply_flush(struct hub_call *call);
