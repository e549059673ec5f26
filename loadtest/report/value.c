#include "report/value.h"

#include "report/figure.h"
#include "report/words.h"
#include "simul/utf8.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool value_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

json_t *value_only_if(bool ok, json_t *value)
{
    if (ok)
        return value;
    json_decref(value);
    return NULL;
}

json_t *value_of_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *value_of_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

double value_to_real(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static uint64_t to_whole(double n)
{
    return n > 0 && n < 0x1p63 ? (uint64_t)llround(n) : 0;
}

uint64_t value_to_count(const json_t *value)
{
    return to_whole(value_to_real(value));
}

json_t *value_of_text(const char *text)
{
    static const uint8_t REPLACEMENT[] = {0xef, 0xbf, 0xbd}; /* U+FFFD */
    struct span rest = span_str(text);
    if (utf8_is_valid(rest))
        return json_stringn(text, rest.len);
    json_t *out = NULL;
    char *valid = malloc(3 * rest.len);
    size_t len = 0;
    while (valid != NULL && rest.len > 0) {
        size_t n = 1;
        while (n < 4 && n < rest.len && !utf8_is_valid(span_take(rest, n)))
            n++;
        if (utf8_is_valid(span_take(rest, n))) {
            memcpy(valid + len, rest.ptr, n);
            len += n;
        } else {
            n = 1;
            memcpy(valid + len, REPLACEMENT, sizeof(REPLACEMENT));
            len += sizeof(REPLACEMENT);
        }
        rest = span_drop(rest, n);
    }
    if (valid != NULL)
        out = json_stringn(valid, len);
    free(valid);
    return out;
}

json_t *value_of_time(int64_t unix_s)
{
    char text[32];
    struct tm utc;
    time_t t = unix_s;
    if (gmtime_r(&t, &utc) == NULL)
        return json_null();
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

json_t *value_of_figure(const struct figure *f, double value)
{
    if (!isfinite(value))
        return json_null();
    if (f->unit == FIGURE_NS)
        return json_real(value / VALUE_NS_OF_US);
    if (f->unit == FIGURE_COUNT)
        return json_integer(llround(value));
    return json_real(value);
}

double value_to_figure(const struct figure *f, const json_t *value)
{
    return value_to_real(value) * (f->unit == FIGURE_NS ? VALUE_NS_OF_US : 1);
}

/* --- seconds: one table for both ways ---------------------------------------------------- */

enum field_kind { FIELD_REAL, FIELD_COUNT, FIELD_COUNT_OR_NULL, FIELD_NS };

static const struct field {
    const char *name;
    enum field_kind kind;
    size_t offset; /* in struct sample */
} FIELDS[] = {
    {"at_s", FIELD_REAL, offsetof(struct sample, at_s)},
    {"seconds", FIELD_REAL, offsetof(struct sample, seconds)},
    {"open", FIELD_COUNT, offsetof(struct sample, open)},
    {"errors", FIELD_COUNT, offsetof(struct sample, errors)},
    {"p50", FIELD_NS, offsetof(struct sample, p50_ns)},
    {"p90", FIELD_NS, offsetof(struct sample, p90_ns)},
    {"p99", FIELD_NS, offsetof(struct sample, p99_ns)},
    {"p99.9", FIELD_NS, offsetof(struct sample, p999_ns)},
    {"max", FIELD_NS, offsetof(struct sample, max_ns)},
    {"server_cpu_share", FIELD_REAL, offsetof(struct sample, server_cpu_share)},
    {"server_memory_bytes", FIELD_COUNT_OR_NULL, offsetof(struct sample, server_memory_bytes)},
};
enum { FIELD_KINDS = sizeof(FIELDS) / sizeof(*FIELDS) };

static json_t *of_field(const struct sample *s, const struct field *f)
{
    const void *at = (const char *)s + f->offset;
    if (f->kind == FIELD_REAL)
        return value_of_real(*(const double *)at);
    uint64_t n = *(const uint64_t *)at;
    if (n == 0 && f->kind != FIELD_COUNT)
        return json_null();
    return f->kind == FIELD_NS ? json_real((double)n / VALUE_NS_OF_US) : value_of_count(n);
}

static void to_field(struct sample *s, const struct field *f, const json_t *value)
{
    void *at = (char *)s + f->offset;
    if (f->kind == FIELD_REAL)
        *(double *)at = value_to_real(value);
    else if (f->kind == FIELD_NS)
        *(uint64_t *)at = to_whole(value_to_real(value) * VALUE_NS_OF_US);
    else
        *(uint64_t *)at = value_to_count(value);
}

bool value_put_counts(json_t *object, const uint64_t counts[COUNT_KINDS])
{
    bool ok = true;
    for (unsigned i = 0; i < COUNT_KINDS && ok; i++)
        ok = value_put(object, count_name(i), value_of_count(counts[i]));
    return ok;
}

json_t *value_of_sample(const struct sample *s)
{
    json_t *out =
        json_pack("{s:s, s:b}", "phase", words_phase(s->phase), "measured", s->is_measured);
    bool ok = out != NULL;
    for (unsigned i = 0; i < FIELD_KINDS && ok; i++)
        ok = value_put(out, FIELDS[i].name, of_field(s, &FIELDS[i]));
    return value_only_if(ok && value_put_counts(out, s->counts), out);
}

void value_to_sample(const json_t *value, struct sample *out)
{
    const char *phase = json_string_value(json_object_get(value, "phase"));
    *out = (struct sample){.is_measured = json_is_true(json_object_get(value, "measured"))};
    for (unsigned i = PHASE_OPENING; i <= PHASE_CLOSING && phase != NULL; i++)
        if (strcmp(phase, words_phase(i)) == 0)
            out->phase = i;
    for (unsigned i = 0; i < FIELD_KINDS; i++)
        to_field(out, &FIELDS[i], json_object_get(value, FIELDS[i].name));
    for (unsigned i = 0; i < COUNT_KINDS; i++)
        out->counts[i] = value_to_count(json_object_get(value, count_name(i)));
}
