#include "report/expect.h"

#include "plan/quantity.h"
#include "report/figure.h"
#include "report/paint.h"

#include <math.h>
#include <string.h>

enum { VALUE_CHARS_MAX = 64 };

/* The longer ones first, since each of them begins with a shorter one. */
static const struct {
    const char *sign;
    enum expect_relation relation;
} RELATIONS[] = {
    {"<=", EXPECT_AT_MOST}, {">=", EXPECT_AT_LEAST}, {"<", EXPECT_LESS},
    {">", EXPECT_MORE},     {"=", EXPECT_EQUAL},
};

/* The relation that `text` begins with; *len is how long it is, 0: none. */
static enum expect_relation relation_parse(const char *text, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < sizeof(RELATIONS) / sizeof(*RELATIONS); i++) {
        *len = strlen(RELATIONS[i].sign);
        if (strncmp(text, RELATIONS[i].sign, *len) == 0)
            return RELATIONS[i].relation;
    }
    *len = 0;
    return EXPECT_EQUAL;
}

static enum err value_parse(const char *text, enum figure_unit unit, double *out, const char **why)
{
    static const uint64_t MS = 1000000;
    enum err e = ERR_SYNTAX;
    uint64_t whole = 0;
    switch (unit) {
    case FIGURE_NS:
        *why = "expected a duration, such as 5ms or 250us";
        e = quantity_duration(text, MS, &whole);
        break;
    case FIGURE_PER_SECOND:
        *why = "expected a rate, such as 100000 or 100k";
        e = quantity_rate(text, out);
        break;
    case FIGURE_COUNT:
        *why = "expected a whole number, such as 0 or 10k";
        e = quantity_count(text, &whole);
        break;
    case FIGURE_BYTES:
        *why = "expected bytes, such as 256 or 64KiB";
        e = quantity_bytes(text, &whole);
        break;
    case FIGURE_BYTES_PER_SECOND:
        *why = "expected bytes in a second, such as 10MiB";
        e = quantity_byte_rate(text, &whole);
        break;
    }
    if (e == OK && unit != FIGURE_PER_SECOND)
        *out = (double)whole;
    if (e == ERR_LIMIT)
        *why = "the value is too large";
    return e;
}

enum err expect_parse(const char *text, struct expect *out, const char **why)
{
    const char *name = text + strspn(text, " ");
    size_t name_len = strcspn(name, " <>="), relation_len;
    const char *at = name + name_len + strspn(name + name_len, " ");
    char value[VALUE_CHARS_MAX];

    *out = (struct expect){.text = text, .figure = figure_find(name, name_len)};
    out->relation = relation_parse(at, &relation_len);
    if (name_len == 0 || relation_len == 0) {
        *why = "expected a name, one of < <= = >= >, and a value, such as p99<5ms";
        return ERR_SYNTAX;
    }
    if (out->figure == NULL) {
        *why = "no figure has this name";
        return ERR_UNKNOWN;
    }
    at += relation_len;
    at += strspn(at, " ");
    size_t len = strcspn(at, " ");
    bool is_alone = at[len + strspn(at + len, " ")] == '\0';
    if (!is_alone || len >= sizeof(value)) {
        *why = "expected one value behind the relation";
        return ERR_SYNTAX;
    }
    memcpy(value, at, len);
    value[len] = '\0';
    return value_parse(value, out->figure->unit, &out->value, why);
}

bool expect_holds(const struct expect *e, const struct run *run, double *seen)
{
    *seen = figure_of(e->figure, run);
    switch (e->relation) {
    case EXPECT_LESS:
        return *seen < e->value;
    case EXPECT_AT_MOST:
        return *seen <= e->value;
    case EXPECT_EQUAL:
        return *seen == e->value;
    case EXPECT_AT_LEAST:
        return *seen >= e->value;
    case EXPECT_MORE:
        return *seen > e->value;
    }
    return false;
}

bool expect_print(const struct expect *e, const struct run *run, FILE *to)
{
    double seen;
    bool holds = expect_holds(e, run, &seen);
    fprintf(to, "expected %s: ", e->text);
    paint_put(to, paint_wanted(to), holds ? PAINT_GREEN : PAINT_LOUD,
              holds ? "holds" : "does NOT hold");
    fprintf(to, " (%s)\n", isnan(seen) ? "there is no such value" : figure_text(e->figure, seen).s);
    return holds;
}
