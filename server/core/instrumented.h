/* Whether the program runs as a tool's guest: such a run needs more than the program itself does,
 * files and system calls of the tool's own, which confined processes would be refused. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Built with sanitizers (SIMUL_SANITIZE), whose runtimes read /proc, write reports and look for
 * leaks by threads of their own. */
#ifdef SIMUL_SANITIZED
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* ThreadSanitizer takes a descriptor's number for the same file in all threads, and uses of two
 * that share a number in tables of their own for races. */
#if defined(__SANITIZE_THREAD__)
#define IS_THREAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_THREAD_SANITIZED 1
#endif
#endif
#ifndef IS_THREAD_SANITIZED
#define IS_THREAD_SANITIZED 0
#endif

/* Valgrind makes system calls for the program and of its own, and complains about those that it
 * does not know. It is recognised by the library that it preloads. */
static inline bool is_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "/vgpreload_") != NULL;
}
