/* Whether a loop is stuck in its tick, judged by samples that are taken now and then. Pure: time
 * comes in with the sample.
 *
 * A tick is held against its loop only for the time in which the loop ran, or slept in the kernel,
 * while somebody looked. A loop that waits for events, for a processor, or for a debugger is not
 * stuck, and neither is one that nobody watched because the whole process was stopped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stall_sample {
    uint64_t now_ns;
    uint64_t tick_begun_ns; /* names the tick; 0: the loop waits for events */
    uint64_t cpu_ns;        /* what its thread has run so far */
    bool is_asleep;         /* the thread sleeps in the kernel */
};

enum stall_verdict { STALL_NONE, STALL_BEGUN, STALL_OVER };

/* One for each loop. Zeroed is right. */
struct stall {
    struct stall_sample last;
    uint64_t held_ns;   /* of this tick, against its loop */
    uint64_t ran_ns;    /* of that, spent running */
    uint64_t lasted_ns; /* with a verdict: since the tick began, or from its begin to its end */
    bool is_told;
};

/* STALL_BEGUN, once, when a tick has been held against its loop for threshold_ns; STALL_OVER at the
 * first sample after that which is of another tick, or of none. No more than gap_ns_max counts
 * between two samples. */
enum stall_verdict stall_judge(struct stall *s, const struct stall_sample *sample,
                               uint64_t threshold_ns, uint64_t gap_ns_max);
