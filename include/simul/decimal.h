/* Numbers as protocols and settings write them: ASCII digits alone, no sign, no blanks. */
#pragma once

#include "simul/span.h"

#include <stdint.h>
#include <stdio.h>

enum { DECIMAL_CHARS = 24 }; /* of any number, with its zero */

/* Writes the number; the result lies in `out`. */
static inline struct span decimal(uint64_t n, char out[DECIMAL_CHARS])
{
    return span_of(out, (size_t)snprintf(out, DECIMAL_CHARS, "%llu", (unsigned long long)n));
}

/* Reads a number that is all of the text; zeros may stand in front. False: it is none, or more than
 * `max`, and *out is as it was. */
static inline bool decimal_parse(struct span text, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t digit = (uint8_t)(text.ptr[i] - '0');
        if (digit > 9 || digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (text.len == 0)
        return false;
    *out = n;
    return true;
}
