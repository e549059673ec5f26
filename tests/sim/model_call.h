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

/* --- what is heard -------------------------------------------------------------------------- */

/* A message of the user's: ":nick!user@host " and the text. */
__attribute__((format(printf, 2, 3))) struct peer_message model_message(struct model_call *c,
                                                                        const char *format, ...);
void model_tell_channel(const struct model_channel *ch, const struct peer_message *pm);
/* What a member does to its membership: in a quiet channel only its own business, unless it has a
 * role. */
void model_tell_membership(const struct model *m, const struct model_channel *ch,
                           const struct model_member *about, const struct peer_message *pm);
/* Everybody who shares a channel with u that hears of it, once; at least u. */
void model_tell_peers(struct model *m, struct model_user *u, const struct peer_message *pm);
/* A numeric whose params are not looked at, but for the nick. */
void model_reply(struct model_call *c, const char *numeric);

/* A line of words that is said when the next one does not fit. */
struct model_list {
    struct model_call *call;
    char head[MODEL_TEXT_CHARS]; /* of each line, up to the words */
    char words[512];
    char separator;
};
__attribute__((format(printf, 3, 4))) void
model_list_init(struct model_list *l, struct model_call *c, const char *format, ...);
void model_list_add(struct model_list *l, const char *prefix, const char *word);
void model_list_end(struct model_list *l);

/* --- membership ----------------------------------------------------------------------------- */

void model_leave(struct model_channel *ch, const struct model_user *u);

/* --- the verbs ------------------------------------------------------------------------------ */

/* model_channel.c */
void model_join(struct model_call *c);
void model_names(struct model_call *c);
void model_part(struct model_call *c);
void model_topic(struct model_call *c);

/* model_message.c */
void model_privmsg(struct model_call *c);
void model_notice(struct model_call *c);
void model_tagmsg(struct model_call *c);

/* model_mode.c */
void model_mode_channel(struct model_call *c, const char *name);
void model_mode_user(struct model_call *c, const char *nick);

/* model_user.c */
void model_nick(struct model_call *c);
void model_quit(struct model_call *c);
/* The user is no more; the others are told that. */
void model_user_quits(struct model_call *c, const char *text);
