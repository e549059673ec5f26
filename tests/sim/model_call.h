/* The model's inside, for model.c and model_*.c. */
#pragma once

#include "sim/model.h"
#include "sim/peer.h"
#include "simul/span.h"

#include <stddef.h>

/* One entry being applied. */
struct model_call {
    struct model *m;
    const struct entry *e;
    struct model_user *user;
    uint16_t parts; /* messages made so far */
    unsigned rows_left;
    bool is_unfinished;
};

/* NULL when there is none. */
struct model_user *model_user_named(struct model *m, const char *nick);

/* Copies a span as a text, which must fit. */
void model_copy(char *out, size_t size, struct span s);
#define COPY(out, s) model_copy(out, sizeof(out), s)

size_t model_param_count(const struct model_call *c);
/* The line's param; empty when there is none. */
struct span model_param(const struct model_call *c, size_t i);
/* Takes the next target of a list as a text. */
bool model_next_target(struct span *list, char out[MODEL_NAME_CHARS]);
/* Serves the targets of the first param, beginning where the last part stopped. `serve` returns
 * false when the part is full before it is done with its target. */
void model_each_target(struct model_call *c,
                       bool (*serve)(struct model_call *c, const char *target));
/* One more row of a long answer; false when this part is full. */
bool model_take_row(struct model_call *c);

/* --- what is heard ----------------------------------------------------------------------- */

/* A message of the user's: ":nick!user@host " and the text. */
__attribute__((format(printf, 2, 3))) struct peer_message model_message(struct model_call *c,
                                                                        const char *format, ...);
__attribute__((format(printf, 3, 4))) struct peer_message
model_message_of(struct model_call *c, const struct model_user *u, const char *format, ...);
/* One of the server's. */
__attribute__((format(printf, 2, 3))) struct peer_message
model_server_message(struct model_call *c, const char *format, ...);
void model_tell_channel(const struct model_channel *ch, const struct peer_message *pm);
/* What a member does to its membership: in a quiet channel only its own business, unless it has a
 * role. */
void model_tell_membership(const struct model *m, const struct model_channel *ch,
                           const struct model_member *about, const struct peer_message *pm);
/* Everybody who shares a channel with u that hears of it, once; at least u. */
void model_tell_peers(struct model *m, struct model_user *u, const struct peer_message *pm);
/* The same for what is new of u beside its nick, and those who watch it. */
void model_tell_change(struct model *m, struct model_user *u, const struct peer_message *pm);
/* A numeric whose params are not looked at, but for the nick. */
void model_reply(struct model_call *c, const char *numeric);
/* A numeric as a whole: what stands behind the nick. */
__attribute__((format(printf, 3, 4))) void model_say(struct model_call *c, const char *numeric,
                                                     const char *format, ...);

/* Words in lines, each of which is said when the next word does not fit. */
struct model_words {
    struct model_call *call;
    char head[MODEL_TEXT_CHARS]; /* of each line, up to the words */
    char words[512];
    char separator;
};
__attribute__((format(printf, 3, 4))) void
model_words_init(struct model_words *l, struct model_call *c, const char *format, ...);
void model_words_add(struct model_words *l, const char *prefix, const char *word);
void model_words_end(struct model_words *l);

/* --- membership -------------------------------------------------------------------------- */

void model_leave(struct model_channel *ch, const struct model_user *u);
/* Those of its channels, in order of joining, that come behind *since, which becomes the next
 * one's; NULL at the end. */
struct model_channel *model_next_channel(struct model *m, const struct model_user *u,
                                         uint64_t *since);
/* The prefix of a member's nick, for the caller. */
const char *model_prefix(const struct model_call *c, const struct model_member *mm);

/* --- who may what (model_rule.c) --------------------------------------------------------- */

bool model_mask_means(const char *mask, const char *text);
/* Whether one of the masks means the user. */
bool model_masks_mean(const struct model_masks *l, const struct model_user *u);
bool model_may_speak(struct model_channel *ch, const struct model_user *u);
/* NULL: it may come in; or the numeric that says why not. */
const char *model_join_refusal(struct model *m, struct model_channel *ch,
                               const struct model_user *u, const char *key);
/* Whether `to` may know that there is the channel; and somebody that it has not asked for. */
bool model_sees_channel(struct model_channel *ch, const struct model_user *to);
bool model_sees_user(struct model *m, const struct model_user *u, const struct model_user *to);
/* Whether it may know that a user is in the channel. */
bool model_sees_membership(struct model_channel *ch, const struct model_user *u,
                           const struct model_user *to);

/* --- the verbs --------------------------------------------------------------------------- */

/* model_channel.c */
void model_invite(struct model_call *c);
void model_join(struct model_call *c);
void model_kick(struct model_call *c);
void model_names(struct model_call *c);
void model_part(struct model_call *c);
void model_topic(struct model_call *c);

/* model_message.c */
void model_privmsg(struct model_call *c);
void model_notice(struct model_call *c);
void model_tagmsg(struct model_call *c);

/* model_mode.c */
void model_mode(struct model_call *c);

/* model_monitor.c */
void model_monitor(struct model_call *c);
/* Those who watch u hear that it is there now, or no longer. */
void model_tell_online(struct model_call *c, const struct model_user *u);
void model_tell_offline(struct model_call *c, const struct model_user *u);

/* model_oper.c */
void model_kill(struct model_call *c);
void model_oper(struct model_call *c);
void model_wallops(struct model_call *c);

/* model_query.c */
void model_ison(struct model_call *c);
void model_list(struct model_call *c);
void model_lusers(struct model_call *c);
void model_stats(struct model_call *c);
void model_userhost(struct model_call *c);
void model_who(struct model_call *c);
void model_whois(struct model_call *c);
void model_whowas(struct model_call *c);

/* model_user.c */
void model_away(struct model_call *c);
void model_nick(struct model_call *c);
void model_quit(struct model_call *c);
void model_setname(struct model_call *c);
/* The user is no more; the others are told that. */
void model_user_quits(struct model_call *c, struct model_user *u, const char *text);
