/* What faults do to an echo that is a stream of bytes, over TCP and in the body of an HTTP answer.
 * Everything is counted in bytes and drawn for each of them in turn, so the same input with the
 * same seed has the same answer, however it was cut on its way. */
#pragma once

#include "echo/faults.h"
#include "simul/buf.h"
#include "simul/chance.h"

struct shaper;

/* Exposed to be embedded. */
struct stream_faults {
    const struct faults *faults;
    struct shaper *shaper;
    struct chance chance;
    uint8_t held[FAULT_REORDER_MAX]; /* by reorder, until there are so many */
    uint32_t held_bytes;
    uint64_t left; /* bytes until what happens `after` so many */
    bool is_past;  /* it has happened, or nothing will */
    uint64_t done; /* faults, for the metrics; who counts them sets it to 0 */
};

/* Both are borrowed. */
void stream_faults_init(struct stream_faults *s, const struct faults *faults,
                        struct shaper *shaper);

/* Appends to `out` what becomes of the bytes: drop, corrupt, duplicate, reorder. ERR_NOMEM: some
 * are missing. */
enum err stream_faults_pass(struct stream_faults *s, struct span in, struct buf *out);
/* The stream is at its end: what reorder still holds comes too. */
enum err stream_faults_end(struct stream_faults *s, struct buf *out);

/* How many bytes may be said before stream_faults_count has to know; never 0. */
uint64_t stream_faults_room(const struct stream_faults *s);
/* So many have been said, 0 at the beginning: behind them, in the shaper's queue, comes what
 * `after` is about, if it is its turn. */
void stream_faults_count(struct stream_faults *s, uint64_t bytes);
