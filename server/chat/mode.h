/* The halves of MODE, which cmd_mode.c tells apart by their target. */
#pragma once

#include "simul/span.h"

struct hub_call;

/* Of the user with that nick, if it is the caller (mode_user.c). */
void mode_user(struct hub_call *call, struct span nick);
