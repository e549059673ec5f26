/* The halves of MODE, which cmd_mode.c tells apart by their target. */
#pragma once

#include "simul/span.h"

#include <stdint.h>

struct channel;
struct hub_call;
struct user;

/* MODE of a channel that is visible to the caller (mode_channel.c). */
void mode_channel(struct hub_call *call, struct channel *ch);
/* MODE of the user with that nick, which must be the caller (mode_user.c). */
void mode_user(struct hub_call *call, struct span nick);
/* Gives the user these modes, of enum user_mode, and tells it what has changed. */
void mode_user_set(struct hub_call *call, struct user *u, uint8_t after);
