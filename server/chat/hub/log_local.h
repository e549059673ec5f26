/* The log of a single server: a queue in memory. Its bound is that of those who append: the loops'
 * credits, and one close per session. */
#pragma once

#include "chat/hub/log.h"

#include <stdbool.h>

struct log_local {
    struct chat_log log;
    struct log_item *head, *tail;
    struct position last; /* of the newest entry that is not a query */
};

/* Nothing to deinit: items belong to those who appended them. */
void log_local_init(struct log_local *l);

bool log_local_is_empty(const struct log_local *l);
