/* Text that compresses as what people write does: half of its words are among the hundred that
 * English has most often, the others are made of syllables. So deflate makes 90 % of 64 bytes of
 * it, two thirds of 200, and half of 1 KiB, each to a few points as of English; of 16 KiB it makes
 * half, too, and little more than a third of English. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills a place with text, the same for the same key. ASCII: lower-case letters, spaces, commas and
 * full stops. */
void prose_fill(uint8_t *to, size_t bytes, uint64_t key);
