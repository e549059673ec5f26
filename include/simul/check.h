/* Assertions for our own bugs. Nothing that a peer can send may reach one.
 *
 * CHECK is always on. DCHECK is for verification that costs more than O(1); it is on in debug and
 * simulation builds (SIMUL_DEBUG). */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn static inline void check_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "simul: internal error: %s (%s:%d)\n", what, file, line);
    abort();
}

#define CHECK(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

#ifdef SIMUL_DEBUG
#define DCHECK(cond) CHECK(cond)
#else
#define DCHECK(cond) ((void)sizeof(cond))
#endif

/* The struct that embeds a member, from a pointer to that member. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
