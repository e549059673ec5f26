/* Prints simul-load(1): its scenarios, and what the table of options knows of each. */
#include "mdoc.h"
#include "plan/option.h"

static void print_scenarios(FILE *to)
{
    fputs(".Sh SCENARIOS\n.Bl -tag -width connect\n", to);
    for (size_t i = 0; i < SCENARIO_KINDS; i++) {
        fprintf(to, ".It Cm %s\n", SCENARIOS[i]->name);
        mdoc_print_sentence(to, SCENARIOS[i]->summary);
    }
    fputs(".El\n", to);
}

static void print_option(FILE *to, const struct cli_option *o)
{
    fputs(".It ", to);
    if (o->letter != 0)
        fprintf(to, "Fl %c , ", o->letter);
    fprintf(to, "Fl -%s", o->name);
    if (o->value != NULL)
        fprintf(to, " Ar %s", o->value);
    fputc('\n', to);
    mdoc_print_sentence(to, o->help);
    if (o->initial != NULL)
        fprintf(to, ".br\nDefault: %s.\n", o->initial);
    if (o->scenarios != NULL)
        fprintf(to, ".br\nOf: %s.\n", o->scenarios);
}

static void print_part(FILE *to)
{
    print_scenarios(to);
    fputs(".Sh OPTIONS\n"
          "Which of them a scenario has, and its defaults, tells\n"
          ".Nm\n.Ar SCENARIO\n.Fl -help .\n",
          to);
    for (unsigned group = 0; group < GROUP_KINDS; group++) {
        fprintf(to, ".Ss %s\n.Bl -tag -width Ds\n", option_group_title(group));
        for (size_t i = 0; i < OPTION_KINDS; i++)
            if (OPTIONS[i].group == group)
                print_option(to, &OPTIONS[i]);
        fputs(".El\n", to);
    }
}

int main(int argc, char **argv)
{
    return mdoc_main(argc, argv, print_part);
}
