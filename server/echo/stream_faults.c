#include "echo/stream_faults.h"

#include "echo/shaper.h"

void stream_faults_init(struct stream_faults *s, const struct faults *faults, struct shaper *shaper)
{
    *s = (struct stream_faults){
        .faults = faults,
        .shaper = shaper,
        .chance = {faults->value[FAULT_SEED]},
        .left = faults->value[FAULT_AFTER],
        .is_past = !faults_has(faults, FAULT_STALL_MS) && !faults_has(faults, FAULT_RST) &&
                   !faults_has(faults, FAULT_HALFCLOSE) && !faults_has(faults, FAULT_TRUNCATE)};
}

/* --- what the bytes are ------------------------------------------------------------------ */

/* Each of the orders is as likely as any other (Fisher and Yates). */
static enum err release(struct stream_faults *s, struct buf *out)
{
    for (uint32_t i = s->held_bytes; i > 1; i--) {
        uint32_t other = chance_below(&s->chance, i);
        uint8_t byte = s->held[i - 1];
        s->held[i - 1] = s->held[other];
        s->held[other] = byte;
    }
    struct span held = span_of(s->held, s->held_bytes);
    s->held_bytes = 0;
    s->done += held.len > 1;
    return buf_append(out, held);
}

static enum err put(struct stream_faults *s, uint8_t byte, struct buf *out)
{
    uint32_t reorder = s->faults->value[FAULT_REORDER];
    if (reorder == 0)
        return buf_append(out, span_of(&byte, 1));
    s->held[s->held_bytes++] = byte;
    return s->held_bytes == reorder ? release(s, out) : OK;
}

static bool changes_nothing(const struct faults *f)
{
    return !faults_has(f, FAULT_DROP) && !faults_has(f, FAULT_CORRUPT) &&
           !faults_has(f, FAULT_DUPLICATE) && !faults_has(f, FAULT_REORDER);
}

enum err stream_faults_pass(struct stream_faults *s, struct span in, struct buf *out)
{
    const struct faults *f = s->faults;
    if (changes_nothing(f))
        return buf_append(out, in);
    enum err e = OK;
    for (size_t i = 0; i < in.len && e == OK; i++) {
        uint8_t byte = in.ptr[i];
        bool is_dropped = chance_hits(&s->chance, f->value[FAULT_DROP]);
        s->done += is_dropped;
        if (is_dropped)
            continue;
        bool is_corrupt = chance_hits(&s->chance, f->value[FAULT_CORRUPT]);
        if (is_corrupt)
            byte ^= (uint8_t)(1u << chance_below(&s->chance, 8));
        bool is_twice = chance_hits(&s->chance, f->value[FAULT_DUPLICATE]);
        s->done += is_corrupt + is_twice;
        e = put(s, byte, out);
        if (is_twice && e == OK)
            e = put(s, byte, out);
    }
    return e;
}

enum err stream_faults_end(struct stream_faults *s, struct buf *out)
{
    return release(s, out);
}

/* --- after so many of them --------------------------------------------------------------- */

uint64_t stream_faults_room(const struct stream_faults *s)
{
    return s->is_past || s->left == 0 ? UINT64_MAX : s->left;
}

void stream_faults_count(struct stream_faults *s, uint64_t bytes)
{
    if (s->is_past)
        return;
    s->left -= bytes;
    if (s->left > 0)
        return;
    s->is_past = true;
    s->done++;
    if (faults_has(s->faults, FAULT_STALL_MS))
        shaper_stall(s->shaper, s->faults->value[FAULT_STALL_MS]);
    if (faults_has(s->faults, FAULT_RST))
        shaper_end(s->shaper, SHAPER_RESET);
    else if (faults_has(s->faults, FAULT_HALFCLOSE))
        shaper_end(s->shaper, SHAPER_HALF_CLOSE);
    else if (faults_has(s->faults, FAULT_TRUNCATE))
        shaper_end(s->shaper, SHAPER_CLOSE);
}
