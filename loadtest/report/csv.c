#include "report/csv.h"

#include "report/words.h"

#include <inttypes.h>
#include <math.h>

/* Columns stand where they stood; counts that came later are the last. */
enum { COUNTS_IN_FRONT = COUNT_BESIDE + 1 };

static void names_print(FILE *to)
{
    fputs("time_s,seconds,phase,measured,open", to);
    for (unsigned i = 0; i < COUNTS_IN_FRONT; i++)
        fprintf(to, ",%s", count_name((enum count)i));
    fputs(",errors,p50_ns,p90_ns,p99_ns,p99.9_ns,max_ns,server_cores,server_memory_bytes", to);
    for (unsigned i = COUNTS_IN_FRONT; i < COUNT_KINDS; i++)
        fprintf(to, ",%s", count_name((enum count)i));
    fputc('\n', to);
}

/* Empty when it is 0, which stands for "not known". */
static void known_print(FILE *to, uint64_t value)
{
    if (value == 0)
        fputc(',', to);
    else
        fprintf(to, ",%" PRIu64, value);
}

static void sample_print(FILE *to, const struct sample *s)
{
    fprintf(to, "%.3f,%.3f,%s,%d,%" PRIu64, s->at_s, s->seconds, words_phase(s->phase),
            s->is_measured, s->open);
    for (unsigned i = 0; i < COUNTS_IN_FRONT; i++)
        fprintf(to, ",%" PRIu64, s->counts[i]);
    fprintf(to, ",%" PRIu64, s->errors);
    known_print(to, s->p50_ns);
    known_print(to, s->p90_ns);
    known_print(to, s->p99_ns);
    known_print(to, s->p999_ns);
    known_print(to, s->max_ns);
    if (isnan(s->server_cpu_share))
        fputc(',', to);
    else
        fprintf(to, ",%.3f", s->server_cpu_share);
    known_print(to, s->server_memory_bytes);
    for (unsigned i = COUNTS_IN_FRONT; i < COUNT_KINDS; i++)
        fprintf(to, ",%" PRIu64, s->counts[i]);
    fputc('\n', to);
}

enum err csv_write(const struct run *run, FILE *to)
{
    names_print(to);
    for (size_t i = 0; i < run->sample_count; i++)
        sample_print(to, &run->samples[i]);
    return fflush(to) != 0 || ferror(to) ? ERR_IO : OK;
}
