#include "plan/cli.h"
#include "plan/settle.h"
#include "plan/words.h"

#include "simul/buf.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* getopt's values: of a letter the letter, of a long option this and its index. */
enum { LONG_BASE = 256, LETTERS_MAX = 2 * OPTIONS_MAX + 2 };

/* What getopt has found. */
struct arguments {
    char **argv;                    /* a copy, since getopt moves its pointers; owned */
    const struct cli_option *early; /* --help or --version */
};

const char *command_given(const struct command *c, const char *name)
{
    return c->given[option_find(name)];
}

enum err command_refuse(const struct command *c, const char *format, ...)
{
    const struct scenario *scenario = c->plan->scenario;
    va_list args;
    va_start(args, format);
    fputs("simul-load: ", c->errors);
    vfprintf(c->errors, format, args);
    va_end(args);
    fprintf(c->errors, "; see simul-load %s%s--help\n", scenario != NULL ? scenario->name : "",
            scenario != NULL ? " " : "");
    return ERR_SYNTAX;
}

static void getopt_lists(char letters[LETTERS_MAX], struct option longs[OPTIONS_MAX + 1])
{
    *letters++ = ':'; /* missing values are told apart */
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        const struct cli_option *o = &OPTIONS[i];
        int has_value = o->value != NULL ? required_argument : no_argument;
        longs[i] = (struct option){o->name, has_value, NULL, LONG_BASE + (int)i};
        if (o->letter != 0)
            *letters++ = o->letter;
        if (o->letter != 0 && o->value != NULL)
            *letters++ = ':';
    }
    *letters = '\0';
    longs[OPTION_KINDS] = (struct option){0};
}

static size_t option_index(int found)
{
    if (found >= LONG_BASE)
        return (size_t)(found - LONG_BASE);
    for (size_t i = 0; i < OPTION_KINDS; i++)
        if (OPTIONS[i].letter == found)
            return i;
    return OPTION_KINDS;
}

/* getopt has said '?': no such option, or a value where none belongs. */
static enum err refuse_option(const struct command *c, const char *argument)
{
    if (optopt >= LONG_BASE)
        return command_refuse(c, "--%s takes no value", OPTIONS[optopt - LONG_BASE].name);
    if (optopt != 0)
        return command_refuse(c, "unknown option -%c", optopt);
    char name[WORD_CHARS_MAX + 1];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    struct nearest meant = {.typed = name};
    for (size_t i = 0; i < OPTION_KINDS; i++)
        nearest_try(&meant, OPTIONS[i].name);
    if (meant.name != NULL)
        return command_refuse(c, "unknown option --%s (did you mean --%s?)", name, meant.name);
    return command_refuse(c, "unknown option --%s", name);
}

/* Lists are filled at once, in the order of their values; everything else waits for its default. */
static enum err command_note(struct command *c, size_t index, const char *text)
{
    if (OPTIONS[index].is_secret && c->given[index] != NULL)
        return command_refuse(c, "--%s can be given once", OPTIONS[index].name);
    c->given[index] = text != NULL ? text : "";
    return OPTIONS[index].type == OPTION_LIST ? option_set(c, &OPTIONS[index], text) : OK;
}

/* Reads all options; the words between them follow at argv[optind]. */
static enum err arguments_read(struct command *c, struct arguments *a, int argc)
{
    char letters[LETTERS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    getopt_lists(letters, longs);
    optind = 0; /* from the beginning, whoever used getopt before */
    opterr = 0; /* the errors are worded here */
    int found;
    while ((found = getopt_long(argc, a->argv, letters, longs, NULL)) != -1) {
        if (found == ':')
            return command_refuse(c, "a value is missing after %s", a->argv[optind - 1]);
        if (found == '?')
            return refuse_option(c, a->argv[optind - 1]);
        size_t index = option_index(found);
        if (OPTIONS[index].type == OPTION_HELP || OPTIONS[index].type == OPTION_VERSION)
            a->early = &OPTIONS[index];
        enum err e = command_note(c, index, optarg);
        if (e != OK)
            return e;
    }
    return OK;
}

static enum err scenario_read(struct command *c, const char *name)
{
    c->plan->scenario = scenario_find(name);
    if (c->plan->scenario != NULL)
        return OK;
    struct nearest meant = {.typed = name};
    struct words names = {.last = NULL};
    for (size_t i = 0; i < SCENARIO_KINDS; i++) {
        nearest_try(&meant, SCENARIOS[i]->name);
        words_add(&names, SCENARIOS[i]->name);
    }
    if (meant.name != NULL)
        return command_refuse(c, "unknown scenario '%s' (did you mean %s?)", name, meant.name);
    return command_refuse(c, "unknown scenario '%s'; the scenarios are %s", name,
                          words_end(&names));
}

static enum err refuse_scenario(const struct command *c, const struct cli_option *o)
{
    struct words names = {.last = NULL};
    for (size_t i = 0; i < SCENARIO_KINDS; i++)
        if (option_is_for(o, SCENARIOS[i]))
            words_add(&names, SCENARIOS[i]->name);
    return command_refuse(c, "--%s is for %s, not for %s", o->name, words_end(&names),
                          c->plan->scenario->name);
}

/* Every option of the scenario: what was typed, or its default. */
static enum err options_apply(struct command *c)
{
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        const struct cli_option *o = &OPTIONS[i];
        bool is_for = option_is_for(o, c->plan->scenario);
        if (!is_for && c->given[i] != NULL)
            return refuse_scenario(c, o);
        const char *text = c->given[i];
        if (text == NULL && is_for)
            text = option_initial(o, c->plan->scenario);
        enum err e = text != NULL && o->type != OPTION_LIST ? option_set(c, o, text) : OK;
        if (e != OK)
            return e;
    }
    return OK;
}

