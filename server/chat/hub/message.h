/* What several sessions are told, in the form that all of them share: one line without its tags,
 * and what the tags are made of. Immutable once made, so every loop reads the same one; a loop
 * holds one reference for each delivery that names it. */
#pragma once

#include "chat/hub/position.h"
#include "simul/span.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct message {
    _Atomic uint32_t refs;
    uint32_t text_bytes;
    uint16_t tags_bytes;
    uint16_t part;        /* which message of its entry, from 0 */
    uint32_t need, avoid; /* capabilities: it is for sessions with all of the first and none of the
                             second */
    bool is_for_others;   /* the session that brought it about does not hear it */
    bool is_bot;          /* a bot brought it about (IRCv3 bot-mode) */
    struct position at;
    uint8_t bytes[]; /* the tags, then the text */
};

/* A message with one reference; both spans are copied. `tags` are the client-only ones as they
 * stand in a line; `text` is the rest of the line, without CR LF. NULL without memory. */
struct message *message_new(const struct position *at, struct span tags, struct span text);
struct message *message_get(struct message *m);
/* Drops one reference; NULL is allowed. From any thread. */
void message_put(struct message *m);

static inline struct span message_tags(const struct message *m)
{
    return span_of(m->bytes, m->tags_bytes);
}

static inline struct span message_text(const struct message *m)
{
    return span_of(m->bytes + m->tags_bytes, m->text_bytes);
}
