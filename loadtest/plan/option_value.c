#include "plan/option.h"
#include "plan/quantity.h"

#include <ctype.h>
#include <string.h>

static const uint64_t SECOND_NS = 1000 * 1000 * 1000;

_Static_assert(sizeof(unsigned) == sizeof(uint32_t) && sizeof(int) == sizeof(uint32_t),
               "counts of every type are stored through this one");
_Static_assert(offsetof(struct plan, size_max) == offsetof(struct plan, size_min) + 4,
               "OPTION_BYTES sets both");

static void *field(const struct command *c, size_t offset)
{
    return (char *)c->plan + offset;
}

static enum err refuse_form(const struct command *c, const struct cli_option *o, const char *text)
{
    static const char *const EXPECTED[] = {
        [OPTION_COUNT] = "a number such as 100 or 10k",
        [OPTION_LONG_COUNT] = "a number such as 100 or 10k",
        [OPTION_RATE] = "a number a second such as 0.5 or 10k",
        [OPTION_DURATION] = "a time such as 500ms, 10s, 2m or 1h",
        [OPTION_BYTES] = "a size such as 64 or 1KiB, or a range such as 16-1024",
    };
    const char *expected = o->expects != NULL ? o->expects : EXPECTED[o->type];
    return command_refuse(c, "--%s wants %s, not '%s'", o->name, expected, text);
}

static enum err refuse_bounds(const struct command *c, const struct cli_option *o, const char *text)
{
    if (o->type == OPTION_DURATION)
        return command_refuse(c, "--%s must be %s100 days at most, not '%s'", o->name,
                              o->min > 0 ? "more than 0 and " : "", text);
    return command_refuse(c, "--%s must be from %llu to %llu, not '%s'", o->name,
                          (unsigned long long)o->min, (unsigned long long)o->max, text);
}

static enum err set_rate(const struct command *c, const struct cli_option *o, const char *text)
{
    double rate;
    enum err e = quantity_rate(text, &rate);
    if (e == ERR_SYNTAX)
        return refuse_form(c, o, text);
    if (e != OK || rate > (double)o->max)
        return refuse_bounds(c, o, text);
    *(double *)field(c, o->offset) = rate;
    return OK;
}

static enum err set_number(const struct command *c, const struct cli_option *o, const char *text)
{
    uint64_t least = 0, most = 0;
    enum err e = o->type == OPTION_DURATION ? quantity_duration(text, SECOND_NS, &most)
                 : o->type == OPTION_BYTES  ? quantity_bytes_range(text, &least, &most)
                                            : quantity_count(text, &most);
    if (o->type != OPTION_BYTES)
        least = most;
    if (e == ERR_SYNTAX)
        return refuse_form(c, o, text);
    if (e != OK || least < o->min || most > o->max)
        return refuse_bounds(c, o, text);
    uint32_t *small = field(c, o->offset);
    if (o->type == OPTION_DURATION || o->type == OPTION_LONG_COUNT)
        *(uint64_t *)field(c, o->offset) = most;
    else
        small[0] = (uint32_t)least;
    if (o->type == OPTION_BYTES)
        small[1] = (uint32_t)most;
    return OK;
}

static bool has_control(const char *text)
{
    while (*text != '\0' && !iscntrl((unsigned char)*text))
        text++;
    return *text != '\0';
}

static enum err set_text(const struct command *c, const struct cli_option *o, const char *text)
{
    if (o->is_valid != NULL && !o->is_valid(text))
        return refuse_form(c, o, text);
    if (text[0] == '\0' || (o->is_valid == NULL && has_control(text)))
        return command_refuse(c, "--%s wants text without control characters", o->name);
    const char **at = field(c, o->offset);
    if (o->type == OPTION_LIST) {
        unsigned *count = field(c, o->count_offset);
        if (*count == o->max)
            return command_refuse(c, "--%s can be given %u times, not more", o->name, *count);
        at += (*count)++;
    }
    *at = text;
    return OK;
}

enum err option_set(const struct command *c, const struct cli_option *o, const char *text)
{
    switch (o->type) {
    case OPTION_ON:
    case OPTION_OFF:
        *(bool *)field(c, o->offset) = o->type == OPTION_ON;
        return OK;
    case OPTION_RATE:
        return set_rate(c, o, text);
    case OPTION_COUNT:
    case OPTION_LONG_COUNT:
    case OPTION_DURATION:
    case OPTION_BYTES:
        return set_number(c, o, text);
    case OPTION_TEXT:
    case OPTION_LIST:
        return set_text(c, o, text);
    case OPTION_SETTLED:
    case OPTION_HELP:
    case OPTION_VERSION:
        return OK;
    }
    return OK;
}
