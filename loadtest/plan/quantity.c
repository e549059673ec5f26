#include "plan/quantity.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_CHARS_MAX = 32, RANGE_CHARS_MAX = 64 };

/* Up to here a double counts in ones. */
static const double WHOLE_MAX = (double)(1ull << 53);

struct unit {
    const char *name;
    double factor;
};

static const struct unit TIMES[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {NULL, 0},
};

static const struct unit THOUSANDS[] = {
    {"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {NULL, 0},
};

static const struct unit BYTES[] = {
    {"", 1},        {"B", 1},         {"k", 1 << 10}, {"K", 1 << 10},   {"KiB", 1 << 10},
    {"M", 1 << 20}, {"MiB", 1 << 20}, {"G", 1 << 30}, {"GiB", 1 << 30}, {"kB", 1e3},
    {"KB", 1e3},    {"MB", 1e6},      {"GB", 1e9},    {NULL, 0},
};

/* The number in front, and where its unit begins. strtod alone would take signs, blanks, "inf" and
 * hexadecimal. */
static enum err number_parse(const char *text, double *number, const char **unit)
{
    static const char DIGITS[] = "0123456789";
    size_t len = strspn(text, DIGITS);
    if (len == 0)
        return ERR_SYNTAX;
    if (text[len] == '.') {
        size_t fraction = strspn(text + len + 1, DIGITS);
        if (fraction == 0)
            return ERR_SYNTAX;
        len += 1 + fraction;
    }
    if (len > NUMBER_CHARS_MAX)
        return ERR_LIMIT;
    char digits[NUMBER_CHARS_MAX + 1];
    memcpy(digits, text, len);
    digits[len] = '\0';
    *number = strtod(digits, NULL);
    *unit = text + len;
    return OK;
}

static enum err scaled_parse(const char *text, const struct unit *units, double *out)
{
    double number;
    const char *name;
    enum err e = number_parse(text, &number, &name);
    if (e != OK)
        return e;
    while (units->name != NULL && strcmp(units->name, name) != 0)
        units++;
    if (units->name == NULL)
        return ERR_SYNTAX;
    *out = number * units->factor;
    return OK;
}

static enum err whole(double value, uint64_t *out)
{
    if (value > WHOLE_MAX)
        return ERR_LIMIT;
    uint64_t nearest = (uint64_t)(value + 0.5);
    double error = value - (double)nearest;
    if (error > 1e-6 || error < -1e-6) /* "1.1k" is 1100.0000000000002 */
        return ERR_SYNTAX;
    *out = nearest;
    return OK;
}

enum err quantity_duration(const char *text, uint64_t bare_ns, uint64_t *out)
{
    double value;
    const char *unit;
    enum err e = number_parse(text, &value, &unit);
    if (e == OK && *unit == '\0')
        value *= (double)bare_ns;
    else if (e == OK)
        e = scaled_parse(text, TIMES, &value);
    if (e != OK)
        return e;
    if (value > WHOLE_MAX)
        return ERR_LIMIT;
    *out = (uint64_t)(value + 0.5);
    return OK;
}

enum err quantity_count(const char *text, uint64_t *out)
{
    double value;
    enum err e = scaled_parse(text, THOUSANDS, &value);
    return e != OK ? e : whole(value, out);
}

/* The text without "/s" at its end. */
static enum err rate_strip(const char *text, char bare[RANGE_CHARS_MAX])
{
    size_t len = strlen(text);
    if (len > 2 && strcmp(text + len - 2, "/s") == 0)
        len -= 2;
    if (len >= RANGE_CHARS_MAX)
        return ERR_LIMIT;
    memcpy(bare, text, len);
    bare[len] = '\0';
    return OK;
}

enum err quantity_rate(const char *text, double *out)
{
    char bare[RANGE_CHARS_MAX];
    enum err e = rate_strip(text, bare);
    return e != OK ? e : scaled_parse(bare, THOUSANDS, out);
}

enum err quantity_bytes(const char *text, uint64_t *out)
{
    double value;
    enum err e = scaled_parse(text, BYTES, &value);
    return e != OK ? e : whole(value, out);
}

enum err quantity_byte_rate(const char *text, uint64_t *out)
{
    char bare[RANGE_CHARS_MAX];
    enum err e = rate_strip(text, bare);
    return e != OK ? e : quantity_bytes(bare, out);
}

enum err quantity_bytes_range(const char *text, uint64_t *min, uint64_t *max)
{
    char first[RANGE_CHARS_MAX];
    uint64_t from, to;
    size_t len = strcspn(text, "-");
    if (len >= sizeof(first))
        return ERR_LIMIT;
    memcpy(first, text, len);
    first[len] = '\0';
    enum err e = quantity_bytes(first, &from);
    to = from;
    if (e == OK && text[len] == '-')
        e = quantity_bytes(text + len + 1, &to);
    if (e == OK && from > to)
        e = ERR_SYNTAX;
    if (e != OK)
        return e;
    *min = from;
    *max = to;
    return OK;
}
