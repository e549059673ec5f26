#include "cli.h"

#include "config/config_print.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Those that have no letter; getopt gives letters for the others. */
enum { OPTION_PRINT_CONFIG = 256, OPTION_PRINT_DEFAULTS };

static const struct option LONG_OPTIONS[] = {
    {"print-config", no_argument, NULL, OPTION_PRINT_CONFIG},
    {"print-default-config", no_argument, NULL, OPTION_PRINT_DEFAULTS},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static enum err refuse(FILE *errors, const char *what, const char *argument)
{
    fprintf(errors, "simuld: %s %s; see simuld --help\n", what, argument);
    return ERR_SYNTAX;
}

static enum err parse(struct cli *cli, int argc, char **argv, FILE *errors)
{
    optind = 0; /* from the beginning, whoever used getopt before */
    opterr = 0; /* the errors are worded here */
    int option;
    while ((option = getopt_long(argc, argv, ":c:do:t", LONG_OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'c':
            cli->config_path = optarg;
            break;
        case 'd':
            cli->is_daemon = true;
            break;
        case 'o':
            if (strchr(optarg, '=') == NULL)
                return refuse(errors, "-o wants section.key=value, not", optarg);
            cli->overrides[cli->override_count++] = optarg;
            break;
        case 't':
            cli->action = CLI_TEST;
            break;
        case OPTION_PRINT_CONFIG:
            cli->action = CLI_PRINT_CONFIG;
            break;
        case OPTION_PRINT_DEFAULTS:
            cli->action = CLI_PRINT_DEFAULTS;
            break;
        case 'V':
            cli->action = CLI_VERSION;
            return OK;
        case 'h':
            cli->action = CLI_HELP;
            return OK;
        case ':':
            return refuse(errors, "a value is missing after", argv[optind - 1]);
        default:
            return refuse(errors, "unknown option", argv[optind - 1]);
        }
    }
    if (optind < argc && cli->action == CLI_SERVE && strcmp(argv[optind], "healthcheck") == 0) {
        cli->action = CLI_HEALTHCHECK;
        optind++;
    }
    return optind == argc ? OK : refuse(errors, "unexpected argument", argv[optind]);
}

enum err cli_parse(struct cli *out, int argc, char **argv, FILE *errors)
{
    *out = (struct cli){.action = CLI_SERVE};
    out->overrides = calloc((size_t)argc + 1, sizeof(out->overrides[0]));
    if (out->overrides == NULL)
        return ERR_NOMEM;
    enum err e = parse(out, argc, argv, errors);
    if (e != OK)
        cli_deinit(out);
    return e;
}

void cli_deinit(struct cli *cli)
{
    free(cli->overrides);
    *cli = (struct cli){0};
}

void cli_print_help(FILE *to)
{
    fputs(
        "usage: simuld [-d] [-c FILE] [-o SETTING=VALUE]... [-t | --print-config]\n"
        "       simuld healthcheck [-c FILE] [-o SETTING=VALUE]...\n"
        "       simuld --print-default-config | --version | --help\n"
        "\n"
        "Serves echo and chat over TCP, TLS and WebSocket. Needs no configuration to try out.\n"
        "\n"
        "  -c FILE                 read settings from FILE\n"
        "  -o SETTING=VALUE        set one; may be given several times\n"
        "  -d                      go to the background once it serves, with a pid file\n"
        "  -t                      check the configuration, the files it names and the ports, and\n"
        "                          exit; tells of all that is wrong\n"
        "  --print-config          print the settings in force, and where they come from, and "
        "exit\n"
        "  --print-default-config  print a file with every setting explained, and exit\n"
        "  --version               print the version and exit\n"
        "  --help                  print this and exit\n"
        "\n"
        "simuld healthcheck asks a server that runs with these settings whether it is ready: exit\n"
        "status 0, or 1 and why not.\n"
        "\n"
        "Settings come from the file, then the environment, then -o; the last one wins:\n"
        "\n"
        "  file         [listen.web]            a setting without a section, such as loops,\n"
        "               port = 8000             stands before the first section\n"
        "  environment  SIMUL_LISTEN_WEB_PORT=8000\n"
        "  -o           listen.web.port=8000    a new NAME opens another listener\n"
        "\n"
        "HUP reads them again; those marked \"at a restart\" keep their value until then.\n"
        "\n",
        to);
    config_print_help(to);
    fputs("\nExit status: 0 done; 1 the configuration is wrong or a port is in use; "
          "2 the command line is wrong.\n",
          to);
}
