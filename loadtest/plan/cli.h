/* The command line of `simul-load SCENARIO URL… [options]`: one table of options, from which the
 * parser, the checks and --help come. */
#pragma once

#include "plan/plan.h"

#include <stdio.h>

enum cli_result {
    CLI_RUN,     /* the plan is complete */
    CLI_COMPARE, /* `compare A.json B.json…`: for report/compare.h */
    CLI_DONE,    /* --help or --version was printed */
    CLI_WRONG,   /* one line on err says what, and where help is; exit status 2 */
};

/* Fills the plan, resolves names, and settles what was left open: threads, processes, rooms. What
 * it holds of argv is borrowed. What is only --help goes to out. */
enum cli_result cli_parse(int argc, char **argv, struct plan *plan, FILE *out, FILE *err);

/* Frees the address lists and what cli_parse allocated. */
void plan_deinit(struct plan *plan);
