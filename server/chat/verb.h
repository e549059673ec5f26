/* The table of IRC commands: one row each. A session finds the row of a line, and either answers
 * on its loop or posts the line to the hub. */
#pragma once

#include "simul/irc.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat_session;
struct conn;
struct hub_call;

struct verb {
    const char *name;
    const char *usage;    /* its params, for HELP */
    const char *help;     /* what it does, in a few words, for HELP and the README */
    uint8_t params_min;   /* below: 461 */
    uint8_t decides_from; /* with fewer params it changes nothing, and stays out of the log */
    bool is_early;        /* before registration too; else 451 */
    bool ends_session;
    bool has_long_answer; /* names all members of a channel, say: goes alone, with room to send */
    /* On the loop, unless the session is registered and `hub` is there. */
    void (*local)(struct conn *c, struct chat_session *s, const struct irc_line *line);
    /* On the loop, before the hub gets the line (judge.h); NULL: it gets it as it is. */
    void (*judge)(struct conn *c, struct chat_session *s, struct irc_line *line);
    /* In the hub. */
    void (*hub)(struct hub_call *call);
};

/* Those that are used most come first. */
extern const struct verb verbs[];
extern const size_t verb_count;

/* By name, whatever its case; NULL when there is none. */
const struct verb *verb_find(struct span name);
