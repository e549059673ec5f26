#include "report/words.h"

#include "report/figure.h"
#include "scenario/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends what fits. */
__attribute__((format(printf, 2, 3))) static void words_add(char out[WORDS_BYTES],
                                                            const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + used, WORDS_BYTES - used, format, args);
    va_end(args);
}

const char *words_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void words_title(const struct plan *plan, char out[WORDS_BYTES])
{
    char url[WORDS_BYTES / 2];
    url_print(&plan->urls[0], url, sizeof(url));
    *out = '\0';
    words_add(out, "%s %s", plan->scenario->name, url);
    if (plan->url_count > 1)
        words_add(out, " and %u more", plan->url_count - 1);
}

void words_load(const struct plan *plan, char out[WORDS_BYTES])
{
    *out = '\0';
    words_add(out, "%s connection%s", text_count(plan->connections).s,
              words_plural(plan->connections));
    if (plan->beside > 0)
        words_add(out, " and %s beside", text_count(plan->beside).s);
    if (plan->rooms > 0)
        words_add(out, " in %s room%s", text_count(plan->rooms).s, words_plural(plan->rooms));
    words_add(out, ", %u thread%s", plan->threads, words_plural(plan->threads));
    if (plan->processes > 1)
        words_add(out, " in %u processes", plan->processes);
    if (plan->connect_rate > 0)
        words_add(out, "; opened at %s", text_rate(plan->connect_rate).s);
    if (plan->deflate)
        words_add(out, "; permessage-deflate is offered");
    if (figure_rate_counts(plan) == COUNT_OPENED)
        return;
    if (plan->rate > 0)
        words_add(out, "; open loop, %s", text_rate(plan->rate).s);
    else
        words_add(out, "; closed loop, %u in flight each", plan->in_flight);
    words_add(out, "; %s", text_bytes(plan->size_min).s);
    if (plan->size_max != plan->size_min)
        words_add(out, " to %s", text_bytes(plan->size_max).s);
    if (plan->words)
        words_add(out, " of words");
}

const char *words_phase(enum phase phase)
{
    static const char *const NAMES[] = {
        [PHASE_OPENING] = "opening",
        [PHASE_RUNNING] = "running",
        [PHASE_DRAINING] = "draining",
        [PHASE_CLOSING] = "closing",
    };
    return NAMES[phase];
}

void words_faults(const struct run *run, char out[WORDS_BYTES])
{
    *out = '\0';
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        if (run->faults[i] > 0)
            words_add(out, "%s%s %s", *out == '\0' ? "" : ", ", fault_name((enum fault)i),
                      text_count((double)run->faults[i]).s);
}
