/* Open loop: messages are due at fixed times, whatever the replies do, so that a stalled server is
 * measured by everything that it kept waiting (no coordinated omission). A timer of the kernel
 * with nanoseconds wakes the driver, since those of libev round to milliseconds. */
#pragma once

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct driver;

/* A rate of a driver's. Exposed to be embedded; zeroed, it can be deinitialised. */
struct pace {
    struct driver *driver;
    /* A message is due; `intended_ns` is when it was to be sent. False: nobody can send it now, and
     * it is due still. */
    bool (*on_due)(struct driver *d, uint64_t intended_ns);
    int fd; /* the timer */
    ev_io io;
    double step_ns, exact_ns; /* from one message to the next; when the next is due */
    uint64_t due_ns;          /* the same, whole */
    bool waits;               /* nobody could send what is due */
    bool is_aside;            /* no latency counts from when that is due, and no lag is noted */
    uint64_t able_ns;         /* when somebody could again */
};

/* Makes the timer. False: it could not be had; counted. */
bool pace_init(struct pace *p, struct driver *d,
               bool (*on_due)(struct driver *d, uint64_t intended_ns));
void pace_deinit(struct pace *p);

/* From now on so many messages are due a second; nothing if that is 0. */
void pace_start(struct pace *p, double rate);
void pace_stop(struct pace *p);

/* To be called when a client may have become able to send what is overdue. */
void pace_resume(struct pace *p);
