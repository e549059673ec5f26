#include "core/cycles.h"

#include "core/clock.h"

enum { CALIBRATION_NS = 2 * NS_PER_MS };

/* Nanoseconds per cycle, times 2^32. One for one until it is measured. */
static uint64_t scale = (uint64_t)1 << 32;

void cycles_calibrate(void)
{
    uint64_t begun_ns = clock_ns(CLOCK_MONOTONIC), begun = cycles_now(), passed_ns;
    do {
        passed_ns = clock_ns(CLOCK_MONOTONIC) - begun_ns;
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
