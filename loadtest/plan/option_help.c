#include "plan/option.h"
#include "plan/words.h"

#include <string.h>

static const char *const TITLES[GROUP_KINDS] = {
    [GROUP_LOAD] = "How much",
    [GROUP_MESSAGES] = "Messages",
    [GROUP_CHAT] = "IRC",
    [GROUP_JOBS] = "Requests",
    [GROUP_HTTP] = "HTTP and WebSocket",
    [GROUP_TLS] = "TLS",
    [GROUP_ADDRESSES] = "Addresses, to go past the 28,000 ports from one to another",
    [GROUP_SHOWN] = "What is shown",
    [GROUP_OTHER] = "Other",
};

const char *option_group_title(enum option_group group)
{
    return TITLES[group];
}

static const char USAGE[] =
    "usage: simul-load SCENARIO URL... [options]\n"
    "       simul-load compare A.json B.json... [--html FILE]\n"
    "\n"
    "Puts load on a server, and measures it. Ctrl-C ends a run early and shows what was measured;\n"
    "again, it leaves at once.\n"
    "\n"
    "Scenarios (simul-load SCENARIO --help: its options and defaults):\n";

static const char NOTES[] =
    "\nA TIME is 500ms, 10s, 2m or 1h; a number alone is seconds. An N or R may have a k, M or G;\n"
    "of BYTES, k is 1,024. Connections go to the URLs in turn; all have one scheme.\n"
    "\n"
    "Exit status: 0 done; 1 it could not run; 2 the command line is wrong; 3 an expectation did\n"
    "not hold.\n";

static const struct {
    const char *scenario, *line, *meaning;
} EXAMPLES[] = {
    {"echo", "tcp://127.0.0.1:7007 -c 100 --in-flight 16", "how much goes through"},
    {"echo", "ws://127.0.0.1:8080/echo -c 100 --rate 10k -s 16-1KiB --expect 'p99<5ms'",
     "latencies at a fixed rate"},
    {"hold", "ws://127.0.0.1:8080/echo -c 50k -d 1m --source 127.0.0.2-127.0.0.20 --pid 123",
     "idle connections, and what they cost the server"},
    {"connect", "wss://localhost:8443/echo -k --resume", "handshakes"},
    {"chat", "irc://127.0.0.1:6667 --rooms 10 --members 100 --rate 50",
     "1,000 clients in 10 rooms"},
    {"chat", "ws://127.0.0.1:8080/chat -c 5000 --in-flight 16", "one large room"},
    {"jobs", "http://127.0.0.1:8080/jobs/primes?n=100000 -c 8", "what heavy requests do to others"},
    {"flood", "tcp://127.0.0.1:7007 -c 4 -s 64KiB", "bytes a second"},
};

static void print_option(FILE *to, const struct cli_option *o, const struct scenario *scenario)
{
    char form[48];
    int len = snprintf(form, sizeof(form), "--%s%s%s", o->name, o->value != NULL ? " " : "",
                       o->value != NULL ? o->value : "");
    const char *initial = scenario != NULL ? option_initial(o, scenario) : o->initial;
    if (o->letter != 0)
        fprintf(to, "  -%c, ", o->letter);
    else
        fprintf(to, "      ");
    fprintf(to, "%s%*s%s", form, len < 20 ? 20 - len : 1, "", o->help);
    if (initial != NULL)
        fprintf(to, " [%s]", initial);
    fputc('\n', to);
}

static void print_group(FILE *to, enum option_group group, const struct scenario *scenario)
{
    bool is_titled = false;
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        const struct cli_option *o = &OPTIONS[i];
        if (o->group != group || (scenario != NULL && !option_is_for(o, scenario)))
            continue;
        if (!is_titled)
            fprintf(to, "\n%s:\n", option_group_title(group));
        is_titled = true;
        print_option(to, o, scenario);
    }
}

static void print_examples(FILE *to, const struct scenario *scenario)
{
    fprintf(to, "\nExamples:\n");
    for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++)
        if (strcmp(EXAMPLES[i].scenario, scenario->name) == 0)
            fprintf(to, "  simul-load %s %s\n      %s\n", scenario->name, EXAMPLES[i].line,
                    EXAMPLES[i].meaning);
}

void option_print_help(FILE *to, const struct scenario *scenario)
{
    struct words schemes = {.last = NULL};
    for (size_t i = 0; i < SCHEME_KINDS; i++)
        if (scenario == NULL || (scenario->carriers & 1u << SCHEMES[i].carrier) != 0)
            words_add(&schemes, SCHEMES[i].name);
    if (scenario != NULL) {
        fprintf(to, "usage: simul-load %s URL... [options]\n\n%s\n", scenario->name,
                scenario->summary);
    } else {
        fputs(USAGE, to);
        for (size_t i = 0; i < SCENARIO_KINDS; i++)
            fprintf(to, "  %-8s  %s\n", SCENARIOS[i]->name, SCENARIOS[i]->summary);
    }
    fprintf(to, "\nURLs: SCHEME://HOST:PORT/PATH; schemes are %s.\n", words_end(&schemes));
    for (unsigned group = 0; group < GROUP_KINDS; group++)
        print_group(to, group, scenario);
    if (scenario != NULL)
        print_examples(to, scenario);
    fputs(NOTES, to);
}
