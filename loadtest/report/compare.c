#include "report/compare.h"

#include "report/output.h"
#include "report/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

const char *compare_letter(size_t index)
{
    static const char LETTERS[COMPARE_RUNS_MAX][2] = {
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M",
        "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z",
    };
    return LETTERS[index];
}

/* --- what is better ---------------------------------------------------------------------- */

enum compare_mark compare_judge(const struct figure *f, double first, double value, double *ratio)
{
    *ratio = first > 0 && value >= 0 ? value / first : NAN;
    if (isnan(first) || isnan(value) || fabs(value - first) <= COMPARE_SAME * fabs(first))
        return COMPARE_NEITHER;
    return (value < first) == f->less_is_better ? COMPARE_BETTER : COMPARE_WORSE;
}

struct text compare_ratio_text(double ratio)
{
    struct text out = {""};
    if (!isnan(ratio))
        snprintf(out.s, sizeof(out.s), "×%.*f", ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0, ratio);
    return out;
}

bool compare_has_figure(const struct comparison *c, size_t figure)
{
    for (size_t i = 0; i < c->count; i++)
        if (!isnan(c->runs[i].figures[figure]))
            return true;
    return false;
}

bool compare_is_alike(const struct comparison *c)
{
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->runs[i].scenario, c->runs[0].scenario) != 0)
            return false;
    return true;
}

/* --- the table --------------------------------------------------------------------------- */

enum { NAME_COLUMNS = 16, VALUE_COLUMNS = 13, RATIO_COLUMNS = 8, MARK_COLUMNS = 7 };

static void print_runs(const struct comparison *c, FILE *out)
{
    for (size_t i = 0; i < c->count; i++)
        fprintf(out, "%s  %s: %s, %s\n   %s\n", compare_letter(i), c->runs[i].path,
                c->runs[i].scenario, c->runs[i].began, c->runs[i].command);
    if (!compare_is_alike(c))
        fputs("\nThese are runs of different scenarios: their figures mean different things.\n",
              out);
    fputc('\n', out);
}

static void print_head(const struct comparison *c, FILE *out)
{
    text_pad(out, "", -NAME_COLUMNS);
    for (size_t i = 0; i < c->count; i++) {
        if (i > 1)
            text_pad(out, "", RATIO_COLUMNS + MARK_COLUMNS);
        text_pad(out, compare_letter(i), VALUE_COLUMNS);
    }
    fputc('\n', out);
}

static void print_mark(enum compare_mark mark, bool is_last, FILE *out)
{
    static const struct {
        const char *text;
        enum paint paint;
    } MARKS[] = {
        [COMPARE_NEITHER] = {"", PAINT_PLAIN},
        [COMPARE_BETTER] = {" better", PAINT_GREEN},
        [COMPARE_WORSE] = {" worse", PAINT_LOUD},
    };
    paint_put(out, paint_wanted(out), MARKS[mark].paint, MARKS[mark].text);
    if (!is_last)
        text_pad(out, "", MARK_COLUMNS - (int)text_columns(MARKS[mark].text));
}

static void print_figure(const struct comparison *c, size_t figure, FILE *out)
{
    const struct figure *f = &FIGURES[figure];
    text_pad(out, f->name, -NAME_COLUMNS);
    for (size_t i = 0; i < c->count; i++) {
        double value = c->runs[i].figures[figure], ratio;
        enum compare_mark mark = compare_judge(f, c->runs[0].figures[figure], value, &ratio);
        text_pad(out, figure_text(f, value).s, VALUE_COLUMNS);
        bool is_last = i == c->count - 1;
        if (i == 0 || (is_last && isnan(ratio) && mark == COMPARE_NEITHER))
            continue;
        text_pad(out, compare_ratio_text(ratio).s, RATIO_COLUMNS);
        print_mark(mark, is_last, out);
    }
    fputc('\n', out);
}

static enum err print_table(const struct comparison *c, FILE *out)
{
    print_runs(c, out);
    print_head(c, out);
    for (size_t i = 0; i < FIGURE_KINDS; i++)
        if (compare_has_figure(c, i))
            print_figure(c, i, out);
    return fflush(out) == 0 && !ferror(out) ? OK : ERR_IO;
}

/* --- the command ------------------------------------------------------------------------- */

/* What the command line says. */
struct request {
    char **paths; /* `count` of them, at the beginning of what was argv */
    size_t count;
    const char *html_path; /* NULL: no page */
};

#define USAGE "usage: simul-load compare A.json B.json... [--html FILE]\n"

static const char HELP[] =
    USAGE "\n"
          "Shows the reports that --json wrote side by side, with ratios to the first and what is\n"
          "better or worse by more than 2 %; with --html also as a page with plots.\n"
          "\n"
          "Exit status: 0 done; 1 a file cannot be read or written; 2 the command line is wrong.\n";

static int usage(FILE *err, const char *what, const char *which)
{
    fprintf(err, "simul-load: compare: %s%s; " USAGE, what, which);
    return STATUS_USAGE;
}

/* Gathers the paths in place. */
static int parse(int argc, char **argv, struct request *r, FILE *err)
{
    *r = (struct request){.paths = argv};
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "--html=", 7) == 0)
            r->html_path = argv[i] + 7;
        else if (strcmp(argv[i], "--html") == 0 && i + 1 < argc)
            r->html_path = argv[++i];
        else if (argv[i][0] == '-')
            return usage(err, "unknown, or without its value: ", argv[i]);
        else
            r->paths[r->count++] = argv[i];
    }
    if (r->count < 2)
        return usage(err, "at least two reports are needed", "");
    if (r->count > COMPARE_RUNS_MAX)
        return usage(err, "more than 26 reports at once are not possible", "");
    return STATUS_DONE;
}

/* Reads them all, so that all complaints are heard at once. */
static enum err comparison_init(struct comparison *c, const struct request *r, FILE *err)
{
    *c = (struct comparison){.runs = calloc(r->count, sizeof(*c->runs))};
    if (c->runs == NULL) {
        fprintf(err, "simul-load: %s\n", err_name(ERR_NOMEM));
        return ERR_NOMEM;
    }
    enum err result = OK;
    for (c->count = 0; c->count < r->count; c->count++) {
        enum err e = document_read(r->paths[c->count], &c->runs[c->count], err);
        if (e != OK)
            result = e;
    }
    return result;
}

static void comparison_deinit(struct comparison *c)
{
    for (size_t i = 0; i < c->count; i++)
        document_deinit(&c->runs[i]);
    free(c->runs);
}

static enum err save_html(const struct comparison *c, const char *path, FILE *err)
{
    FILE *out = output_open(path);
    enum err e = out == NULL ? ERR_IO : compare_write_html(c, out);
    return output_close(out, path, e, err) ? OK : ERR_IO;
}

int compare_main(int argc, char **argv, FILE *out, FILE *err)
{
    struct request request;
    struct comparison c;
    if (argc == 3 && strcmp(argv[2], "--help") == 0) {
        fputs(HELP, out);
        return STATUS_DONE;
    }
    int status = parse(argc, argv, &request, err);
    if (status != STATUS_DONE)
        return status;
    enum err e = comparison_init(&c, &request, err);
    if (e == OK)
        e = print_table(&c, output_is_stdout(request.html_path) ? err : out);
    if (e == OK && request.html_path != NULL)
        e = save_html(&c, request.html_path, err);
    comparison_deinit(&c);
    return e == OK ? STATUS_DONE : STATUS_FAILED;
}