static bool is_credential(const char *header)
{
    static const char *const NAMES[] = {"Authorization:", "Proxy-Authorization:", "Cookie:"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (strncasecmp(header, NAMES[i], strlen(NAMES[i])) == 0)
            return true;
    return false;
}

/* Where in an argument a secret begins that was read from it; its end: there is none. */
static const char *secret_in(const struct command *c, const char *text, const char *end)
{
    for (size_t i = 0; i < OPTION_KINDS; i++)
        if (OPTIONS[i].is_secret && c->given[i] >= text && c->given[i] < end)
            return c->given[i];
    for (unsigned i = 0; i < c->plan->header_count; i++) {
        const char *header = c->plan->headers[i];
        if (header >= text && header < end && is_credential(header))
            return header + strcspn(header, ":") + 1;
    }
    return end;
}

/* The command line as it was typed, but for secrets, quoted for a shell where that is needed. */
static enum err command_line_keep(const struct command *c, int argc, char **argv)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+:,./@%";
    struct buf line = {0};
    enum err e = buf_append(&line, SPAN("simul-load"));
    for (int i = 1; e == OK && i < argc; i++) {
        const char *text = argv[i], *end = text + strlen(text);
        const char *secret = secret_in(c, text, end);
        const char *quote = strspn(text, PLAIN) < (size_t)(secret - text) ? "'" : "";
        e = buf_printf(&line, " %s%.*s%s%s", quote, (int)(secret - text), text,
                       secret < end ? "***" : "", quote);
    }
    if (e == OK)
        e = buf_append(&line, span_of("", 1));
    if (e != OK)
        buf_deinit(&line);
    c->plan->command_line = (const char *)line.data;
    return e;
}

/* The scenario is known, and no --help was wanted. */
static enum err plan_complete(struct command *c, int argc, char **argv)
{
    struct share_limits limits = share_limits_now();
    enum err e = options_apply(c);
    if (e == OK)
        e = settle_targets(c);
    if (e == OK)
        e = settle_load(c);
    if (e == OK)
        e = settle_share(c, &limits);
    if (e == OK)
        e = command_line_keep(c, argc, argv);
    return e;
}

static enum err command_run(struct command *c, struct arguments *a, int argc, char **argv,
                            FILE *out, enum cli_result *result)
{
    *result = CLI_DONE;
    enum err e = arguments_read(c, a, argc);
    if (e != OK)
        return e;
    if (a->early != NULL && a->early->type == OPTION_VERSION) {
        fprintf(out, "simul-load %s\n", SIMUL_VERSION);
        return OK;
    }
    const char *scenario = a->argv[optind];
    if (scenario != NULL)
        e = scenario_read(c, scenario);
    if (e != OK)
        return e;
    if (a->early != NULL) {
        option_print_help(out, c->plan->scenario);
        return OK;
    }
    if (scenario == NULL)
        return command_refuse(c, "a scenario and a URL are missing");
    *result = CLI_RUN;
    c->urls = &a->argv[optind + 1];
    return plan_complete(c, argc, argv);
}

enum cli_result cli_parse(int argc, char **argv, struct plan *plan, FILE *out, FILE *err)
{
    *plan = (struct plan){.tls_verify = true};
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return CLI_COMPARE;
    enum cli_result result = CLI_WRONG;
    struct command c = {.plan = plan, .errors = err};
    struct arguments a = {.argv = calloc((size_t)argc + 1, sizeof(a.argv[0]))};
    enum err e = ERR_NOMEM;
    if (a.argv != NULL) {
        memcpy(a.argv, argv, (size_t)argc * sizeof(a.argv[0]));
        e = command_run(&c, &a, argc, argv, out, &result);
    }
    free(a.argv);
    if (e == ERR_NOMEM)
        fputs("simul-load: out of memory\n", err);
    if (e != OK)
        plan_deinit(plan);
    return e == OK ? result : CLI_WRONG;
}

void plan_deinit(struct plan *plan)
{
    address_list_deinit(&plan->addresses);
    address_list_deinit(&plan->sources);
    address_list_deinit(&plan->beside_addresses);
    free((char *)plan->command_line);
    plan->command_line = NULL;
}
