#include "core/watchdog.h"

#include "core/clock.h"
#include "core/descriptors.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/stack_trace.h"
#include "core/stall.h"
#include "core/symbols.h"
#include "core/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOKS_PER_STALL = 4, /* so this many a second by default, which costs nothing to speak of */
    STUCK_LOOK_NS = 10 * NS_PER_MS, /* while a loop is stuck, to see when it goes on */
    FRAME_CHARS = 96,
    BACKTRACE_CHARS = 3072, /* leaves room for the rest of the line */
};

struct watchdog {
    struct loop_set *loops;
    struct stall *stalls; /* one for each loop */
    uint64_t stall_ns;
    unsigned stuck_count; /* loops of which that was told last */
    _Atomic uint64_t stall_count;
    struct symbols symbols;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t must_stop;
    bool is_stopping; /* with the lock held */
};

/* Whether the thread sleeps in the kernel, rather than runs or waits for a processor to run on. */
static bool is_asleep(pid_t tid)
{
    char path[64], stat[512];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, stat, sizeof(stat) - 1);
    close(fd);
    stat[len > 0 ? len : 0] = '\0';
    const char *name_end = strrchr(stat, ')'); /* "TID (name) S ..." */
    if (name_end == NULL || strlen(name_end) < 3)
        return false;
    return name_end[2] == 'S' || name_end[2] == 'D';
}

static struct stall_sample take_sample(const struct pulse *p, const struct stall *before)
{
    struct stall_sample s = {.now_ns = clock_ns(CLOCK_MONOTONIC),
                             .tick_begun_ns =
                                 atomic_load_explicit(&p->tick_begun_ns, memory_order_acquire)};
    if (s.tick_begun_ns == 0)
        return s;
    s.cpu_ns = clock_ns(p->cpu_clock);
    if (s.tick_begun_ns == before->last.tick_begun_ns)
        s.is_asleep = is_asleep(p->tid);
    return s;
}

/* "innermost+0x12 < its_caller+0x34 < ..." */
static void describe(const struct symbols *symbols, const struct stack_trace *trace, char *out)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < trace->count; i++) {
        char frame[FRAME_CHARS];
        symbols_describe(symbols, trace->frames[i], frame, sizeof(frame));
        if (len + strlen(frame) + sizeof(" < ") > BACKTRACE_CHARS)
            return;
        len += (size_t)sprintf(out + len, "%s%s", i == 0 ? "" : " < ", frame);
    }
}

static void tell_stuck(const struct watchdog *w, const struct loop *l, const struct stall *s)
{
    struct stack_trace trace;
    char backtrace[BACKTRACE_CHARS] = "the thread did not answer";
    const char *running = atomic_load_explicit(&l->pulse.running, memory_order_relaxed);
    uint32_t line = 0; /* what pulse.line says is over where nothing runs */
    if (running != NULL)
        line = atomic_load_explicit(&l->pulse.line, memory_order_relaxed);
    if (stack_trace_take(&trace, l->pulse.tid))
        describe(&w->symbols, &trace, backtrace);
    LOG_WARN("loop is stuck", LOG_INT("loop", l->index),
             LOG_STR("running", running == NULL ? "no coroutine" : running), LOG_INT("line", line),
             LOG_INT("ms", (int64_t)(s->lasted_ns / NS_PER_MS)),
             LOG_INT("cpu_ms", (int64_t)(s->ran_ns / NS_PER_MS)),
             LOG_LONG_STR("backtrace", backtrace));
}

static void tell_over(const struct loop *l, const struct stall *s)
{
    LOG_WARN("loop goes on", LOG_INT("loop", l->index),
             LOG_INT("ms", (int64_t)(s->lasted_ns / NS_PER_MS)));
}

static uint64_t look_gap_ns(const struct watchdog *w)
{
    uint64_t gap_ns = w->stall_ns / LOOKS_PER_STALL;
    return w->stuck_count > 0 && gap_ns > STUCK_LOOK_NS ? STUCK_LOOK_NS : gap_ns;
}

static void look_at(struct watchdog *w, const struct loop *l, struct stall *s)
{
    struct stall_sample sample = take_sample(&l->pulse, s);
    /* We may be late ourselves, but with twice the usual gap the whole process was stopped. */
    switch (stall_judge(s, &sample, w->stall_ns, 2 * w->stall_ns / LOOKS_PER_STALL)) {
    case STALL_BEGUN:
        w->stuck_count++;
        atomic_fetch_add_explicit(&w->stall_count, 1, memory_order_relaxed);
        tell_stuck(w, l, s);
        break;
    case STALL_OVER:
        w->stuck_count--;
        tell_over(l, s);
        break;
    case STALL_NONE:
        break;
    }
}

static void look(struct watchdog *w)
{
    for (unsigned i = 0; i < w->loops->count; i++)
        look_at(w, &w->loops->loops[i], &w->stalls[i]);
}

/* Waits until the next look is due; false: there will be none. */
static bool await_look(struct watchdog *w)
{
    uint64_t due_ns = clock_ns(CLOCK_MONOTONIC) + look_gap_ns(w);
    const struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_SECOND),
                                 .tv_nsec = (long)(due_ns % NS_PER_SECOND)};
    int error = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->is_stopping && error == 0)
        error = pthread_cond_timedwait(&w->must_stop, &w->lock, &due);
    bool goes_on = !w->is_stopping;
    pthread_mutex_unlock(&w->lock);
    return goes_on;
}

static void *run(void *arg)
{
    struct watchdog *w = arg;
    descriptors_detach(STDERR_FILENO);
    while (await_look(w))
        look(w);
    return NULL;
}

static void init_lock(struct watchdog *w)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->must_stop, &attr);
    pthread_condattr_destroy(&attr);
}

static void release(struct watchdog *w)
{
    symbols_close(&w->symbols);
    pthread_cond_destroy(&w->must_stop);
    pthread_mutex_destroy(&w->lock);
    free(w->stalls);
    free(w);
}

enum err watchdog_start(struct watchdog **out, struct loop_set *loops, uint32_t stall_ms)
{
    struct watchdog *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ERR_NOMEM;
    w->loops = loops;
    w->stall_ns = (uint64_t)stall_ms * NS_PER_MS;
    init_lock(w);
    w->stalls = calloc(loops->count, sizeof(*w->stalls));
    enum err e = w->stalls == NULL ? ERR_NOMEM : stack_trace_start();
    if (e == OK) {
        symbols_open(&w->symbols);
        int error = thread_start(&w->thread, run, w);
        errno = error;
        e = error == 0 ? OK : ERR_IO;
    }
    if (e != OK) {
        release(w);
        return e;
    }
    *out = w;
    return OK;
}

void watchdog_stop(struct watchdog *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    pthread_cond_signal(&w->must_stop);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    release(w);
}

uint64_t watchdog_stalls(const struct watchdog *w)
{
    return atomic_load_explicit(&w->stall_count, memory_order_relaxed);
}
