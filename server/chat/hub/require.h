/* What many commands need before they do anything. Where it is missing, the caller has been told
 * so. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

struct channel;
struct hub_call;
struct membership;
struct user;

/* The user; NULL: 401. */
struct user *require_user(struct hub_call *call, struct span nick);
/* The channel, if the caller may know of it; NULL: 403. */
struct channel *require_channel(struct hub_call *call, struct span name);
/* The caller's membership; NULL: 442. */
struct membership *require_member(struct hub_call *call, const struct channel *ch);
/* The membership of the user with that nick; NULL: 401 or 441. */
struct membership *require_other(struct hub_call *call, const struct channel *ch, struct span nick);
/* Whether the member is an operator of the channel; false: 482. */
bool require_channel_operator(struct hub_call *call, const struct membership *m);

/* Whether the caller is an operator of the server; false: 481. */
bool require_server_operator(struct hub_call *call);
