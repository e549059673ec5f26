#include "core/cycles.h"

#include <time.h>

enum { CALIBRATION_NS = 2 * 1000 * 1000 };

/* Nanoseconds per cycle, times 2^32. One for one until it is measured. */
static uint64_t scale = (uint64_t)1 << 32;

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void cycles_calibrate(void)
{
    uint64_t begun_ns = clock_ns(), begun = cycles_now(), passed_ns;
    do {
        passed_ns = clock_ns() - begun_ns;
    } while (passed_ns < CALIBRATION_NS);
    uint64_t cycles = cycles_now() - begun;
    if (cycles > 0)
        scale = (uint64_t)((double)passed_ns / (double)cycles * 4294967296.0);
}

uint64_t cycles_to_ns(uint64_t cycles)
{
    /* Both halves, since a product of 64 bits would overflow after some seconds. */
    return (cycles >> 32) * scale + ((cycles & 0xffffffff) * scale >> 32);
}
