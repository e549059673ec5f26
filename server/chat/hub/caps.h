/* The capabilities that clients may ask for, one table row each
 * (https://ircv3.net/specs/extensions/capability-negotiation). */
#pragma once

#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first two are the bits of a variant as well (chat/render.h). */
enum chat_cap {
    CAP_SERVER_TIME = 1 << 0,
    CAP_MESSAGE_TAGS = 1 << 1,
    CAP_ECHO_MESSAGE = 1 << 2,
    CAP_ACCOUNT_NOTIFY = 1 << 3,
    CAP_AWAY_NOTIFY = 1 << 4,
    CAP_BATCH = 1 << 5,
    CAP_CAP_NOTIFY = 1 << 6,
    CAP_CHGHOST = 1 << 7,
    CAP_EXTENDED_JOIN = 1 << 8,
    CAP_EXTENDED_MONITOR = 1 << 9,
    CAP_INVITE_NOTIFY = 1 << 10,
    CAP_LABELED_RESPONSE = 1 << 11,
    CAP_MULTI_PREFIX = 1 << 12,
    CAP_NO_IMPLICIT_NAMES = 1 << 13,
    CAP_SETNAME = 1 << 14,
    CAP_STANDARD_REPLIES = 1 << 15,
    CAP_USERHOST_IN_NAMES = 1 << 16,
};

struct cap {
    const char *name;
    uint32_t bit;
    const char *help; /* what it is good for, in a few words, for HELP and the README */
};

/* In alphabetical order. */
extern const struct cap caps[];
extern const size_t cap_count;

/* Room for all names, and so few that they always fit one line. */
enum { CAPS_LIST_BYTES_MAX = 360 };

/* NULL when there is none of that name. */
const struct cap *caps_find(struct span name);

/* Writes the names of those in `bits`, with a space between. */
struct span caps_list(uint32_t bits, char out[CAPS_LIST_BYTES_MAX]);

/* Applies "a -b c" to *bits; false, and *bits as it was, when one of the names is not known. */
bool caps_request(struct span list, uint32_t *bits);
