/* The watchdog: a thread that notices a loop which does not get on with its tick while it is stuck
 * there, and logs where:
 *
 *     level=warn msg="loop is stuck" loop=2 running=http line=214 ms=1136 cpu_ms=1122
 *         backtrace="json_dumps+0x8a < answer_json+0x31 < ... < tick+0x7e"
 *     level=warn msg="loop goes on" loop=2 ms=3420
 *
 * Whether the loop runs in circles or sleeps in the kernel shows by cpu_ms. */
#pragma once

#include "simul/err.h"

#include <stdint.h>

struct loop_set;
struct watchdog;

/* Starts watching all loops of the set, each of which has called pulse_adopt on its own thread or
 * has not yet begun a tick. One that is held up for stall_ms (at least 1) is noticed within half
 * as much again. At most one watchdog at a time. ERR_NOMEM; ERR_IO: no thread or no signal handler
 * could be had, errno tells why. */
enum err watchdog_start(struct watchdog **out, struct loop_set *loops, uint32_t stall_ms);

/* Ends the thread and frees it. The loops' threads may end only after this. */
void watchdog_stop(struct watchdog *w);

/* How many times a loop was stuck; from any thread. */
uint64_t watchdog_stalls(const struct watchdog *w);
