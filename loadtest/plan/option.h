/* The options of the command line: one table, from which getopt's list, the checks, the defaults
 * and --help are made. */
#pragma once

#include "plan/plan.h"
#include "scenario/scenario.h"

#include <stdio.h>

/* Where the value goes in the plan. */
enum option_type {
    OPTION_ON,         /* bool: it is set; takes no value */
    OPTION_OFF,        /* bool: it is cleared; takes no value */
    OPTION_COUNT,      /* uint32_t */
    OPTION_LONG_COUNT, /* uint64_t */
    OPTION_RATE,       /* double, a second */
    OPTION_DURATION,   /* uint64_t, nanoseconds */
    OPTION_BYTES,      /* uint32_t: the least; the most is the uint32_t after it */
    OPTION_TEXT,       /* const char * */
    OPTION_LIST,       /* const char *[max], and an unsigned that counts; may be given repeatedly */
    OPTION_SETTLED,    /* nowhere: settle.c reads the text */
    OPTION_HELP,       /* nowhere: printed, and that is it */
    OPTION_VERSION,
};

enum option_group {
    GROUP_LOAD,
    GROUP_MESSAGES,
    GROUP_CHAT,
    GROUP_JOBS,
    GROUP_HTTP,
    GROUP_TLS,
    GROUP_ADDRESSES,
    GROUP_SHOWN,
    GROUP_OTHER,
    GROUP_KINDS,
};

struct cli_option {
    const char *name;  /* without the two hyphens */
    char letter;       /* 0: none */
    const char *value; /* what --help calls its value; NULL: it takes none */
    enum option_group group;
    enum option_type type;
    size_t offset, count_offset;        /* in struct plan */
    uint64_t min, max;                  /* both are allowed; of a list max is how many */
    const char *initial;                /* as if typed; NULL: left zero, or settled later */
    const char *scenarios;              /* which have a use for it, blanks between; NULL: all */
    unsigned carriers;                  /* ON_…: which have a use for it; 0: all */
    bool is_tls;                        /* only TLS has a use for it */
    bool is_secret;                     /* reports do not show its value */
    bool (*is_valid)(const char *text); /* of texts; NULL: anything without control characters */
    const char *expects;                /* what is_valid wants */
    const char *help;
};

extern const struct cli_option OPTIONS[];
extern const size_t OPTION_KINDS;
enum { OPTIONS_MAX = 64 }; /* at least OPTION_KINDS */

/* Its index in OPTIONS. The name must exist: it is one of ours. */
size_t option_find(const char *name);
bool option_is_for(const struct cli_option *o, const struct scenario *scenario);
/* The default with this scenario, as if typed; NULL: none. */
const char *option_initial(const struct cli_option *o, const struct scenario *scenario);

/* A command line while it is read. */
struct command {
    struct plan *plan;
    const char
        *given[OPTIONS_MAX]; /* what was typed for each option last; NULL: it was not given */
    char *const *urls;       /* what follows the scenario, ended by NULL */
    FILE *errors;
};

/* What was typed for this option; NULL: nothing. */
const char *command_given(const struct command *c, const char *name);

/* Says in one line what is wrong and where help is; returns ERR_SYNTAX. */
__attribute__((format(printf, 2, 3))) enum err command_refuse(const struct command *c,
                                                              const char *format, ...);

/* Checks a value and puts it where it belongs. Says what is wrong with it: ERR_SYNTAX. */
enum err option_set(const struct command *c, const struct cli_option *o, const char *text);

/* What is written over a group of options. */
const char *option_group_title(enum option_group group);

/* --help: of all scenarios (NULL), or of one. */
void option_print_help(FILE *to, const struct scenario *scenario);
