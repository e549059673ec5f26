/* Lets the answers of an echo out as it was asked to: late, in small segments, at a pace, with a
 * stall, and with an odd end. Between a session and its connection:
 *
 *     for (;;) {
 *         … take input while shaper_has_room, shaper_begin and shaper_say what answers it …
 *         shaper_run(&s);
 *         if (c->state != CONN_OPEN)
 *             CO_RETURN;             (the end that was asked for has come)
 *         CO_AWAIT(shaper_can_run(&s) || conn_try_event(c));
 *     }
 *
 * What is said stands in one queue, so that everything keeps its order: bytes, filling that takes
 * no memory, stalls, and the end. Whoever has a shaper writes to the connection through it alone.
 * Where memory is out, the connection is aborted, as conn_write does. */
#pragma once

#include "core/wheel.h"
#include "simul/chance.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct faults;
struct shaper_item;

enum {
    SHAPER_BYTES_MAX = 256 * 1024, /* of what waits, and then the answer in hand */
    SHAPER_ITEMS_MAX = 4096,
    SHAPER_CHOP_PAUSE_MS = 5,     /* between two segments */
    SHAPER_TRICKLE_PAUSE_MS = 10, /* between two bytes of shaper_trickle */
};

enum shaper_end {
    SHAPER_CLOSE,      /* conn_close */
    SHAPER_RESET,      /* conn_reset */
    SHAPER_HALF_CLOSE, /* conn_half_close; what is said behind it is dropped */
};

/* In the frame of a session. */
struct shaper {
    struct conn *conn;
    struct wheel_timer timer;
    struct shaper_item *head, *tail;
    size_t bytes, items; /* that wait; filling counts as none */
    size_t counted;      /* memory_count */
    uint64_t due_ms;     /* when the answer in hand may leave */
    uint64_t free_us;    /* when the next bytes may, by pace, pause and stall */
    struct chance chance;
    uint32_t delay_ms, jitter_ms, chop_bytes, bytes_per_second;
    bool is_ending; /* the end is queued, or has come */
    bool hurries;   /* what is said waits for nothing but room */
};

/* Takes of the faults what is its own: delay_ms, jitter_ms, chop, slow_bytes_per_second. */
void shaper_init(struct shaper *s, struct conn *c, const struct faults *f);
/* To be called from the session's drop; safe for a zeroed one, and again. */
void shaper_deinit(struct shaper *s);

/* Whether another answer may be said. If not, the session takes no input: shaper_can_run wakes. */
static inline bool shaper_has_room(const struct shaper *s)
{
    return s->bytes < SHAPER_BYTES_MAX && s->items < SHAPER_ITEMS_MAX;
}

static inline bool shaper_is_empty(const struct shaper *s)
{
    return s->head == NULL;
}

/* Another answer begins: what is said from here on is late by delay_ms and the jitter that is drawn
 * for it, yet not before what was said earlier. */
void shaper_begin(struct shaper *s);
/* `len` bytes at the end of the queue, to be filled before the next call; NULL without memory, or
 * after shaper_end. */
uint8_t *shaper_room(struct shaper *s, size_t len);
/* Copies the bytes there. */
void shaper_say(struct shaper *s, struct span bytes);
/* The same, to be sent byte by byte, with pauses. */
void shaper_trickle(struct shaper *s, struct span bytes);
/* `count` bytes that repeat the pattern, from its first. */
void shaper_fill(struct shaper *s, const uint8_t pattern[4], uint64_t count);
/* Sends nothing for that long, after what was said so far. */
void shaper_stall(struct shaper *s, uint32_t ms);
/* Ends the connection in this way after what was said so far; nothing more can be said. */
void shaper_end(struct shaper *s, enum shaper_end end);

/* Sends what may leave by now, as long as the peer takes it, and has itself woken for the rest: to
 * be called behind everything that is said in a resume. What waits counts toward the choice of who
 * is evicted, if the session's held_bytes tells it. */
void shaper_run(struct shaper *s);
/* For CO_AWAIT: whether shaper_run has something to do. Woken by the shaper's timer, or by the
 * flush. */
bool shaper_can_run(struct shaper *s);

/* Forgets everything that waits, even the end. False: something was sent in part, so that whatever
 * follows would stand in the middle of it. */
bool shaper_clear(struct shaper *s);
