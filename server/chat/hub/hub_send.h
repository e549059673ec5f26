/* How the hub speaks: to channels and users, and to the session that the call is from. */
#pragma once

#include "chat/hub/delivery.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/message.h"
#include "simul/span.h"

#include <stdbool.h>

/* ":source COMMAND params… :last", with one reference and the entry's next part number. The tags
 * are the client-only ones. The last param always has its ':', which some clients rely on. */
struct message *hub_message(struct hub_call *call, struct span source, const char *command,
                            struct span tags, const struct span *params, size_t count);
#define HUB_MESSAGE(call, source, command, tags, ...)                                              \
    hub_message(call, source, command, tags, (const struct span[]){__VA_ARGS__},                   \
                sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* The six functions below take over the caller's reference to m. This one sends to every member of
 * the channel; with is_echo, to the calling session only if it has echo-message. */
void hub_send_channel(struct hub_call *call, struct channel *ch, struct message *m, bool is_echo);
/* To the members that have one of the roles, except the calling session. */
void hub_send_ranked(struct hub_call *call, const struct channel *ch, uint8_t roles,
                     struct message *m);
/* Says that the member joins or parts. In a quiet channel only its own sessions hear it, unless it
 * has a role. */
void hub_send_membership(struct hub_call *call, struct membership *about, struct message *m);
/* To u's own sessions, and to every session in a channel with it; each once. Quiet channels in
 * which u has no role do not count. */
void hub_send_peers(struct hub_call *call, struct user *u, struct message *m);
void hub_send_user(struct hub_call *call, struct user *u, struct message *m);
/* To the same, and to those that monitor u with extended-monitor: what has changed about u other
 * than its nick, for sessions that have the capabilities m->need. */
void hub_send_change(struct hub_call *call, struct user *u, struct message *m);
/* To the calling session, if it has echo-message. */
void hub_send_echo(struct hub_call *call, struct message *m);
/* Collects recipients, one list at a time in the whole hub, and sends them a message, whose
 * reference is taken over. */
struct recipients *recipients_begin(struct hub *hub);
void recipients_add(struct recipients *r, const struct hub_session *s);
void hub_send_recipients(struct hub_call *call, const struct recipients *to, struct message *m);
/* The user's own sessions learn its nick. */
void hub_send_renamed(struct hub_call *call, struct user *u);
/* Takes d over; for deliveries that are not messages. Replies made so far go before it. */
void hub_send(struct hub_call *call, unsigned loop, struct delivery *d);

/* --- replies to the session that the call is from ---------------------------------------- */

void reply(struct hub_call *call, const char *numeric, const struct span *params, size_t count);
#define REPLY(call, numeric, ...)                                                                  \
    reply(call, numeric, (const struct span[]){__VA_ARGS__},                                       \
          sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))
/* "FAIL command CODE :text" (IRCv3 standard replies). */
void reply_fail(struct hub_call *call, const char *command, const char *code, struct span text);
/* Sends the replies made so far, as one delivery. */
void reply_flush(struct hub_call *call);
