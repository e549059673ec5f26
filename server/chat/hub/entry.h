/* What the hub applies, one after the other: a registration that has been completed, a line of a
 * registered session, the end of a session, or other settings. Time and order come in with the
 * entry, since the hub has neither clock nor randomness. */
#pragma once

#include "chat/hub/position.h"
#include "core/loop.h"
#include "simul/irc.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct hub_call;
struct response;

/* Where a verb stands that is applied in parts, since its answer is long. Zeroed at the start. */
struct cursor {
    uint32_t target; /* which of the line's targets */
    bool is_begun;   /* with that target: only its rows are left */
    uint64_t after;  /* the last row: a number in a roster */
};

/* Who registers; checked: grammar and limits. */
struct registration {
    struct span nick, user, host, ip, realname;
    struct span fingerprint; /* of the client's certificate; empty: it showed none */
    bool is_secure;
};

/* What a session says. */
struct entry_line {
    void (*apply)(struct hub_call *); /* the verb's */
    const struct irc_line *line;      /* with as many params as the verb needs */
    struct response *response; /* what is said to its loop names it; the hub does not look into it.
                                  NULL: nobody asked for a label */
    struct cursor cursor;      /* where to go on; applying moves it */
    uint32_t caps;             /* of the session: enum chat_cap */
    uint32_t rows;             /* set by applying, as is the next: how many rows were looked at */
    bool is_unfinished;        /* there is more to say, when it is asked again */
};

/* Settings that may change while the hub runs. */
struct hub_settings {
    size_t quiet_members; /* with more, a channel does not hear of members without a role */
};

enum entry_kind { ENTRY_REGISTER, ENTRY_LINE, ENTRY_CLOSE, ENTRY_SETTINGS };

struct entry {
    struct position at;
    struct handle from;
    uint8_t kind;  /* enum entry_kind */
    bool is_query; /* changes nothing: the log gives it no position of its own, only the time */
    union {
        const struct registration *registration;
        struct entry_line *line;
        const char *reason; /* of ENTRY_CLOSE; outlives the hub */
        const struct hub_settings *settings;
    };
};
