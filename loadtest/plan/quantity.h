/* Numbers as people type them: "500ms", "10k", "64KiB", "16-1024". A number is decimal digits, with
 * a fraction if it comes out whole in the smallest unit ("1.5k"); no sign, no blanks.
 *
 * All: ERR_SYNTAX: not such a quantity; ERR_LIMIT: more than 2^53, which in nanoseconds is 104
 * days. What *out points to is set only if OK. */
#pragma once

#include "simul/err.h"

#include <stdint.h>

/* "250us", "500ms", "10s", "2m", "1h", also "ns"; a bare number counts `bare_ns` each. */
enum err quantity_duration(const char *text, uint64_t bare_ns, uint64_t *out);

/* "100", "10k", "1.5M", "2G": by thousands. */
enum err quantity_count(const char *text, uint64_t *out);

/* How many a second, not always whole: "0.5", "10k", "100/s". */
enum err quantity_rate(const char *text, double *out);

/* Bytes: "64"; "64k", "64K", "64KiB", "1M", "1MiB", "1G" by 1,024; "64kB", "1MB", "1GB" by 1,000.
 */
enum err quantity_bytes(const char *text, uint64_t *out);

/* Bytes a second: as those, and with "/s" behind them or not. */
enum err quantity_byte_rate(const char *text, uint64_t *out);

/* A size or a range of them, "64" or "16-1KiB", both ends included; the first is not the larger. */
enum err quantity_bytes_range(const char *text, uint64_t *min, uint64_t *max);
