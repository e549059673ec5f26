/* The ready queue and the sleepers of one loop. It knows no clock: whoever drives it says what
 * time it is, so tests run it under a fake one.
 *
 * A task is anything that can be resumed: a connection, or a background job of a loop. Tasks are
 * resumed from sched_run only, never from inside one another. */
#pragma once

#include "core/wheel.h"
#include "simul/co.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task {
    struct task *next; /* in the ready queue; NULL when not queued */
    enum co_result (*resume)(struct task *);
};

struct sched {
    struct task *tail; /* circular: tail->next is the head; NULL when empty */
    size_t ready_count;
    struct wheel wheel;
};

void sched_init(struct sched *s, uint64_t now_ms);

/* Puts the task at the back of the ready queue, unless it is queued already. */
void sched_wake(struct sched *s, struct task *t);

/* Takes the task out of the queue, for one that is about to be freed. O(length of the queue). */
void sched_forget(struct sched *s, struct task *t);

bool sched_has_ready(const struct sched *s);

/* Wakes the sleepers that are due at now_ms, then resumes once each task that was ready when the
 * call began. A task that answers CO_READY is queued again, for the next call. */
void sched_run(struct sched *s, uint64_t now_ms);

/* A child frame that sleeps. It is linked into the wheel while it waits, so a frame that is
 * dropped meanwhile must be passed to co_sleep_cancel. */
struct co_sleep {
    struct co co;
    struct wheel_timer timer;
    struct sched *sched;
    struct task *task;
};

/* The coroutine: CO_CALL(&f->sleep, co_sleep(&f->sleep, sched, task, ms)). Wakes `task` by the
 * wheel when ms milliseconds have passed since the wheel was last advanced, which a loop does at
 * the start of each tick; 0 gives way once. */
enum co_result co_sleep(struct co_sleep *f, struct sched *s, struct task *t, uint32_t ms);
void co_sleep_cancel(struct co_sleep *f);
