#include "report/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool paint_is_terminal(FILE *to)
{
    const char *term = getenv("TERM");
    return isatty(fileno(to)) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

bool paint_wanted(FILE *to)
{
    const char *no_color = getenv("NO_COLOR");
    return paint_is_terminal(to) && (no_color == NULL || *no_color == '\0');
}

void paint_put(FILE *to, bool is_wanted, enum paint paint, const char *text)
{
    static const char *const CODES[] = {
        [PAINT_PLAIN] = "",          [PAINT_BOLD] = "\033[1m",  [PAINT_DIM] = "\033[2m",
        [PAINT_GREEN] = "\033[32m",  [PAINT_CYAN] = "\033[36m", [PAINT_YELLOW] = "\033[33m",
        [PAINT_LOUD] = "\033[1;31m",
    };
    if (is_wanted && paint != PAINT_PLAIN)
        fprintf(to, "%s%s\033[0m", CODES[paint], text);
    else
        fputs(text, to);
}

static double share_clamp(double share)
{
    return share > 1 ? 1 : share > 0 ? share : 0; /* NAN: 0 */
}

void bar_draw(char out[BAR_BYTES], double share, unsigned columns)
{
    static const char *const EIGHTHS[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    columns = columns < BAR_COLUMNS_MAX ? columns : BAR_COLUMNS_MAX;
    double exact = share_clamp(share) * columns * 8;
    unsigned eighths = exact > 0 && exact < 1 ? 1 : (unsigned)lround(exact);
    *out = '\0';
    for (; eighths >= 8; eighths -= 8)
        out = stpcpy(out, "█");
    strcpy(out, EIGHTHS[eighths]);
}

const char *bar_spark(double share)
{
    static const char *const LEVELS[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    return LEVELS[(unsigned)ceil(share_clamp(share) * 8)];
}
