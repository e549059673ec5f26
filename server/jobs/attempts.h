/* How often a process is started anew that ends as soon as it is started: at once the first time,
 * then after a rest that is doubled each time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    ATTEMPT_LIFE_MS_MIN = 1000, /* what ends sooner, and has done nothing, has failed to start */
    ATTEMPT_REST_MS_MIN = 100,
    ATTEMPT_REST_MS_MAX = 10 * 1000,
};

/* Embedded by its owner; zeroed: there was none yet. */
struct attempts {
    uint64_t began_ms;
    unsigned failures; /* in a row */
};

static inline void attempts_begin(struct attempts *a, uint64_t now_ms)
{
    a->began_ms = now_ms;
}

/* The process has ended, or could not be started at all. Returns how long its place stays empty. */
static inline uint64_t attempts_end(struct attempts *a, uint64_t now_ms, bool has_worked)
{
    bool is_failure = !has_worked && now_ms - a->began_ms < ATTEMPT_LIFE_MS_MIN;
    a->failures = is_failure ? a->failures + 1 : 0;
    if (a->failures <= 1)
        return 0;
    unsigned doublings = a->failures - 2 < 16 ? a->failures - 2 : 16;
    uint64_t rest_ms = (uint64_t)ATTEMPT_REST_MS_MIN << doublings;
    return rest_ms < ATTEMPT_REST_MS_MAX ? rest_ms : ATTEMPT_REST_MS_MAX;
}
