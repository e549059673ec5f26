/* Landlock: a process gives up the file system for itself and all its descendants, except what this
 * program needs to be started again: its own file, the loader, the libraries, OpenSSL's
 * configuration, and /dev/null. Where the kernel supports it, it also gives up TCP ports, abstract
 * Unix sockets, and signals to processes that are not so confined. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>

/* Whether landlock_confine confines: the kernel has Landlock and lets us use it, and we are not
 * under valgrind, which opens files for us. */
bool landlock_is_possible(void);

/* Confines this process, which must have one thread, and its children, for good; sets no_new_privs.
 * OK without doing anything where it is not possible. ERR_IO: it is possible and yet failed; errno
 * tells why. */
enum err landlock_confine(void);
