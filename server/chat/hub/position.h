/* Where an entry stands in the log: its order, its time, its msgid, and history's primary key. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compared by epoch, ms, seq, in this order. ms has 48 bits that count, since 1970. */
struct position {
    uint64_t ms;
    uint16_t epoch; /* of the log's leader; a new one fences what the old one still writes */
    uint16_t seq;   /* among the entries of one millisecond */
};

enum {
    POSITION_MSGID_CHARS_MAX = 16 + 6, /* 80 bits in base 32, and "-65535" */
    POSITION_TIME_CHARS = 24,          /* 2026-11-22T12:34:56.789Z */
};

bool position_is_before(const struct position *a, const struct position *b);

/* The next position at wall-clock time now_ms: behind `last`, even if the clock stepped back. */
struct position position_next(const struct position *last, uint64_t now_ms);

/* Writes the id of the part-th message (from 0) that the entry brought forth, without a zero;
 * returns its length. The ids of different positions sort as text in the order of the positions. */
size_t position_msgid(const struct position *p, uint16_t part, char out[POSITION_MSGID_CHARS_MAX]);

/* Writes the time as the tag `time` wants it, without a zero (IRCv3 server-time). */
void position_time(uint64_t ms, char out[POSITION_TIME_CHARS]);
