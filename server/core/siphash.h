/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for tables whose keys strangers choose.
 * Without the key nobody can find names that collide. */
#pragma once

#include "simul/span.h"

#include <stdint.h>

struct siphash_key {
    uint8_t bytes[16];
};

uint64_t siphash(const struct siphash_key *key, struct span data);
