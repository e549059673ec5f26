/* UTF-8 (RFC 3629), checked incrementally: text may be cut anywhere, and the first byte that
 * cannot continue it is the one that is refused. Overlong forms, surrogates and code points above
 * U+10FFFF are refused. */
#pragma once

#include "simul/span.h"

/* What is known so far, in one byte. Values between the two stand inside a sequence. */
enum { UTF8_COMPLETE = 0, UTF8_REJECTED = 0xff };

/* Takes up text where `state` left it (UTF8_COMPLETE at the beginning) and returns the state
 * behind s: UTF8_COMPLETE between characters, UTF8_REJECTED if s has an impossible byte, anything
 * else inside a character. UTF8_REJECTED stays. */
uint8_t utf8_check(uint8_t state, struct span s);

/* The longest beginning of s that has at most bytes_max bytes and ends between two characters. Of
 * text that is not UTF-8 it is some beginning, at most three bytes shorter than it could be. */
struct span utf8_cut(struct span s, size_t bytes_max);

static inline bool utf8_is_valid(struct span s)
{
    return utf8_check(UTF8_COMPLETE, s) == UTF8_COMPLETE;
}
