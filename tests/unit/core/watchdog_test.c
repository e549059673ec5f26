#include "core/watchdog.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/loop.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STALL_MS = 60, TRIES_MS_MAX = 20 * 1000 };

static struct loop_set set;
static struct watchdog *watchdog;
static char log_path[64], log_text[64 * 1024];

static void setup(void)
{
    strcpy(log_path, "/tmp/watchdog_test.XXXXXX");
    close(mkstemp(log_path));
    const struct log_options options = {.level = LOG_LEVEL_INFO, .file = log_path};
    expect_ok(log_start(&options, log_text, sizeof(log_text)));
    expect_ok(loop_set_init(&set, 2));
    expect_ok(watchdog_start(&watchdog, &set, STALL_MS));
}

static void teardown(void)
{
    watchdog_stop(watchdog);
    loop_set_deinit(&set);
    log_stop();
    unlink(log_path);
}

TestSuite(watchdog, .init = setup, .fini = teardown);

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS};
    nanosleep(&pause, NULL);
}

static bool has_logged(const char *text)
{
    int fd = open(log_path, O_RDONLY);
    ssize_t len = read(fd, log_text, sizeof(log_text) - 1);
    close(fd);
    log_text[len > 0 ? len : 0] = '\0';
    return strstr(log_text, text) != NULL;
}

static bool comes_to_log(const char *text)
{
    for (int ms = 0; ms < TRIES_MS_MAX && !has_logged(text); ms += 5)
        sleep_ms(5);
    return has_logged(text);
}

/* --- loops that do not wait for anything ------------------------------------------------- */

static atomic_bool may_end;

static void begin(struct pulse *p)
{
    pulse_adopt(p);
    pulse_begin_tick(p, clock_ns(CLOCK_MONOTONIC));
}

__attribute__((noinline)) static void run_in_circles(void)
{
    while (!atomic_load(&may_end))
        ;
}

__attribute__((noinline)) static void sleep_in_the_tick(void)
{
    while (!atomic_load(&may_end))
        sleep_ms(20); /* far from a whole threshold, and yet the tick does not end */
}

static void *get_stuck_running(void *pulse)
{
    begin(pulse);
    pulse_enter(pulse, "the name", 17);
    run_in_circles();
    pulse_leave(pulse);
    pulse_end_tick(pulse);
    return NULL;
}

static void *get_stuck_sleeping(void *pulse)
{
    begin(pulse);
    pulse_enter(pulse, "over", 9);
    pulse_leave(pulse);
    sleep_in_the_tick();
    pulse_end_tick(pulse);
    return NULL;
}

static void *wait_for_events(void *pulse)
{
    begin(pulse);
    pulse_end_tick(pulse);
    sleep_in_the_tick();
    return NULL;
}

static void *tick_on(void *pulse)
{
    pulse_adopt(pulse);
    while (!atomic_load(&may_end))
        pulse_begin_tick(pulse, clock_ns(CLOCK_MONOTONIC));
    pulse_end_tick(pulse);
    return NULL;
}

static pthread_t run(void *(*loop)(void *), unsigned index)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, loop, &set.loops[index].pulse), 0);
    return thread;
}

static void end(pthread_t thread)
{
    atomic_store(&may_end, true);
    pthread_join(thread, NULL);
}

Test(watchdog, a_loop_that_runs_in_circles_is_named_while_it_does)
{
    pthread_t thread = run(get_stuck_running, 1);
    cr_assert(comes_to_log("msg=\"loop is stuck\" loop=1 running=\"the name\" line=17 ms="));
    cr_assert(has_logged("run_in_circles+0x"), "%s", log_text);
    cr_assert(has_logged(" < get_stuck_running+0x"), "%s", log_text);
    cr_assert_not(has_logged("loop goes on"));
    cr_assert_eq(watchdog_stalls(watchdog), 1);
    end(thread);
    cr_assert(comes_to_log("msg=\"loop goes on\" loop=1 ms="));
    cr_assert_eq(watchdog_stalls(watchdog), 1);
}

Test(watchdog, a_loop_that_sleeps_in_its_tick_is_named_while_it_does)
{
    pthread_t thread = run(get_stuck_sleeping, 0);
    cr_assert(comes_to_log("msg=\"loop is stuck\" loop=0 running=\"no coroutine\" line=0 ms="));
    cr_assert(has_logged("sleep_in_the_tick+0x"), "%s", log_text);
    end(thread);
    cr_assert(comes_to_log("msg=\"loop goes on\" loop=0 ms="));
}

Test(watchdog, two_loops_are_stuck_at_once)
{
    pthread_t first = run(get_stuck_running, 0), second = run(get_stuck_sleeping, 1);
    cr_assert(comes_to_log("msg=\"loop is stuck\" loop=0 "));
    cr_assert(comes_to_log("msg=\"loop is stuck\" loop=1 "));
    end(first);
    end(second);
    cr_assert(comes_to_log("msg=\"loop goes on\" loop=0 "));
    cr_assert(comes_to_log("msg=\"loop goes on\" loop=1 "));
    cr_assert_eq(watchdog_stalls(watchdog), 2);
}

Test(watchdog, loops_that_wait_or_get_on_are_left_alone)
{
    pthread_t waits = run(wait_for_events, 0), ticks = run(tick_on, 1);
    sleep_ms(6 * STALL_MS);
    end(waits);
    end(ticks);
    cr_assert_eq(watchdog_stalls(watchdog), 0);
    cr_assert_not(has_logged("loop"));
}

Test(watchdog, without_memory_there_is_none)
{
    struct watchdog *none;
    for (size_t n = 0; n < 2; n++) {
        alloc_fail_after(n);
        expect_err(watchdog_start(&none, &set, STALL_MS), ERR_NOMEM);
        alloc_fail_stop();
    }
}
