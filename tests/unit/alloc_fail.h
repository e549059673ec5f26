/* Makes allocations of the code under test fail: test programs are linked with --wrap, so that
 * malloc, calloc and realloc pass through here. Calls from inside libraries are not seen. */
#pragma once

#include <stddef.h>

/* Lets `succeed` allocations through and fails the one after, once. Returns to normal then. */
void alloc_fail_after(size_t succeed);
/* Back to normal. Returns how many allocations were seen since alloc_fail_after. */
size_t alloc_fail_stop(void);
