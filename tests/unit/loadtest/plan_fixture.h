/* A command line, and what came of it. The scenarios are named here, without what they do: a
 * program of the tests that defines the table itself does not get the one of the library. */
#pragma once

#include "plan/cli.h"
#include "scenario/scenario.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct scenario PLAN_SCENARIOS[] = {
    {.name = "echo", .summary = "Echo.", .carriers = ON_RAW | ON_WS | ON_HTTP},
    {.name = "hold", .summary = "Hold.", .carriers = ON_RAW | ON_LINE | ON_WS},
    {.name = "connect", .summary = "Connect.", .carriers = ON_RAW | ON_LINE | ON_WS | ON_HTTP},
    {.name = "chat", .summary = "Chat.", .carriers = ON_LINE | ON_WS},
    {.name = "jobs", .summary = "Jobs.", .carriers = ON_HTTP},
    {.name = "flood", .summary = "Flood.", .carriers = ON_RAW | ON_WS},
};
const struct scenario *const SCENARIOS[] = {
    &PLAN_SCENARIOS[0], &PLAN_SCENARIOS[1], &PLAN_SCENARIOS[2],
    &PLAN_SCENARIOS[3], &PLAN_SCENARIOS[4], &PLAN_SCENARIOS[5],
};
const size_t SCENARIO_KINDS = sizeof(SCENARIOS) / sizeof(SCENARIOS[0]);

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < SCENARIO_KINDS; i++)
        if (strcmp(SCENARIOS[i]->name, name) == 0)
            return SCENARIOS[i];
    return NULL;
}

static struct plan plan;
static char said[1024];   /* on the error stream, by the last parse */
static char shown[16384]; /* on the other */

/* getopt moves the pointers of argv, never what they point to. */
static inline enum cli_result plan_parse(const char **argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    memset(said, 0, sizeof(said));
    memset(shown, 0, sizeof(shown));
    FILE *err = fmemopen(said, sizeof(said), "w"), *out = fmemopen(shown, sizeof(shown), "w");
    cr_assert(err != NULL && out != NULL);
    enum cli_result result = cli_parse(argc, (char **)argv, &plan, out, err);
    fclose(err);
    fclose(out);
    return result;
}

#define PARSE(...) plan_parse((const char *[]){"simul-load", __VA_ARGS__, NULL})

/* The plan is complete; the test frees it by plan_deinit. */
#define PLAN(...)                                                                                  \
    do {                                                                                           \
        enum cli_result result_ = PARSE(__VA_ARGS__);                                              \
        cr_assert_eq(result_, CLI_RUN, "%s", said);                                                \
        cr_assert_str_eq(said, "");                                                                \
    } while (0)

/* It is refused, in these words, with a pointer to where help is. */
#define WRONG(words, see, ...)                                                                     \
    do {                                                                                           \
        cr_assert_eq(PARSE(__VA_ARGS__), CLI_WRONG);                                               \
        cr_assert_str_eq(said, "simul-load: " words "; see simul-load " see "--help\n");           \
        cr_assert_str_eq(shown, "");                                                               \
    } while (0)
