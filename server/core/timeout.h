/* Time-outs of one kind share one duration, so each kind is a ring of buckets in deadline order
 * and costs a connection two links and a stamp. Activity only writes the stamp; a bucket that
 * comes due sorts the entries that were active meanwhile into a later bucket. An entry expires
 * between its duration and 17/16 of it (and a few milliseconds) after its last activity; later only
 * where more come due at once than are looked at in a tick. */
#pragma once

#include "simul/list.h"

#include <stdint.h>

enum {
    TIMEOUT_BUCKETS = 32,
    TIMEOUT_LOOKS = 1024, /* entries that one call of timeout_advance looks at: some 0.1 ms */
};

/* Embedded by its owner; zeroed is "not armed". */
struct timeout {
    struct list node;
    uint32_t stamp_ms; /* of the last activity; the low 32 bits of the loop's clock */
    uint32_t born_s;   /* the owner's, since there is room: when it came into being */
};

struct timeout_class {
    struct list buckets[TIMEOUT_BUCKETS];
    struct list due; /* from buckets that have come due: to be looked at */
    uint64_t bucket; /* number of the oldest bucket that has not come due */
    uint32_t duration_ms;
    uint32_t bucket_ms;
    uint32_t count;
};

/* duration_ms of 0 means "never": entries may be added and do not expire. */
void timeout_class_init(struct timeout_class *c, uint32_t duration_ms, uint64_t now_ms);

/* The duration is another from now on, also for those that are armed: they expire when it has
 * passed since their last activity. timeout_advance looks at each of them. */
void timeout_class_set_duration(struct timeout_class *c, uint32_t duration_ms, uint64_t now_ms);

/* Arms t, which must not be armed, as active now. */
void timeout_add(struct timeout_class *c, struct timeout *t, uint64_t now_ms);
void timeout_remove(struct timeout_class *c, struct timeout *t);

static inline void timeout_touch(struct timeout *t, uint64_t now_ms)
{
    t->stamp_ms = (uint32_t)now_ms;
}

/* Disarms entries that have expired, TIMEOUT_LOOKS at most, and calls `expire` with each. */
void timeout_advance(struct timeout_class *c, uint64_t now_ms, void (*expire)(struct timeout *));

/* Milliseconds until timeout_advance has something to look at; UINT64_MAX when nothing is armed. */
uint64_t timeout_next_ms(const struct timeout_class *c, uint64_t now_ms);
