/* Line plots as inline SVG, for pages (report/page.h). Colours and fonts come from the page's style
 * sheet, so a plot follows dark mode and print without a script. */
#pragma once

#include "report/axis.h"
#include "report/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct plot_axis {
    enum axis_steps steps;
    struct text (*text)(double value); /* of a tick, in few characters */
};

/* Points with a NAN, and on a logarithmic axis what is not positive, are gaps. */
struct plot_series {
    const char *name;
    const double *x, *y; /* rising in x */
    size_t count;
};

/* The n-th series has the n-th colour; further ones begin again. */
enum { PLOT_COLOURS = 8 };

struct plot {
    const char *title;
    struct plot_axis x, y; /* linear ones begin at 0 */
    const struct plot_series *series;
    size_t series_count;
    double shade_from, shade_to; /* what lies between in x stands out; empty: nothing */
};

/* Writes a <figure>: the title, a legend where there are several series, and the plot. Series
 * without a point are left out of it, and a plot without any point is not written at all. Of more
 * points than a screen can show, only the least and the greatest of neighbours are drawn. */
void plot_write(const struct plot *plot, FILE *out);
