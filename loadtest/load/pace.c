#include "load/pace.h"

#include "load/driver.h"

#include <sys/timerfd.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

static void arm(struct pace *p)
{
    struct itimerspec at = {
        .it_value = {(time_t)(p->due_ns / NS_PER_S), (long)(p->due_ns % NS_PER_S)}};
    timerfd_settime(p->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* How late we are; while nobody could send, others were. */
static void note_lag(struct pace *p)
{
    struct driver *d = p->driver;
    uint64_t since_ns = p->due_ns > p->able_ns ? p->due_ns : p->able_ns;
    if (!p->is_aside)
        hist_add(&d->lane->timings[TIMING_LAG], d->now_ns - since_ns);
}

static void send_due(struct pace *p)
{
    struct driver *d = p->driver;
    uint64_t until_ns = d->now_ns; /* then the replies have their turn */
    if (p->waits)
        p->able_ns = d->now_ns;
    p->waits = false;
    while (p->due_ns <= until_ns) {
        if (!driver_may_send(d))
            return;
        if (!p->on_due(d, p->due_ns)) {
            p->waits = true;
            return;
        }
        /* The sending itself takes time, of which the next one tells. */
        note_lag(p);
        driver_clock(d);
        p->exact_ns += p->step_ns;
        p->due_ns = (uint64_t)p->exact_ns;
    }
    arm(p);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct pace *p = w->data;
    uint64_t times;
    (void)ev, (void)events;
    /* Nothing to be read: it was armed anew since. */
    if (read(p->fd, &times, sizeof times) < 0)
        return;
    driver_clock(p->driver);
    send_due(p);
    driver_settle(p->driver);
}

bool pace_init(struct pace *p, struct driver *d,
               bool (*on_due)(struct driver *d, uint64_t intended_ns))
{
    p->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->fd < 0) {
        lane_fault_add(d->lane, FAULT_LOCAL, 1);
        lane_reason_add(d->lane, "no descriptor for a timer");
        return false;
    }
    p->driver = d;
    p->on_due = on_due;
    ev_io_init(&p->io, on_io, p->fd, EV_READ);
    p->io.data = p;
    return true;
}

void pace_deinit(struct pace *p)
{
    if (p->driver == NULL)
        return;
    pace_stop(p);
    close(p->fd);
}

void pace_start(struct pace *p, double rate)
{
    struct driver *d = p->driver;
    if (rate <= 0)
        return;
    p->step_ns = NS_PER_S / rate;
    /* Drivers begin apart, so that they do not all send at one moment. */
    p->exact_ns = (double)d->now_ns + p->step_ns * d->index / d->count;
    p->due_ns = (uint64_t)p->exact_ns;
    ev_io_start(d->ev, &p->io);
    arm(p);
}

void pace_stop(struct pace *p)
{
    ev_io_stop(p->driver->ev, &p->io);
}

void pace_resume(struct pace *p)
{
    if (!p->waits)
        return;
    driver_clock(p->driver);
    send_due(p);
    driver_settle(p->driver);
}
