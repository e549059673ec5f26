/* What the hub keeps because of one user, beyond what it keeps for every user: channels with their
 * masks, and watched nicks. The loop of the user's session counts it as held by the connection
 * (net/memory.h), so that when memory is short the connection that makes the hub keep the most is
 * evicted first.
 *
 * A channel counts for its oldest member; when that one leaves, for the next oldest. The hub tells
 * the loop in steps of HELD_STEP_BYTES, so for most users it never tells anything. */
#pragma once

#include <stdint.h>

struct hub;
struct hub_call;
struct user;

enum { HELD_STEP_BYTES = 8 * 1024 };

/* How many steps the hub keeps for the user now. Takes time in proportion to the user's channels.
 */
uint8_t held_steps(const struct hub *hub, const struct user *u);
/* To be called after each change of what the hub keeps for the user: tells the user's loop the
 * number of steps if the loop was last told another one. */
void held_tell(struct hub_call *call, struct user *u);
/* To be called when one of several sessions of the user has ended, perhaps the one whose loop was
 * told: tells the loop of another one. */
void held_tell_again(struct hub_call *call, struct user *u);
