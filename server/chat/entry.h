/* What the hub applies, one after the other: a registration that has been completed, a line of a
 * registered session, or the end of a session. Time and order come in with the entry, since the
 * hub has neither clock nor randomness. */
#pragma once

#include "chat/position.h"
#include "core/loop.h"
#include "simul/irc.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct hub_call;

enum entry_kind { ENTRY_REGISTER, ENTRY_LINE, ENTRY_CLOSE };

struct entry {
    struct position at;
    struct handle from;
    uint8_t kind;  /* enum entry_kind */
    bool is_query; /* changes nothing: the log gives it no position of its own */
    union {
        struct {
            struct span nick, user, host; /* checked against the grammar and the limits */
        } registration;
        struct {
            void (*apply)(struct hub_call *); /* the verb's */
            const struct irc_line *line;      /* with as many params as the verb needs */
        } line;
        const char *reason; /* of ENTRY_CLOSE; static storage */
    };
};
