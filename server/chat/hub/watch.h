/* Watched nicks (https://ircv3.net/specs/extensions/monitor): a part of the hub. A session watches
 * nicks, in use or not, and is told when one comes into use or goes out of it, and with
 * extended-monitor what its user changes meanwhile. */
#pragma once

#include "chat/hub/table.h"
#include "simul/list.h"
#include "simul/span.h"

#include <stdbool.h>

struct hub;
struct hub_call;
struct hub_session;
struct message;
struct user;

/* A nick that somebody watches. */
struct watched {
    struct table_node node; /* in hub.watched, by folded nick */
    struct list watches;    /* watch.in_watched, in order of watching */
    char *nick;             /* as whoever watched it first wrote it */
};

struct watch {
    struct list in_session, in_watched;
    struct watched *watched;
    struct hub_session *session;
};

bool watched_is(const struct table_node *node, struct span folded_nick);

/* NULL when the session does not watch it. Costs as much as the session watches. */
struct watch *watch_find(const struct hub_session *s, struct span nick);
/* The session does not watch it yet, and the nick is valid. */
void watch_add(struct hub *hub, struct hub_session *s, struct span nick);
void watch_end(struct hub *hub, struct watch *w);
/* All that the session watches. */
void watch_end_all(struct hub *hub, struct hub_session *s);

/* Those who watch the nick of u hear that it is in use now, or that it no longer is. */
void watch_tell_online(struct hub_call *call, const struct user *u);
void watch_tell_offline(struct hub_call *call, struct span nick);
/* Those of them with extended-monitor who share no channel with u that has heard of it hear m,
 * which stays the caller's. */
void watch_tell_change(struct hub_call *call, const struct user *u, const struct message *m);
