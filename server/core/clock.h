/* The system's clocks in nanoseconds. Who drives something from outside (sched.h, stall.h) passes
 * the time in, so that tests can make it up. */
#pragma once

#include <stdint.h>
#include <time.h>

enum { NS_PER_MS = 1000 * 1000, NS_PER_SECOND = 1000 * NS_PER_MS };

/* 0 when there is no such clock: that of a thread which has ended. */
static inline uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}
