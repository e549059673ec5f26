/* The log gives entries their order. Whatever decides something in the chat is appended, gets a
 * position that is greater than every one before it, and is applied by the hub in that order.
 * Queries travel by the same way, so that they see what came before them, and stay unlogged.
 *
 * Nobody else knows which log is in use. log_local is a queue in memory; one that is shared by
 * many nodes has the same two functions. */
#pragma once

#include "chat/hub/entry.h"

/* An entry on its way; embedded by whoever owns its bytes. */
struct log_item {
    struct log_item *next;
    struct entry entry;
};

struct chat_log {
    /* Takes the item until log_next hands it out again. now_ms: the wall clock. */
    void (*append)(struct chat_log *log, struct log_item *item, uint64_t now_ms);
    /* The next item to apply, with its position set; NULL when there is none yet. */
    struct log_item *(*next)(struct chat_log *log);
};
