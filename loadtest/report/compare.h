/* `simul-load compare A.json B.json… [--html FILE]`: reports side by side, with ratios to the
 * first. */
#pragma once

#include "report/document.h"
#include "report/figure.h"

#include <stdio.h>

enum { COMPARE_RUNS_MAX = 26 };

struct comparison {
    struct document *runs; /* owned; the first is what the others are compared with */
    size_t count;
};

/* What a run is called: "A", "B", … */
const char *compare_letter(size_t index);

/* Ratios that are this close to 1 say nothing: runs of the same differ by more. */
#define COMPARE_SAME 0.02

enum compare_mark { COMPARE_NEITHER, COMPARE_BETTER, COMPARE_WORSE };

/* How a figure's value relates to that of the first run. *ratio is NAN if there is none, as of
 * something to nothing, which may be better or worse all the same. */
enum compare_mark compare_judge(const struct figure *f, double first, double value, double *ratio);

/* "×1.25"; nothing for a NAN. */
struct text compare_ratio_text(double ratio);

/* Whether any of the runs has the figure at the index in FIGURES. */
bool compare_has_figure(const struct comparison *c, size_t figure);

/* Whether all runs are of one scenario. */
bool compare_is_alike(const struct comparison *c);

/* Reads the reports that the command line names (argv[1] is "compare"), writes the table to out
 * and the page to its file, and complaints to err. Returns the exit status: 0; 1: a file could not
 * be read or written; 2: the command line is wrong. */
int compare_main(int argc, char **argv, FILE *out, FILE *err);

/* The page, in compare_html.c. ERR_NOMEM, ERR_IO. */
enum err compare_write_html(const struct comparison *c, FILE *out);
