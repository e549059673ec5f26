/* The command line as a whole; options one by one are in option_test.c. */
#include "plan/option.h"
#include "unit/alloc_fail.h"
#include "unit/loadtest/plan_fixture.h"

#define TCP "tcp://127.0.0.1:7007"

Test(load_cli, options_stand_anywhere)
{
    PLAN("-c", "5", "echo", "-q", TCP, "-d3");
    cr_assert_eq(plan.connections, 5);
    cr_assert(plan.quiet);
    cr_assert_eq(plan.url_count, 1);
    plan_deinit(&plan);
    PLAN("echo", "-qc5", "--", TCP);
    cr_assert(plan.quiet && plan.connections == 5);
    plan_deinit(&plan);
}

Test(load_cli, long_names_may_be_short_where_that_is_clear)
{
    PLAN("echo", TCP, "--dur", "3s");
    cr_assert_eq(plan.duration_ns, 3000000000);
    plan_deinit(&plan);
    WRONG("unknown option --conn (did you mean --connections?)", "", "echo", TCP, "--conn", "3");
}

Test(load_cli, asks_for_a_scenario_and_a_url)
{
    cr_assert_eq(plan_parse((const char *[]){"simul-load", NULL}), CLI_WRONG);
    cr_assert_str_eq(said, "simul-load: a scenario and a URL are missing; see simul-load --help\n");
    WRONG("a scenario and a URL are missing", "", "-c", "3");
    WRONG("a URL is missing", "echo ", "echo");
    WRONG("unknown scenario 'ecko' (did you mean echo?)", "", "ecko", TCP);
    WRONG(
        "unknown scenario 'websocket'; the scenarios are echo, hold, connect, chat, jobs and flood",
        "", "websocket", TCP);
    WRONG("unknown scenario '" TCP "'; the scenarios are echo, hold, connect, chat, jobs and flood",
          "", TCP, "echo");
}

Test(load_cli, refuses_wrong_use_in_one_line)
{
    WRONG("unknown option --conections (did you mean --connections?)", "", "echo", TCP,
          "--conections=5");
    WRONG("unknown option --colour", "", "echo", TCP, "--colour");
    WRONG("unknown option -x", "", "echo", TCP, "-x");
    WRONG("unknown option -x", "", "echo", TCP, "-qx", "-c3");
    WRONG("a value is missing after -c", "", "echo", TCP, "-c");
    WRONG("a value is missing after --rate", "", "echo", TCP, "--rate");
    WRONG("--quiet takes no value", "", "echo", TCP, "--quiet=yes");
}

Test(load_cli, leaves_comparing_to_others)
{
    cr_assert_eq(PARSE("compare", "a.json", "b.json", "--html", "x"), CLI_COMPARE);
    cr_assert_eq(PARSE("compare"), CLI_COMPARE);
    cr_assert_str_eq(said, "");
}

Test(load_cli, prints_its_version)
{
    cr_assert_eq(PARSE("--version"), CLI_DONE);
    cr_assert_str_eq(shown, "simul-load " SIMUL_VERSION "\n");
    cr_assert_eq(PARSE("echo", "-V"), CLI_DONE);
}

/* No line is wider than a narrow window's hundred columns. */
static void narrow(void)
{
    for (const char *line = shown; *line != '\0'; line += strcspn(line, "\n") + 1)
        cr_assert_leq(strcspn(line, "\n"), 100, "%.*s", (int)strcspn(line, "\n"), line);
}

Test(load_cli, help_has_every_option)
{
    cr_assert_eq(PARSE("--help"), CLI_DONE);
    cr_assert_str_eq(said, "");
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        char form[64];
        snprintf(form, sizeof(form), "--%s ", OPTIONS[i].name);
        cr_assert_not_null(strstr(shown, form), "%s", form);
        cr_assert_not_null(strstr(shown, OPTIONS[i].help), "%s", OPTIONS[i].help);
    }
    for (size_t i = 0; i < SCENARIO_KINDS; i++)
        cr_assert_not_null(strstr(shown, SCENARIOS[i]->summary));
    cr_assert_not_null(strstr(shown, "connections at a time; of chat: of all rooms together [10]"));
    cr_assert_not_null(strstr(shown, "\nExit status: 0 done; 1 "));
    narrow();
}

