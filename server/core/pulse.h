/* What a loop lets the watchdog see of itself: since when its tick has run, and what runs in it.
 * The loop's thread writes it with plain stores, since it does so several times in every tick; the
 * watchdog reads it a few times a second. */
#pragma once

#include "simul/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct pulse {
    _Atomic uint64_t tick_begun_ns; /* CLOCK_MONOTONIC; 0: the loop waits for events */
    _Atomic(const char *) running;  /* a session's name, static storage; NULL: no coroutine */
    _Atomic uint32_t line;          /* where that coroutine goes on */
    pid_t tid;                      /* these two stand once tick_begun_ns has been set */
    clockid_t cpu_clock;
};

/* For the loop's thread, before its first tick. */
static inline void pulse_adopt(struct pulse *p)
{
    p->tid = gettid();
    CHECK(pthread_getcpuclockid(pthread_self(), &p->cpu_clock) == 0);
}

static inline void pulse_begin_tick(struct pulse *p, uint64_t now_ns)
{
    atomic_store_explicit(&p->tick_begun_ns, now_ns, memory_order_release);
}

static inline void pulse_end_tick(struct pulse *p)
{
    atomic_store_explicit(&p->tick_begun_ns, 0, memory_order_relaxed);
}

static inline void pulse_enter(struct pulse *p, const char *name, uint32_t line)
{
    atomic_store_explicit(&p->line, line, memory_order_relaxed);
    atomic_store_explicit(&p->running, name, memory_order_relaxed);
}

static inline void pulse_leave(struct pulse *p)
{
    atomic_store_explicit(&p->running, NULL, memory_order_relaxed);
}
