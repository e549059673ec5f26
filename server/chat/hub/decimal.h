/* A number as it stands in a reply. */
#pragma once

#include "simul/span.h"

#include <stdint.h>
#include <stdio.h>

enum { DECIMAL_CHARS = 24 };

static inline struct span decimal(uint64_t n, char out[DECIMAL_CHARS])
{
    return span_of(out, (size_t)snprintf(out, DECIMAL_CHARS, "%llu", (unsigned long long)n));
}
