/* How many file descriptors the process may have and has: what bounds its connections. */
#pragma once

#include <stdint.h>

/* Raises the process's limit as far as it may be; returns what it is then, 0 if unknown. */
int64_t descriptors_raise_limit(void);

/* How many are open; 0 if unknown (no /proc). */
int64_t descriptors_count(void);
