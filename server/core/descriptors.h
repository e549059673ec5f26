/* The file descriptors: how many the process may have and has, which bounds its connections, and
 * who shares them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Makes sure that standard input, output and error are open, if only on /dev/null. The parent may
 * have closed them, and then the next file that is opened would become one of them, and what is
 * printed would end up in it. To be called before anything else is opened. False: they cannot be
 * opened. */
bool descriptors_open_standard(void);

/* Raises the process's limit as far as it may be; returns what it is then, 0 if unknown. */
int64_t descriptors_raise_limit(void);

/* How many are open; 0 if unknown (no /proc). */
int64_t descriptors_count(void);

/* Gives the calling thread descriptors of its own: standard input, output and error, and `keep`
 * (which may be one of these, or -1). What other threads open or close from here on is not its
 * concern, nor the other way round. It is for threads beside the loops, since as long as two
 * threads share their descriptors, the kernel counts references to them in each call of either;
 * with one loop, that is in every call. Where it cannot be done (before Linux 5.11) nothing
 * changes: false. */
bool descriptors_detach(int keep);
