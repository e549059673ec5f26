#include "core/loop.h"

#include "unit/expect.h"

#include <unistd.h>

static struct loop *loop;
static uint64_t seen_ms;

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
    (void)revents;
    ev_io_stop(ev, io);
    seen_ms = loop->now_ms;
}

/* As an accept does, which starts the time-out of a handshake. */
Test(loop, a_callback_runs_in_the_time_of_its_own_tick)
{
    struct loop_set set;
    cr_assert_eq(loop_set_init(&set, 1), OK);
    loop = &set.loops[0];
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(write(fds[1], "x", 1), 1);
    ev_io io;
    ev_io_init(&io, on_readable, fds[0], EV_READ);
    ev_io_start(loop->ev, &io);

    uint64_t start_ms = loop->now_ms;
    loop->now_ms = 1; /* the last tick was long ago */
    loop_poll(loop, false, UINT64_MAX);
    cr_assert_geq(seen_ms, start_ms);
    cr_assert_eq(seen_ms, loop->now_ms);
    close(fds[0]);
    close(fds[1]);
    loop_set_deinit(&set);
}

Test(loop, who_goes_to_sleep_after_a_long_wait_sleeps_from_now)
{
    struct loop_set set;
    cr_assert_eq(loop_set_init(&set, 1), OK);
    loop = &set.loops[0];
    wheel_init(&loop->sched.wheel, loop->now_ms - 5000); /* the last tick was 5 s ago */
    loop_poll(loop, true, UINT64_MAX);
    cr_assert_eq(loop->sched.wheel.now_ms, loop->now_ms);
    loop_set_deinit(&set);
}

Test(loop, mail_to_oneself_does_not_wait)
{
    struct loop_set set;
    cr_assert_eq(loop_set_init(&set, 1), OK);
    loop = &set.loops[0];
    struct mail m = {0};
    loop_post(loop, loop, &m);
    loop_publish_mail(loop);
    loop_poll(loop, false, UINT64_MAX); /* would never return */
    cr_assert_eq(mailbox_take(&loop->mailbox), &m);
    loop_set_deinit(&set);
}
