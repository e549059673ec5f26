/* The system calls that a worker keeps once it has started: read, write, memory and the end. It
 * needs no others; so a worker that tries one (opens a file, makes a socket, executes something)
 * has been taken over, and the kernel kills it with SIGSYS. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>

/* Whether syscall_filter_install installs one: the kernel can and lets us, and we are not under
 * valgrind, whose own calls would be judged, too. */
bool syscall_filter_is_possible(void);

/* For the calling thread, for good; sets no_new_privs. OK without doing anything where it is not
 * possible. ERR_IO: it is possible and yet failed. */
enum err syscall_filter_install(void);
