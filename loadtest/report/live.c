#include "report/live.h"

#include "report/lines.h"
#include "report/paint.h"
#include "report/panel.h"

#include <stdlib.h>
#include <sys/ioctl.h>

/* For a terminal that does not tell its size. */
enum { COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24 };

#define CURSOR_HIDE "\033[?25l"
#define CURSOR_SHOW "\033[?25h"
#define CLEAR_BELOW "\033[J"
#define CLEAR_ALL "\033[H\033[2J"

struct live {
    FILE *to;
    bool is_drawn; /* it is a terminal */
    bool is_painted;
    unsigned rows_drawn;   /* the cursor is at the beginning of the row below them */
    unsigned columns_then; /* when they were drawn */
    struct lines lines;    /* where it is not drawn */
};

static void take_terminal(const struct live *live)
{
    fputs(CURSOR_HIDE, live->to);
    fflush(live->to);
}

struct live *live_start(FILE *to)
{
    struct live *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return NULL;
    live->to = to;
    live->is_drawn = paint_is_terminal(to);
    live->is_painted = paint_wanted(to);
    live->lines.to = to;
    if (live->is_drawn)
        take_terminal(live);
    return live;
}

static struct panel_size size_now(const struct live *live)
{
    struct winsize w;
    struct panel_size size = {COLUMNS_DEFAULT, ROWS_DEFAULT};
    if (ioctl(fileno(live->to), TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0)
        size = (struct panel_size){w.ws_col, w.ws_row};
    /* What fills the last column may wrap, and the cursor needs a row below. */
    size.columns--;
    size.rows--;
    return size;
}

/* Back to where the panel begins. A terminal that became narrower has wrapped its rows, each does
 * that in its own way, and only a clean start is right on all. */
static void cursor_return(struct live *live, unsigned columns)
{
    if (live->rows_drawn > 0 && columns < live->columns_then)
        fputs(CLEAR_ALL, live->to);
    else if (live->rows_drawn > 0)
        fprintf(live->to, "\033[%uA\r", live->rows_drawn);
    live->rows_drawn = 0;
    live->columns_then = columns;
}

void live_update(struct live *live, const struct run *so_far)
{
    if (!live->is_drawn)
        return;
    struct panel_size size = size_now(live);
    cursor_return(live, size.columns);
    live->rows_drawn = panel_print(live->to, so_far, size, live->is_painted);
    fputs(CLEAR_BELOW, live->to);
    fflush(live->to);
}

void live_second(struct live *live, const struct run *so_far)
{
    if (!live->is_drawn)
        lines_second(&live->lines, so_far);
}

void live_suspend(struct live *live)
{
    if (!live->is_drawn)
        return;
    cursor_return(live, size_now(live).columns);
    fputs(CLEAR_BELOW CURSOR_SHOW, live->to);
    fflush(live->to);
}

void live_resume(struct live *live)
{
    if (live->is_drawn)
        take_terminal(live);
}

void live_stop(struct live *live)
{
    if (live == NULL)
        return;
    live_suspend(live);
    free(live);
}
