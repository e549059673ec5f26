/* What the clients say: random lines, all of which the hub takes and the model knows. */
#pragma once

#include "simul/span.h"

#include <stdint.h>

struct peer;

/* How many names there are to choose from in this run; fewer meet more often. */
void chatter_init(unsigned nicks, unsigned channels);

/* What a new client is to ask for, of enum chat_cap. */
uint32_t chatter_any_caps(void);
/* Applies "a -b" to *bits. */
void chatter_apply_caps(struct span list, uint32_t *bits);
/* The first lines of a new client. */
void chatter_begin(struct peer *p);
/* Another nick before registration, where the last one was taken; or the client gives up. */
void chatter_take_nick(struct peer *p);
/* One more line. Nothing once it has left. */
void chatter_say(struct peer *p);
