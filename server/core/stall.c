#include "core/stall.h"

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The last sample's tick has ended. */
static enum stall_verdict begin_anew(struct stall *s, const struct stall_sample *sample)
{
    uint64_t end_ns = sample->tick_begun_ns != 0 ? sample->tick_begun_ns : sample->now_ns;
    bool was_told = s->is_told;
    *s = (struct stall){.last = *sample, .lasted_ns = end_ns - s->last.tick_begun_ns};
    return was_told ? STALL_OVER : STALL_NONE;
}

enum stall_verdict stall_judge(struct stall *s, const struct stall_sample *sample,
                               uint64_t threshold_ns, uint64_t gap_ns_max)
{
    if (sample->tick_begun_ns == 0 || sample->tick_begun_ns != s->last.tick_begun_ns)
        return begin_anew(s, sample);

    uint64_t gap_ns = min(sample->now_ns - s->last.now_ns, gap_ns_max);
    uint64_t ran_ns = min(sample->cpu_ns - s->last.cpu_ns, gap_ns);
    s->ran_ns += ran_ns;
    s->held_ns += sample->is_asleep ? gap_ns : ran_ns;
    s->last = *sample;
    if (s->is_told || s->held_ns < threshold_ns)
        return STALL_NONE;
    s->is_told = true;
    s->lasted_ns = sample->now_ns - sample->tick_begun_ns;
    return STALL_BEGUN;
}
