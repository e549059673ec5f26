/* What scripts of messages that come compressed have in common (RFC 7692). */
#pragma once

#include "unit/proto/ws_script.h"

enum {
    COMPRESSED_TEXT = WS_RSV1 | WS_TEXT,
    COMPRESSED_BINARY = WS_RSV1 | WS_BINARY,
    INFLATED_BYTES_MAX = 1000,
};

/* In one block, by the codes that need no table. */
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
/* The same, said again: "H", and four bytes that were five bytes before. */
#define HELLO_AGAIN "\xf2\x00\x11\x00\x00"
/* Text of fewer than 256 bytes in a block without compression: its length and that inverted. */
#define STORED(length, inverse, text) "\x00" length "\x00" inverse "\xff" text "\x00"

/* The peer forgets its context after each message, or keeps it. */
static const struct ws_deflate forgets = {.out_bits = 15, .in_bits = 15};
static const struct ws_deflate keeps = {.out_bits = 15, .in_bits = 15, .keeps_in = true};

/* On both sides. */
static inline void expect_agreed(struct ws_deflate deflate, const char *log,
                                 const struct part *parts, size_t count)
{
    for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
        struct ws_rules rules = {.side = side, .inflated_bytes_max = INFLATED_BYTES_MAX};
        expect_deflate(deflate, rules, log, parts, count);
    }
}

/* The same whether the peer keeps its context or not. */
static inline void expect_inflated(const char *log, const struct part *parts, size_t count)
{
    expect_agreed(forgets, log, parts, count);
    expect_agreed(keeps, log, parts, count);
}
