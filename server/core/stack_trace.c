#include "core/stack_trace.h"

#include "core/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>
#include <unwind.h>

enum { ANSWER_MS_MAX = 200 };

/* The stack on its way from the thread that was asked to the one that asks. */
static struct {
    _Atomic pid_t asked; /* who may write; 0: nobody, so a signal that comes late changes nothing */
    atomic_bool is_done;
    struct stack_trace trace;
} answer;

struct walk {
    struct stack_trace *trace;
    bool is_past_handler;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *arg)
{
    struct walk *w = arg;
    struct stack_trace *t = w->trace;
    int is_interrupted = 0; /* here, rather than in a call */
    uintptr_t address = _Unwind_GetIPInfo(context, &is_interrupted);
    if (is_interrupted && !w->is_past_handler) {
        w->is_past_handler = true;
        t->count = 0; /* what stands above is the handler itself */
    }
    if (address == 0 || t->count == STACK_TRACE_FRAMES_MAX)
        return _URC_END_OF_STACK;
    /* A call may be its function's last instruction; what it returns to is then another one. */
    t->frames[t->count++] = is_interrupted ? address : address - 1;
    return _URC_NO_REASON;
}

static void walk_stack(struct stack_trace *out)
{
    struct walk w = {.trace = out};
    out->count = 0;
    _Unwind_Backtrace(on_frame, &w);
}

static void on_signal(int number)
{
    (void)number;
    int errno_before = errno;
    pid_t me = gettid();
    if (atomic_compare_exchange_strong(&answer.asked, &me, 0)) {
        walk_stack(&answer.trace);
        atomic_store_explicit(&answer.is_done, true, memory_order_release);
    }
    errno = errno_before;
}

/* A real-time signal, since the others have their users: profilers, timers, terminals. */
static int signal_number(void)
{
    return SIGRTMIN + 1;
}

enum err stack_trace_start(void)
{
    struct stack_trace first;
    walk_stack(&first);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    return sigaction(signal_number(), &action, NULL) == 0 ? OK : ERR_IO;
}

static bool is_answered(void)
{
    return atomic_load_explicit(&answer.is_done, memory_order_acquire);
}

static void sleep_1ms(void)
{
    const struct timespec pause = {.tv_nsec = NS_PER_MS};
    nanosleep(&pause, NULL);
}

bool stack_trace_take(struct stack_trace *out, pid_t tid)
{
    atomic_store_explicit(&answer.is_done, false, memory_order_relaxed);
    atomic_store(&answer.asked, tid);
    int waited_ms = tgkill(getpid(), tid, signal_number()) == 0 ? 0 : ANSWER_MS_MAX;
    for (; waited_ms < ANSWER_MS_MAX && !is_answered(); waited_ms++)
        sleep_1ms();
    pid_t asked = tid;
    if (atomic_compare_exchange_strong(&answer.asked, &asked, 0))
        return false; /* and it will not write any more */
    while (!is_answered())
        sleep_1ms();
    *out = answer.trace;
    return true;
}
