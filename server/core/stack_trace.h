/* Where another thread of this process stands: a signal makes it walk its own stack. Its handler
 * only stores addresses; symbols.h gives them names, on a thread that may take its time. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STACK_TRACE_FRAMES_MAX = 48 };

/* Innermost first. Each address lies within the instruction that runs, or that made the call. */
struct stack_trace {
    size_t count;
    uintptr_t frames[STACK_TRACE_FRAMES_MAX];
};

/* Once, before stack_trace_take: installs the handler, for good, and has the unwinder do once what
 * it does the first time, which no signal handler may. ERR_IO; errno tells why. */
enum err stack_trace_start(void);

/* Interrupts the thread and waits until it has stored its stack. False: it has ended, or has not
 * taken the signal in 200 ms. From one thread at a time. System calls of the interrupted thread are
 * restarted, except those that never are (poll, epoll_wait, nanosleep: EINTR). */
bool stack_trace_take(struct stack_trace *out, pid_t tid);
