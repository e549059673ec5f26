#include "core/stack_trace.h"

#include "core/symbols.h"
#include "unit/expect.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Another thread, which tells its id and then stands where the test wants it. */
static struct {
    pthread_t thread;
    pid_t tid;
    sem_t is_ready;
    atomic_bool may_end;
    int pipe[2];
    ssize_t got;
    int errno_seen;
} other;

static void begin(void *(*run)(void *))
{
    expect_ok(stack_trace_start());
    cr_assert_eq(sem_init(&other.is_ready, 0, 0), 0);
    cr_assert_eq(pipe(other.pipe), 0);
    cr_assert_eq(pthread_create(&other.thread, NULL, run, NULL), 0);
    sem_wait(&other.is_ready);
}

static void say_ready(void)
{
    other.tid = gettid();
    sem_post(&other.is_ready);
}

static void end(void)
{
    atomic_store(&other.may_end, true);
    pthread_join(other.thread, NULL);
}

/* Whether some frame of the stack is of this function. */
static bool has_function(const struct stack_trace *t, const char *name)
{
    struct symbols s;
    bool is_found = false;
    symbols_open(&s);
    for (size_t i = 0; i < t->count; i++) {
        char text[128];
        symbols_describe(&s, t->frames[i], text, sizeof(text));
        is_found = is_found || strncmp(text, name, strlen(name)) == 0;
    }
    symbols_close(&s);
    return is_found;
}

__attribute__((noinline)) static void run_in_circles(void)
{
    while (!atomic_load(&other.may_end))
        ;
}

static void *be_busy(void *arg)
{
    say_ready();
    errno = 4321;
    run_in_circles();
    other.errno_seen = errno;
    return arg;
}

Test(stack_trace, a_thread_that_runs_is_found_where_it_runs)
{
    begin(be_busy);
    struct stack_trace t;
    do
        cr_assert(stack_trace_take(&t, other.tid));
    while (!has_function(&t, "run_in_circles")); /* it may have said that it is ready just now */
    cr_assert(has_function(&t, "be_busy"));
    cr_assert_not(has_function(&t, "on_signal"), "its handler is not what it was doing");
    end();
    cr_assert_eq(other.errno_seen, 4321);
}

__attribute__((noinline)) static void read_a_byte(void)
{
    char byte;
    other.got = read(other.pipe[0], &byte, 1);
    atomic_store(&other.may_end, true);
}

static void *be_blocked(void *arg)
{
    say_ready();
    read_a_byte();
    return arg;
}

Test(stack_trace, a_thread_that_sleeps_is_found_and_sleeps_on)
{
    begin(be_blocked);
    struct stack_trace t;
    do
        cr_assert(stack_trace_take(&t, other.tid));
    while (!has_function(&t, "read_a_byte"));
    cr_assert_eq(write(other.pipe[1], "x", 1), 1);
    end();
    cr_assert_eq(other.got, 1, "no EINTR");
}

static void *be_deaf(void *arg)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    say_ready();
    run_in_circles();
    sigemptyset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* now the signal comes, and nobody wants it */
    return arg;
}

Test(stack_trace, a_thread_that_takes_no_signal_is_given_up)
{
    begin(be_deaf);
    struct stack_trace t = {.count = 7};
    cr_assert_not(stack_trace_take(&t, other.tid));
    end();
    cr_assert_eq(t.count, 7);
}

Test(stack_trace, a_thread_that_has_ended_is_given_up)
{
    begin(be_busy);
    end();
    struct stack_trace t;
    cr_assert_not(stack_trace_take(&t, other.tid));
}

Test(stack_trace, a_signal_that_nobody_asked_for_changes_nothing)
{
    begin(be_busy);
    struct stack_trace t;
    for (int i = 0; i < 100; i++)
        pthread_kill(other.thread, SIGRTMIN + 1);
    cr_assert(stack_trace_take(&t, other.tid));
    end();
}

__attribute__((noinline)) static int descend(int depth)
{
    if (depth > 0)
        return descend(depth - 1) + 1;
    run_in_circles();
    return 0;
}

static void *be_deep(void *arg)
{
    say_ready();
    other.got = descend(1000);
    return arg;
}

Test(stack_trace, of_a_deep_stack_the_innermost_frames_are_told)
{
    begin(be_deep);
    struct stack_trace t;
    do
        cr_assert(stack_trace_take(&t, other.tid));
    while (!has_function(&t, "run_in_circles"));
    cr_assert_eq(t.count, STACK_TRACE_FRAMES_MAX);
    cr_assert(has_function(&t, "descend"));
    cr_assert_not(has_function(&t, "be_deep"));
    end();
}
