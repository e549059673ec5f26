#include "load/pace.h"

#include "load/driver.h"
#include "scenario/scenario.h"

#include <sys/timerfd.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

static void arm(struct driver *d)
{
    struct itimerspec at = {
        .it_value = {(time_t)(d->due_ns / NS_PER_S), (long)(d->due_ns % NS_PER_S)}};
    timerfd_settime(d->pace_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void send_due(struct driver *d)
{
    d->due_waits = false;
    while (d->due_ns <= d->now_ns) {
        if (!driver_may_send(d))
            return;
        if (!d->plan->scenario->on_due(d, d->due_ns)) {
            d->due_waits = true;
            return;
        }
        hist_add(&d->lane->timings[TIMING_LAG], d->now_ns - d->due_ns);
        d->due_exact_ns += d->due_step_ns;
        d->due_ns = (uint64_t)d->due_exact_ns;
    }
    arm(d);
}

static void on_pace(struct ev_loop *ev, ev_io *w, int events)
{
    struct driver *d = w->data;
    uint64_t times;
    (void)ev, (void)events;
    /* Nothing to be read: it was armed anew since. */
    if (read(d->pace_fd, &times, sizeof times) < 0)
        return;
    driver_clock(d);
    send_due(d);
    driver_settle(d);
}

bool pace_init(struct driver *d)
{
    d->pace_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (d->pace_fd < 0) {
        lane_fault_add(d->lane, FAULT_LOCAL, 1);
        lane_reason_add(d->lane, "no descriptor for a timer");
        return false;
    }
    ev_io_init(&d->pace, on_pace, d->pace_fd, EV_READ);
    d->pace.data = d;
    return true;
}

void pace_deinit(struct driver *d)
{
    if (d->pace_fd < 0)
        return;
    pace_stop(d);
    close(d->pace_fd);
}

void pace_start(struct driver *d)
{
    double rate = d->plan->rate * d->share;
    if (rate <= 0 || d->plan->scenario->on_due == NULL)
        return;
    d->due_step_ns = NS_PER_S / rate;
    /* Drivers begin apart, so that they do not all send at one moment. */
    d->due_exact_ns = (double)d->now_ns + d->due_step_ns * d->index / d->count;
    d->due_ns = (uint64_t)d->due_exact_ns;
    ev_io_start(d->ev, &d->pace);
    arm(d);
}

void pace_stop(struct driver *d)
{
    ev_io_stop(d->ev, &d->pace);
}

void pace_resume(struct driver *d)
{
    if (!d->due_waits)
        return;
    send_due(d);
    driver_settle(d);
}
