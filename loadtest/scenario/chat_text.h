/* What the publishers of `chat` say: a text that tells who said it, as which of his messages, and
 * when it was to be said, and that every member can check, in whatever process it is.
 *
 *     | tag, 4 characters | check, 4 | intended time, 10 | payload (load/payload.h) …
 *
 * The tag is of the run; the check is made of all that a stamp says. A text with neither is
 * somebody else's, another run's perhaps. A text with one of them that is not whole was altered on
 * its way. */
#pragma once

#include "load/payload.h"

enum {
    CHAT_TAG_BYTES = 4,
    CHAT_CHECK_BYTES = 4,
    CHAT_TIME_BYTES = 10,
    CHAT_PAYLOAD_AT = CHAT_TAG_BYTES + CHAT_CHECK_BYTES + CHAT_TIME_BYTES,
};

struct chat_text {
    struct payload payload;
    uint64_t key;
    uint8_t tag[CHAT_TAG_BYTES];
    uint8_t made[PLAN_CHAT_BYTES_MAX]; /* the last one */
};

struct chat_stamp {
    uint32_t client; /* index of the publisher among all clients */
    uint64_t number; /* from 0 on, less than 2^42 */
    uint64_t intended_ns;
};

enum chat_text_kind {
    CHAT_TEXT_FOREIGN, /* not of this run; *stamp is not set */
    CHAT_TEXT_WHOLE,
    CHAT_TEXT_ALTERED, /* what the stamp says may be wrong too */
};

/* All who have the same plan and key understand each other. ERR_NOMEM. */
enum err chat_text_init(struct chat_text *t, const struct plan *plan, uint64_t key);
void chat_text_deinit(struct chat_text *t);

/* Makes a text, of the plan's size; it lives until the next is made. */
struct span chat_text_make(struct chat_text *t, const struct chat_stamp *stamp);

enum chat_text_kind chat_text_read(const struct chat_text *t, struct span text,
                                   struct chat_stamp *stamp);
