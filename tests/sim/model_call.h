/* The model's inside, for model.c and model_mode.c. */
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
};

/* NULL when there is none. */
struct model_user *model_user_named(struct model *m, const char *nick);

/* Copies a span as a text, which must fit. */
void model_copy(char *out, size_t size, struct span s);
#define COPY(out, s) model_copy(out, sizeof(out), s)

/* A message of the user's: ":nick!user@host " and the text. */
__attribute__((format(printf, 2, 3))) struct peer_message model_message(struct model_call *c,
                                                                        const char *format, ...);
void model_tell_channel(const struct model_channel *ch, const struct peer_message *pm);
/* A numeric whose params are not looked at, but for the nick. */
void model_reply(struct model_call *c, const char *numeric);

void model_mode_channel(struct model_call *c, const char *name);
void model_mode_user(struct model_call *c, const char *nick);
