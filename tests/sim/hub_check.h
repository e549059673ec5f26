/* Compares what the hub and the loops have in their tables with the model. */
#pragma once

#include "core/loop.h"

struct hub;
struct model;
struct net;

/* What is compared from here on; both are borrowed. hub: NULL while it has applied nothing. */
void hub_check_init(struct hub *hub, struct model *model);

/* Users, sessions, nicks, channels, membership both ways, roles, modes, topics, counts, slots. */
void hub_check(void);
/* Nobody is there. */
void hub_check_empty(void);
/* The hub has no session in the slot that a new connection has got. */
void hub_check_slot_is_free(struct handle h);
/* The members that the loop knows are those of its connections that are members. For a loop that
 * has worked off all its deliveries. */
void hub_check_index(struct net *n);
