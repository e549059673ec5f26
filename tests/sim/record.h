/* Every entry that the hub has applied, to be applied again to other hubs. */
#pragma once

#include "chat/hub/entry.h"

#include <stdint.h>

struct hub_options;

/* Copies the entry. */
void record_add(const struct entry *e);
/* The hub's hash behind the newest entry. */
void record_hash(uint64_t hash);
/* Prints the newest entries. */
void record_print_last(void);
/* Applies all to a fresh hub and compares its hash where one was recorded. Returns a digest of its
 * deliveries, which another table key must not change. */
uint64_t record_replay(const struct hub_options *options);
void record_clear(void);
