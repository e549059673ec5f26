/* What a command line leaves open, or says only together: settled after every option was read, in
 * the order of this file. Whatever cannot be is said in one line: ERR_SYNTAX. ERR_NOMEM. */
#pragma once

#include "plan/option.h"

/* Parses the URLs, resolves them, and reads --source, --destination and --beside-url. target.c. */
enum err settle_targets(struct command *c);

/* Rooms, the mode of the loop, IRC, what is sent. settle.c. */
enum err settle_load(struct command *c);

/* What the machine permits. share.c */
struct share_limits {
    uint64_t descriptors; /* of a process */
    unsigned cores;
    unsigned ports; /* of one address to another's port */
};

/* This machine's; raises the limit of descriptors as far as it may be. */
struct share_limits share_limits_now(void);

/* How many processes and threads: in the plan 0 is "not given". A process has as many threads as
 * every other, and each thread a connection at least. */
enum err settle_share(const struct command *c, const struct share_limits *limits);
