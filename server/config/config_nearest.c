#include "config/config_nearest.h"

#include <stdio.h>
#include <string.h>

enum {
    TYPING_ERRORS_MAX = 3,
    COST_ABBREVIATED = 1,
    COST_ELSEWHERE = TYPING_ERRORS_MAX + 1, /* right but for its section */
    PART_LETTERS_MIN = 2,                   /* fewer say nothing of what was meant */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, take away, replace, or swap with their neighbours (optimal string alignment).
 * Both texts are shorter than CONFIG_KEY_BYTES_MAX. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][CONFIG_KEY_BYTES_MAX], b_len = strlen(b);
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1);
            row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_len];
}

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

static size_t cost_of(const char *mistyped, const char *known)
{
    const char *part = last_part(mistyped);
    bool is_part = strlen(part) >= PART_LETTERS_MIN;
    size_t len = strlen(mistyped);
    size_t cost = edit_distance(mistyped, known);
    if (is_part && strncmp(known, mistyped, len) == 0 && strchr(known + len, '.') == NULL)
        cost = least(cost, COST_ABBREVIATED);
    if (cost > least(TYPING_ERRORS_MAX, (len + 1) / 2))
        cost = COST_ELSEWHERE + 1;
    if (is_part && strcmp(part, last_part(known)) == 0)
        cost = least(cost, COST_ELSEWHERE);
    return cost;
}

void config_nearest_init(struct config_nearest *n, const char *mistyped)
{
    n->mistyped = mistyped;
    n->cost = COST_ELSEWHERE;
    n->count = 0;
}

void config_nearest_offer(struct config_nearest *n, const char *known)
{
    if (strlen(n->mistyped) >= CONFIG_KEY_BYTES_MAX)
        return;
    size_t cost = cost_of(n->mistyped, known);
    if (cost > n->cost)
        return;
    if (cost < n->cost)
        n->count = 0;
    for (size_t i = 0; i < least(n->count, CONFIG_NEAREST_NAMES_MAX); i++)
        if (strcmp(n->names[i], known) == 0)
            return;
    n->cost = cost;
    if (n->count < CONFIG_NEAREST_NAMES_MAX)
        snprintf(n->names[n->count], sizeof(n->names[0]), "%s", known);
    n->count++;
}

bool config_nearest_describe(const struct config_nearest *n, char *to, size_t size)
{
    if (n->count == 0 || n->count > CONFIG_NEAREST_NAMES_MAX)
        return false;
    snprintf(to, size, "%s%s%s", n->names[0], n->count > 1 ? " or " : "",
             n->count > 1 ? n->names[1] : "");
    return true;
}
