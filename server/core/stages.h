/* Where the time of a loop's ticks goes: each stage of a tick is timed as a whole, always, for one
 * read of the time-stamp counter each; so there are few. Written by the loop's thread alone; others
 * may read it at any time. */
#pragma once

#include "core/cycles.h"
#include "simul/hist.h"

#include <stdatomic.h>
#include <stdint.h>

/* X(name, what happens there), in the order of a tick. */
#define STAGES(X)                                                                                  \
    X(arrive, "new connections, and letters of other loops")                                       \
    X(sessions, "reads and time-outs, and the sessions that they resume")                          \
    X(hub, "the chat's commands, on the loop that has the hub")                                    \
    X(fan_out, "the hub's deliveries, rendered and queued")                                        \
    X(flush, "writes, and the end of connections")

#define STAGE_NAME(name, what) STAGE_##name,
enum stage { STAGES(STAGE_NAME) STAGE_COUNT };
#undef STAGE_NAME

struct stages {
    uint64_t mark; /* when the present stage began, in cycles */
    struct {
        _Atomic uint64_t cycles, longest_cycles;
    } of[STAGE_COUNT];
};

static inline void stages_begin(struct stages *s, uint64_t now_cycles)
{
    s->mark = now_cycles;
}

/* The stage ends, and the next begins. */
static inline void stages_end(struct stages *s, enum stage stage)
{
    uint64_t now = cycles_now(), took = now - s->mark;
    s->mark = now;
    hist_bump(&s->of[stage].cycles, took);
    if (took > hist_get(&s->of[stage].longest_cycles))
        hist_set(&s->of[stage].longest_cycles, took);
}
