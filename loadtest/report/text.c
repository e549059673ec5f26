#include "report/text.h"

#include <math.h>
#include <stdbool.h>

static const struct text NOT_KNOWN = {"–"};

/* A unit, and how many of the smallest it is. */
struct scale {
    double one;
    const char *name;
};

/* Three digits in all, once it is rounded: 9.996 is "10.0". Whole numbers may have no point. */
static int decimals_for(double value, bool may_be_whole)
{
    value = fabs(value);
    if (may_be_whole && value == floor(value))
        return 0;
    return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

/* In the largest unit of which it is at least one, once it is rounded. */
static struct text text_scaled(double value, const struct scale *scales, size_t count,
                               const char *suffix)
{
    struct text out;
    size_t at = 0;
    if (isnan(value))
        return NOT_KNOWN;
    while (at + 1 < count && fabs(value) >= scales[at + 1].one * 0.9995)
        at++;
    value /= scales[at].one;
    snprintf(out.s, sizeof(out.s), "%.*f%s%s", decimals_for(value, at == 0), value, scales[at].name,
             suffix);
    return out;
}

#define SCALED(value, scales, suffix)                                                              \
    text_scaled(value, scales, sizeof(scales) / sizeof(*(scales)), suffix)

struct text text_duration(double ns)
{
    static const struct scale SCALES[] = {{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}};
    struct text out;
    double seconds = round(ns / 1e9);
    if (isnan(ns) || seconds < 120)
        return SCALED(ns, SCALES, "");
    if (seconds < 7200)
        snprintf(out.s, sizeof(out.s), "%.0f min %.0f s", floor(seconds / 60), fmod(seconds, 60));
    else
        snprintf(out.s, sizeof(out.s), "%.0f h %.0f min", floor(seconds / 3600),
                 floor(fmod(seconds, 3600) / 60));
    return out;
}

/* Whole, with a comma before every third digit from the end. */
static struct text text_grouped(double n, const char *suffix)
{
    char digits[TEXT_BYTES];
    struct text out;
    size_t at = 0;
    int length = snprintf(digits, sizeof(digits), "%.0f", fabs(n));
    /* Beyond what any counter holds there would be no room for the commas. */
    if (length > 20) {
        snprintf(out.s, sizeof(out.s), "%.3g%s", n, suffix);
        return out;
    }
    if (n < 0)
        out.s[at++] = '-';
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out.s[at++] = ',';
        out.s[at++] = digits[i];
    }
    snprintf(out.s + at, sizeof(out.s) - at, "%s", suffix);
    return out;
}

struct text text_count(double n)
{
    return isnan(n) ? NOT_KNOWN : text_grouped(n, "");
}

struct text text_rate(double per_second)
{
    static const struct scale SCALE[] = {{1, ""}};
    if (per_second >= 99.95)
        return text_grouped(per_second, "/s");
    return SCALED(per_second, SCALE, "/s");
}

static const struct scale BYTES[] = {{1, " B"},        {0x1p10, " KiB"}, {0x1p20, " MiB"},
                                     {0x1p30, " GiB"}, {0x1p40, " TiB"}, {0x1p50, " PiB"}};

struct text text_bytes(double bytes)
{
    return SCALED(bytes, BYTES, "");
}

struct text text_byte_rate(double bytes_per_second)
{
    return SCALED(bytes_per_second, BYTES, "/s");
}

struct text text_brief(double n)
{
    static const struct scale SCALES[] = {{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}};
    return SCALED(n, SCALES, "");
}

struct text text_share(double share)
{
    static const struct scale SCALE[] = {{1, " %"}};
    return SCALED(share * 100, SCALE, "");
}

struct text text_clock(double seconds)
{
    struct text out;
    if (isnan(seconds))
        return NOT_KNOWN;
    double whole = seconds < 0 ? 0 : round(seconds);
    int minutes = (int)fmod(floor(whole / 60), 60), rest = (int)fmod(whole, 60);
    if (whole < 3600)
        snprintf(out.s, sizeof(out.s), "%d:%02d", minutes, rest);
    else
        snprintf(out.s, sizeof(out.s), "%.0f:%02d:%02d", floor(whole / 3600), minutes, rest);
    return out;
}

size_t text_columns(const char *s)
{
    size_t columns = 0;
    for (; *s != '\0'; s++)
        columns += ((unsigned char)*s & 0xc0) != 0x80;
    return columns;
}

void text_pad(FILE *to, const char *s, int columns)
{
    int wanted = columns < 0 ? -columns : columns, taken = (int)text_columns(s);
    int spaces = wanted > taken ? wanted - taken : 0;
    fprintf(to, "%*s%s%*s", columns < 0 ? 0 : spaces, "", s, columns < 0 ? spaces : 0, "");
}
