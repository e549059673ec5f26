/* simuld: reads its settings, starts the spawner, opens the listeners, serves.
 * Exit statuses: 0; 1 configuration; 2 command line. */
#include "cli.h"
#include "config.h"
#include "config_print.h"
#include "core/cycles.h"
#include "core/descriptors.h"
#include "core/log.h"
#include "daemon/identity.h"
#include "jobs/role.h"
#include "jobs/spawner.h"
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_CONFIG = 1, EXIT_USAGE = 2 };
enum { DESCRIPTORS_RESERVED = 16 }; /* files that are open for a moment; sockets of new workers */

static int complain(const char *what)
{
    fprintf(stderr, "simuld: %s\n", what);
    return EXIT_CONFIG;
}

/* How many connections there can be, with what the server itself has open and will need. */
static int64_t connections_possible(const struct config *config, int64_t descriptors)
{
    int64_t own = descriptors_count() + config->jobs.workers + DESCRIPTORS_RESERVED;
    return descriptors > own ? descriptors - own : 0;
}

static void log_start_up(const struct config *config, const struct config_report *report,
                         const struct identity *identity, int64_t descriptors)
{
    int64_t possible = connections_possible(config, descriptors);
    LOG_INFO("starting", LOG_STR("version", SIMUL_VERSION), LOG_INT("loops", config->loops),
             LOG_STR("user", identity->user), LOG_INT("descriptors", descriptors),
             LOG_INT("connections_possible", possible));
    for (size_t i = 0; i < report->warning_count; i++)
        LOG_WARN("configuration", LOG_STR("warning", report->warnings[i]));
    if (identity->is_ignored)
        LOG_WARN("daemon.user and daemon.group are for servers that root starts",
                 LOG_STR("user", identity->user));
    if (config->limits.connections > possible &&
        config->limits.connections < CONFIG_CONNECTIONS_MAX)
        LOG_WARN("limits.connections is more than the descriptors permit",
                 LOG_INT("limit", config->limits.connections),
                 LOG_INT("connections_possible", possible));
}

/* The last thing done as root: from here on the log can be opened again as well. */
static enum err give_up_root(const struct config *config, const struct identity *identity,
                             char *error, size_t error_bytes)
{
    const struct log_options options = {
        .level = config->log.level,
        .modules = config->log.modules,
        .format = config->log.format,
        .file = config->log.file,
        .syslog = config->log.syslog,
        .access_file = config->log.access ? config->log.access_file : "",
    };
    if (options.file[0] != '\0')
        identity_create_file(identity, options.file, LOG_FILE_MODE);
    if (options.access_file[0] != '\0')
        identity_create_file(identity, options.access_file, LOG_FILE_MODE);
    enum err e = identity_assume(identity, error, error_bytes);
    if (e == OK && (e = log_start(&options, error, error_bytes)) != OK) {
        size_t len = strlen(error);
        snprintf(error + len, error_bytes - len, "; the user is '%s'", identity->user);
    }
    return e;
}

static int serve(const struct config *config, const struct config_report *report,
                 const struct identity *identity)
{
    char error[CONFIG_TEXT_BYTES_MAX];
    struct spawner spawner;
    struct server *server;
    signal(SIGPIPE, SIG_IGN);
    cycles_calibrate();
    int64_t descriptors = descriptors_raise_limit(); /* many loops open many, to begin with */
    if (spawner_start(&spawner, identity) != OK) {
        snprintf(error, sizeof(error), "cannot start the spawner: %s", strerror(errno));
        return complain(error);
    }
    if (server_new(&server, config, &spawner, error, sizeof(error)) != OK) {
        spawner_stop(&spawner);
        return complain(error);
    }
    if (give_up_root(config, identity, error, sizeof(error)) != OK) {
        server_free(server);
        spawner_stop(&spawner);
        return complain(error);
    }
    log_start_up(config, report, identity, descriptors);
    enum err e = server_run(server);
    server_free(server);
    spawner_stop(&spawner);
    log_stop();
    return e == OK ? EXIT_OK : EXIT_CONFIG;
}

static int serve_as_told(const struct config *config, struct config_report *report)
{
    struct identity identity;
    if (identity_find(&identity, config->daemon.user, config->daemon.group, report->error,
                      sizeof(report->error)) != OK)
        return complain(report->error);
    return serve(config, report, &identity);
}

static void print_warnings(const struct config_report *report)
{
    for (size_t i = 0; i < report->warning_count; i++)
        fprintf(stderr, "simuld: warning: %s\n", report->warnings[i]);
}

/* -t tells of all that is wrong, anything else of the first. */
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

/* What is done with a configuration. */
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
        status = serve_as_told(&config, &report);
    } else {
        print_warnings(&report);
        if (cli->action == CLI_PRINT_CONFIG)
            config_print(stdout, &config, &origins);
        else
            printf("configuration ok\n");
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
    struct cli cli;
    if (cli_parse(&cli, argc, argv, stderr) != OK)
        return EXIT_USAGE;
    status = run(&cli);
    cli_deinit(&cli);
    return status;
}
