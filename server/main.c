/* simuld: reads its command line and its settings, and does what they ask for.
 * Exit statuses: 0; 1 configuration, or not ready; 2 command line. */
#include "cli.h"
#include "config/config.h"
#include "config/config_print.h"
#include "core/descriptors.h"
#include "daemon/config_check.h"
#include "daemon/healthcheck.h"
#include "daemon/serve.h"
#include "jobs/role.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_CONFIG = 1, EXIT_USAGE = 2 };

static int complain(const char *what)
{
    fprintf(stderr, "simuld: %s\n", what);
    return EXIT_CONFIG;
}

static void print_warnings(const struct config_report *report)
{
    for (size_t i = 0; i < report->warning_count; i++)
        fprintf(stderr, "simuld: warning: %s\n", report->warnings[i]);
}

/* -t reports every error, anything else only the first. */
static int complain_of_config(const struct cli *cli, const struct config_report *report)
{
    complain(report->error);
    if (cli->action != CLI_TEST)
        return EXIT_CONFIG;
    for (size_t i = 0; i < report->more_error_count; i++)
        complain(report->more_errors[i]);
    if (report->errors_omitted > 0)
        fprintf(stderr, "simuld: and %zu errors more\n", report->errors_omitted);
    print_warnings(report);
    return EXIT_CONFIG;
}

/* Checks what the settings refer to: that they can be read does not mean that they work here. */
static int test(const struct cli *cli, const struct config *config,
                const struct config_report *report)
{
    print_warnings(report);
    if (!config_check(config, cli->config_path, cli->is_daemon, stderr))
        return EXIT_CONFIG;
    printf("configuration ok\n");
    return EXIT_OK;
}

static int check_health(const struct config *config)
{
    char error[CONFIG_TEXT_BYTES_MAX];
    return healthcheck(config, error, sizeof(error)) == OK ? EXIT_OK : complain(error);
}

/* Runs an action that needs the configuration. */
static int run_with_config(const struct cli *cli)
{
    static struct config_report report;
    struct config config;
    struct config_origins origins = {0};
    const struct config_sources sources = {.path = cli->config_path,
                                           .env = environ,
                                           .overrides = cli->overrides,
                                           .override_count = cli->override_count};
    int status = EXIT_OK;
    if (config_load_traced(&config, &sources, &report, &origins) != OK) {
        status = complain_of_config(cli, &report);
    } else if (cli->action == CLI_SERVE) {
        status = serve(&config, &sources, &report, cli->is_daemon);
    } else if (cli->action == CLI_HEALTHCHECK) {
        status = check_health(&config);
    } else if (cli->action == CLI_TEST) {
        status = test(cli, &config, &report);
    } else {
        print_warnings(&report);
        config_print(stdout, &config, &origins);
    }
    config_origins_deinit(&origins);
    config_deinit(&config);
    return status;
}

static int run(const struct cli *cli)
{
    switch (cli->action) {
    case CLI_HELP:
        cli_print_help(stdout);
        return EXIT_OK;
    case CLI_VERSION:
        printf("simuld %s\n", SIMUL_VERSION);
        return EXIT_OK;
    case CLI_PRINT_DEFAULTS:
        return config_print_defaults(stdout) == OK ? EXIT_OK : complain("out of memory");
    case CLI_SERVE:
    case CLI_TEST:
    case CLI_HEALTHCHECK:
    case CLI_PRINT_CONFIG:
        break;
    }
    return run_with_config(cli);
}

int main(int argc, char **argv)
{
    int status;
    if (role_dispatch(argc, argv, &status))
        return status;
    if (!descriptors_open_standard())
        return EXIT_CONFIG;
    struct cli cli;
    if (cli_parse(&cli, argc, argv, stderr) != OK)
        return EXIT_USAGE;
    status = run(&cli);
    cli_deinit(&cli);
    return status;
}
