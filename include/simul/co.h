/* Stackless coroutines in the manner of protothreads, with the semantics of Python's generators.
 *
 * A coroutine is a function that takes a frame. The frame embeds `struct co co`, remembers where
 * the function stands, and holds every local that must survive an await; a zeroed frame stands at
 * the beginning. The function's body lies between CO_BEGIN and CO_END:
 *
 *     struct tick { struct co co; int n; };
 *
 *     static enum co_result tick_run(struct tick *f)
 *     {
 *         CO_BEGIN(f);
 *         for (f->n = 0; f->n < 3; f->n++) {
 *             printf("%d\n", f->n);
 *             CO_YIELD;
 *         }
 *         CO_END;
 *     }
 *
 * Rules: one await per line; none inside a nested `switch`; its condition is pure or a `try_`,
 * since it runs again at every resume, and spurious resumes are legal; a comment names the waker.
 * A frame may be dropped at any await. Resuming a finished or a running frame is a bug, and
 * aborts. */
#pragma once

#include "simul/check.h"

#include <stdbool.h>
#include <stdint.h>

enum co_result {
    CO_DONE,    /* ran to its end; must not be resumed again */
    CO_READY,   /* gave way; wants to go on at the next tick */
    CO_WAITING, /* gave way; somebody will wake it */
};

enum co_phase { CO_SUSPENDED = 0, CO_RUNNING, CO_FINISHED };

struct co {
    uint16_t line; /* where it goes on; 0 is the beginning */
    uint8_t phase; /* enum co_phase */
};

static inline void co_enter(struct co *co)
{
    CHECK(co->phase != CO_RUNNING);  /* generator already executing */
    CHECK(co->phase != CO_FINISHED); /* StopIteration: it has ended */
    co->phase = CO_RUNNING;
}

static inline enum co_result co_leave(struct co *co, enum co_result result)
{
    co->phase = result == CO_DONE ? CO_FINISHED : CO_SUSPENDED;
    return result;
}

static inline bool co_is_done(const struct co *co)
{
    return co->phase == CO_FINISHED;
}

#define CO_FALLTHROUGH __attribute__((fallthrough))

#define CO_BEGIN(frame)                                                                            \
    struct co *const co_self_ = &(frame)->co;                                                      \
    co_enter(co_self_);                                                                            \
    switch (co_self_->line) {                                                                      \
    default:                                                                                       \
        check_failed("coroutine resumed at an unknown line", __FILE__, co_self_->line);            \
    case 0:

#define CO_END                                                                                     \
    }                                                                                              \
    return co_leave(co_self_, CO_DONE)

#define CO_RETURN return co_leave(co_self_, CO_DONE)

/* yield: gives way and goes on at the next tick. */
#define CO_YIELD                                                                                   \
    do {                                                                                           \
        co_self_->line = __LINE__;                                                                 \
        return co_leave(co_self_, CO_READY);                                                       \
    case __LINE__:;                                                                                \
    } while (0)

/* while not cond: yield. The comment beside it names who wakes us. */
#define CO_AWAIT(cond)                                                                             \
    do {                                                                                           \
        co_self_->line = __LINE__;                                                                 \
        CO_FALLTHROUGH;                                                                            \
    case __LINE__:                                                                                 \
        if (!(cond))                                                                               \
            return co_leave(co_self_, CO_WAITING);                                                 \
    } while (0)

/* yield from: runs the child whose frame is `child` to its end by the expression `resume`, from
 * its beginning each time it is reached anew. A child that only gives way does not look finished.
 * The child's result is in its frame. */
#define CO_CALL(child, resume)                                                                     \
    do {                                                                                           \
        (child)->co = (struct co){0};                                                              \
        co_self_->line = __LINE__;                                                                 \
        CO_FALLTHROUGH;                                                                            \
    case __LINE__: {                                                                               \
        enum co_result co_result_ = (resume);                                                      \
        if (co_result_ != CO_DONE)                                                                 \
            return co_leave(co_self_, co_result_);                                                 \
    }                                                                                              \
    } while (0)
