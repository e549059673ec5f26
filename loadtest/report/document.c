#include "report/document.h"

#include "report/figure.h"
#include "report/json.h"
#include "report/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The whole line that a failure is. */
static enum err fail(const struct document *d, FILE *err, enum err e, const char *why)
{
    fprintf(err, "simul-load: %s: %s\n", d->path, why);
    return e;
}

static enum err not_ours(const struct document *d, FILE *err, const char *key)
{
    fprintf(
        err,
        "simul-load: %s: no \"%s\" in it; only what --json of simul-load wrote can be compared\n",
        d->path, key);
    return ERR_SYNTAX;
}

static enum err load_root(struct document *d, FILE *err)
{
    json_error_t error;
    FILE *in = fopen(d->path, "re");
    if (in == NULL)
        return fail(d, err, ERR_IO, strerror(errno));
    errno = 0;
    d->root = json_loadf(in, 0, &error);
    bool is_broken = ferror(in) != 0;
    int error_number = errno;
    fclose(in);
    if (d->root != NULL)
        return OK;
    if (is_broken)
        return fail(d, err, ERR_IO, strerror(error_number));
    if (json_error_code(&error) == json_error_out_of_memory)
        return fail(d, err, ERR_NOMEM, err_name(ERR_NOMEM));
    fprintf(err, "simul-load: %s: line %d is not JSON: %s\n", d->path, error.line, error.text);
    return ERR_SYNTAX;
}

static enum err check_schema(const struct document *d, FILE *err)
{
    const json_t *schema = json_object_get(d->root, "schema");
    if (!json_is_integer(schema))
        return not_ours(d, err, "schema");
    json_int_t n = json_integer_value(schema);
    if (n == JSON_SCHEMA)
        return OK;
    fprintf(err,
            "simul-load: %s: its schema is %" JSON_INTEGER_FORMAT "; this program knows %d%s\n",
            d->path, n, JSON_SCHEMA, n > JSON_SCHEMA ? ": a newer one is needed" : "");
    return ERR_VERSION;
}

static enum err read_texts(struct document *d, FILE *err)
{
    const struct {
        const char *key, **text;
    } texts[] = {{"program", &d->program},
                 {"scenario", &d->scenario},
                 {"command", &d->command},
                 {"began", &d->began}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        *texts[i].text = json_string_value(json_object_get(d->root, texts[i].key));
        if (*texts[i].text == NULL)
            return not_ours(d, err, texts[i].key);
    }
    return OK;
}

/* A figure that a report does not have is one that its program did not know. */
static enum err read_figures(struct document *d, FILE *err)
{
    d->figures = calloc(FIGURE_KINDS, sizeof(*d->figures));
    if (d->figures == NULL)
        return fail(d, err, ERR_NOMEM, err_name(ERR_NOMEM));
    for (size_t i = 0; i < FIGURE_KINDS; i++)
        d->figures[i] = value_to_figure(&FIGURES[i], json_object_get(d->root, FIGURES[i].name));
    return OK;
}

/* Points that do not rise, or are more than we write, end the curve. */
static void read_percentiles(const json_t *points, struct percentiles *out)
{
    double share = -1;
    out->count = 0;
    for (size_t i = 0; i < json_array_size(points) && i < PERCENTILES_MAX; i++) {
        const json_t *point = json_array_get(points, i);
        struct percentile p = {value_to_real(json_array_get(point, 0)),
                               value_to_real(json_array_get(point, 1)) * VALUE_NS_OF_US};
        if (!(p.share > share && p.share <= 1 && p.ns >= 0))
            return;
        share = p.share;
        out->points[out->count++] = p;
    }
}

static enum err read_timings(struct document *d, FILE *err)
{
    const json_t *timings = json_object_get(d->root, "timings");
    if (!json_is_object(timings))
        return not_ours(d, err, "timings");
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        const json_t *timing = json_object_get(timings, timing_name(i));
        read_percentiles(json_object_get(timing, "percentiles"), &d->timings[i]);
    }
    return OK;
}

static enum err read_samples(struct document *d, FILE *err)
{
    const json_t *samples = json_object_get(d->root, "samples");
    size_t count = json_array_size(samples);
    if (!json_is_array(samples))
        return not_ours(d, err, "samples");
    if (count == 0)
        return OK;
    d->samples = calloc(count, sizeof(*d->samples));
    if (d->samples == NULL)
        return fail(d, err, ERR_NOMEM, err_name(ERR_NOMEM));
    d->sample_count = count;
    for (size_t i = 0; i < count; i++)
        value_to_sample(json_array_get(samples, i), &d->samples[i]);
    return OK;
}

enum err document_read(const char *path, struct document *out, FILE *err)
{
    *out = (struct document){.path = path};
    enum err e = load_root(out, err);
    if (e == OK)
        e = check_schema(out, err);
    if (e == OK)
        e = read_texts(out, err);
    if (e == OK)
        e = read_figures(out, err);
    if (e == OK)
        e = read_timings(out, err);
    if (e == OK)
        e = read_samples(out, err);
    return e;
}

void document_deinit(struct document *d)
{
    json_decref(d->root);
    free(d->figures);
    free(d->samples);
    *d = (struct document){0};
}
