/* Prints settings: all that exist, those in force, or a file to begin with. */
#pragma once

#include "config/config.h"
#include "config/config_origin.h"

#include <stdio.h>

/* Prints the table of settings in aligned columns, and the default listeners. */
void config_print_help(FILE *to);

/* Prints every setting in force as a file that gives the same settings again, with where each comes
 * from as a comment: a line of the file, the environment, -o, or "default". Secrets are hidden and
 * not part of the file; what a file cannot say, such as a value longer than a line, is a comment.
 * `origins` is of the same config_load_traced. */
void config_print(FILE *to, const struct config *config, const struct config_origins *origins);

/* Prints a file with every setting explained and, behind a semicolon, its default. ERR_NOMEM. */
enum err config_print_defaults(FILE *to);
