/* The command line of simuld. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cli_action {
    CLI_SERVE,
    CLI_TEST,        /* -t: check the configuration */
    CLI_HEALTHCHECK, /* healthcheck: ask the server that runs with it */
    CLI_PRINT_CONFIG,
    CLI_PRINT_DEFAULTS, /* --print-default-config */
    CLI_VERSION,
    CLI_HELP,
};

struct cli {
    enum cli_action action;
    bool is_daemon;          /* -d */
    const char *config_path; /* of -c; NULL: none */
    const char **overrides;  /* of -o, each with a "="; the cli owns the array, argv the texts */
    size_t override_count;
};

/* Reads the arguments (argv may be permuted). ERR_SYNTAX: wrong use, which has been explained on
 * `errors` in one line; the exit status is 2. ERR_NOMEM. `out` is empty then; otherwise the caller
 * calls cli_deinit. */
enum err cli_parse(struct cli *out, int argc, char **argv, FILE *errors);

/* Safe for a zeroed one. */
void cli_deinit(struct cli *cli);

/* What --help prints: usage, settings, exit statuses. */
void cli_print_help(FILE *to);
