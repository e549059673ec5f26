#include "cli.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>
#include <string.h>

static struct cli cli;
static char said[512]; /* what the last parse wrote on its error stream */

/* getopt moves the pointers of argv, never what they point to. */
static enum err parse(const char **argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    memset(said, 0, sizeof(said));
    FILE *errors = fmemopen(said, sizeof(said), "w");
    cr_assert_not_null(errors);
    enum err e = cli_parse(&cli, argc, (char **)argv, errors);
    fclose(errors);
    return e;
}

#define PARSE(...) parse((const char *[]){"simuld", __VA_ARGS__, NULL})

Test(cli, serves_without_arguments)
{
    cr_assert_eq(parse((const char *[]){"simuld", NULL}), OK);
    cr_assert_eq(cli.action, CLI_SERVE);
    cr_assert_null(cli.config_path);
    cr_assert_eq(cli.override_count, 0);
    cli_deinit(&cli);
}

Test(cli, can_be_told_to_go_to_the_background)
{
    cr_assert_eq(PARSE("-t"), OK);
    cr_assert_not(cli.is_daemon);
    cli_deinit(&cli);
    cr_assert_eq(PARSE("-d", "-c", "a.conf"), OK);
    cr_assert(cli.is_daemon);
    cr_assert_eq(cli.action, CLI_SERVE);
    cli_deinit(&cli);
}

Test(cli, collects_file_and_overrides_in_order)
{
    cr_assert_eq(PARSE("-c", "a.conf", "-o", "loops=2", "-t", "-oloops=3"), OK);
    cr_assert_eq(cli.action, CLI_TEST);
    cr_assert_str_eq(cli.config_path, "a.conf");
    cr_assert_eq(cli.override_count, 2);
    cr_assert_str_eq(cli.overrides[0], "loops=2");
    cr_assert_str_eq(cli.overrides[1], "loops=3");
    cli_deinit(&cli);
    cli_deinit(&cli);
}

Test(cli, knows_version_and_help)
{
    cr_assert_eq(PARSE("--version"), OK);
    cr_assert_eq(cli.action, CLI_VERSION);
    cli_deinit(&cli);
    cr_assert_eq(PARSE("--help"), OK);
    cr_assert_eq(cli.action, CLI_HELP);
    cli_deinit(&cli);
}

Test(cli, prints_the_settings_in_force_or_by_default)
{
    cr_assert_eq(PARSE("--print-config", "-o", "loops=2"), OK);
    cr_assert_eq(cli.action, CLI_PRINT_CONFIG);
    cr_assert_eq(cli.override_count, 1);
    cli_deinit(&cli);
    cr_assert_eq(PARSE("--print-default-config"), OK);
    cr_assert_eq(cli.action, CLI_PRINT_DEFAULTS);
    cli_deinit(&cli);
}

Test(cli, healthcheck_stands_anywhere_between_options)
{
    cr_assert_eq(PARSE("-c", "a.conf", "healthcheck", "-o", "loops=2"), OK);
    cr_assert_eq(cli.action, CLI_HEALTHCHECK);
    cr_assert_str_eq(cli.config_path, "a.conf");
    cr_assert_eq(cli.override_count, 1);
    cli_deinit(&cli);
    cr_assert_eq(PARSE("-t", "healthcheck"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: unexpected argument healthcheck; see simuld --help\n");
    cr_assert_eq(PARSE("healthcheck", "again"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: unexpected argument again; see simuld --help\n");
}

Test(cli, refuses_wrong_use_in_one_line)
{
    cr_assert_eq(PARSE("-x"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: unknown option -x; see simuld --help\n");
    cr_assert_eq(PARSE("-t", "--port=80"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: unknown option --port=80; see simuld --help\n");
    cr_assert_eq(PARSE("-c"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: a value is missing after -c; see simuld --help\n");
    cr_assert_eq(PARSE("-o", "loops"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: -o wants section.key=value, not loops; see simuld --help\n");
    cr_assert_eq(PARSE("simul.conf"), ERR_SYNTAX);
    cr_assert_str_eq(said, "simuld: unexpected argument simul.conf; see simuld --help\n");
}

Test(cli, reports_missing_memory)
{
    alloc_fail_after(0);
    cr_assert_eq(cli_parse(&cli, 1, (char **)(const char *[]){"simuld", NULL}, stderr), ERR_NOMEM);
    alloc_fail_stop();
}

Test(cli, help_tells_usage_and_exit_statuses)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    cli_print_help(to);
    fclose(to);
    cr_assert_not_null(strstr(text, "usage: simuld"));
    cr_assert_not_null(strstr(text, "listen.NAME.port"));
    cr_assert_not_null(strstr(text, "Exit status"));
    free(text);
}
