/* Colours for people who look at a terminal, and bars of characters for everybody. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum paint {
    PAINT_PLAIN,
    PAINT_BOLD,
    PAINT_DIM,
    PAINT_GREEN,
    PAINT_CYAN,
    PAINT_YELLOW, /* warnings */
    PAINT_LOUD,   /* errors: bold and red */
};

/* Whether it understands escape sequences: a terminal, and TERM is not "dumb". */
bool paint_is_terminal(FILE *to);

/* Whether colours are wanted there: a terminal, and NO_COLOR is not set (https://no-color.org). */
bool paint_wanted(FILE *to);

/* Writes the text; painted if that is wanted. */
void paint_put(FILE *to, bool is_wanted, enum paint paint, const char *text);

/* Room for a bar of so many columns, and its zero. */
enum { BAR_COLUMNS_MAX = 200, BAR_BYTES = BAR_COLUMNS_MAX * 4 + 1 };

/* A horizontal bar of at most `columns` for a share of 0 to 1, to an eighth of a column; more than
 * nothing is at least an eighth. It is not filled up. */
void bar_draw(char out[BAR_BYTES], double share, unsigned columns);

/* One column of a sparkline, " ▁▂▃▄▅▆▇█", for a share of 0 to 1; more than nothing is at least ▁.
 */
const char *bar_spark(double share);
