/* Open loop: messages are due at fixed times, whatever the replies do, so that a stalled server is
 * measured by everything that it kept waiting (no coordinated omission). A timer of the kernel
 * with nanoseconds wakes the driver, since those of libev round to milliseconds. */
#pragma once

#include <stdbool.h>

struct driver;

/* Makes the timer. False: it could not be had; counted. */
bool pace_init(struct driver *d);
void pace_deinit(struct driver *d);

/* From now on messages are due at the driver's share of the plan's rate; nothing without a rate. */
void pace_start(struct driver *d);
void pace_stop(struct driver *d);

/* To be called when a client may have become able to send what is overdue. */
void pace_resume(struct driver *d);
