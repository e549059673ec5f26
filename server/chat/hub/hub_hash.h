/* One number for the whole state of a hub: two hubs that have applied the same entries have the
 * same, whatever the keys of their tables, on every machine. Simulations and replays compare by it.
 *
 * Everything that a later entry could bring to light goes in: names, sessions, membership in its
 * order, roles, modes, topics, counts, and which slot the next channel gets. */
#pragma once

#include <stdint.h>

struct hub;

/* Costs as much as the hub is large. Aborts without memory. */
uint64_t hub_hash(const struct hub *hub);
