/* How long a loop takes to come to its mail: a letter to it that does nothing but arrive. It tells
 * of loops that have no timer due, and of one that is stuck while it is. */
#pragma once

#include "core/loop.h"

#include <stdatomic.h>
#include <stdint.h>

/* Zeroed is right. It stays where it is until it has arrived. */
struct probe {
    struct mail mail;
    _Atomic uint64_t sent_ns; /* CLOCK_MONOTONIC; 0: it is not on its way */
    _Atomic uint64_t took_ns; /* the last one */
};

/* Sends it, unless it is still on its way. From one thread only. */
void probe_send(struct probe *p, struct loop *to);

/* How long the last one took, or, while one is on its way, how long it has been so. */
uint64_t probe_ns(const struct probe *p);