Test(load_cli, help_of_a_scenario_has_its_own_options)
{
    cr_assert_eq(PARSE("hold", "--help"), CLI_DONE);
    cr_assert_not_null(strstr(shown, "usage: simul-load hold URL... [options]\n\nHold.\n"));
    cr_assert_not_null(strstr(shown, "schemes are tcp, tls, ws, wss, irc and ircs."));
    cr_assert_not_null(strstr(shown, "all rooms together [100]\n"), "its own default");
    cr_assert_null(strstr(shown, "--rooms"));
    cr_assert_null(strstr(shown, "\nRequests:"));
    cr_assert_not_null(strstr(shown, "--nick"));
    cr_assert_not_null(strstr(shown, "Examples:\n  simul-load hold "));
    narrow();
    cr_assert_eq(PARSE("-h", "ecko"), CLI_WRONG);
}

/* What --help shows is tried here, so that it goes on working. */
Test(load_cli, examples_of_help_are_right)
{
    for (size_t i = 0; i < SCENARIO_KINDS; i++) {
        unsigned examples = 0;
        char help[sizeof(shown)];
        cr_assert_eq(PARSE(SCENARIOS[i]->name, "--help"), CLI_DONE);
        memcpy(help, shown, sizeof(help));
        char *save, *line = strstr(help, "Examples:\n");
        for (line = strtok_r(line, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            const char *argv[32] = {0};
            char *words;
            unsigned argc = 0;
            if (strncmp(line, "  simul-load", 12) != 0)
                continue;
            for (char *w = strtok_r(line, " '", &words); w != NULL;
                 w = strtok_r(NULL, " '", &words))
                argv[argc++] = strcmp(w, "123") == 0 ? "1" : w; /* a process that there is */
            cr_assert_eq(plan_parse(argv), CLI_RUN, "%s", said);
            plan_deinit(&plan);
            examples++;
        }
        cr_assert_gt(examples, 0, "%s", SCENARIOS[i]->name);
    }
}

Test(load_cli, keeps_the_command_line_as_typed)
{
    PLAN("-c", "5", "echo", TCP, "--expect", "p99<5ms", "-q");
    cr_assert_str_eq(plan.command_line, "simul-load -c 5 echo " TCP " --expect 'p99<5ms' -q");
    plan_deinit(&plan);
    cr_assert_null(plan.command_line);
}

Test(load_cli, keeps_no_secret)
{
    PLAN("chat", "irc://127.0.0.1", "--password", "s e c", "-q");
    cr_assert_str_eq(plan.password, "s e c");
    cr_assert_str_eq(plan.command_line, "simul-load chat irc://127.0.0.1 --password *** -q");
    plan_deinit(&plan);
    PLAN("chat", "irc://127.0.0.1", "--password=sec");
    cr_assert_str_eq(plan.command_line, "simul-load chat irc://127.0.0.1 --password=***");
    plan_deinit(&plan);
    PLAN("jobs", "http://127.0.0.1", "-HX: 1", "-Hcookie: a=b", "-H", "Authorization: Basic x");
    cr_assert_str_eq(plan.command_line, "simul-load jobs http://127.0.0.1 '-HX: 1' "
                                        "-Hcookie:*** -H Authorization:***");
    plan_deinit(&plan);
    WRONG("--password can be given once", "", "chat", "irc://127.0.0.1", "--password", "a",
          "--pass=b");
}

Test(load_cli, survives_missing_memory)
{
    static const char *const ARGV[] = {"simul-load", "echo",     "ws://127.0.0.1/,",    "-c",
                                       "3",          "--source", "127.0.0.2-127.0.0.9", NULL};
    for (size_t succeed = 0;; succeed++) {
        const char *argv[8];
        memcpy(argv, ARGV, sizeof(argv));
        alloc_fail_after(succeed);
        enum cli_result result = plan_parse(argv);
        size_t seen = alloc_fail_stop();
        if (seen <= succeed) {
            cr_assert_eq(result, CLI_RUN, "%s", said);
            cr_assert_gt(succeed, 3);
            plan_deinit(&plan);
            return;
        }
        cr_assert_eq(result, CLI_WRONG);
        cr_assert_str_eq(said, "simul-load: out of memory\n");
    }
}
