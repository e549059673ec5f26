/* The processor's time-stamp counter: what a resume took costs two reads of it, some 40 cycles, and
 * not two system clocks. */
#pragma once

#include <stdint.h>

/* To be called once, before any thread exists: compares the counter with the clock for two
 * milliseconds. */
void cycles_calibrate(void);

/* Counts up steadily and at the same rate on every core. */
static inline uint64_t cycles_now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
#error "a time-stamp counter is wanted here; see server/core/cycles.h"
#endif
}

/* A difference of two readings, in nanoseconds. */
uint64_t cycles_to_ns(uint64_t cycles);
