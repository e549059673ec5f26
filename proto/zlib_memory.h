/* What zlib allocates is had by malloc from here, so that it is counted, and fails when a test says
 * so. To be included instead of <zlib.h>. */
#pragma once

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

static inline void *zlib_memory_get(void *bytes, unsigned count, unsigned size)
{
    void *memory = calloc(count, size);
    if (memory != NULL)
        *(size_t *)bytes += (size_t)count * size;
    return memory;
}

static inline void zlib_memory_put(void *bytes, void *memory)
{
    (void)bytes;
    free(memory);
}

/* A stream that is not begun. What it allocates is added to *bytes; it gives nothing back before
 * its end. */
static inline z_stream zlib_stream(size_t *bytes)
{
    return (z_stream){.zalloc = zlib_memory_get, .zfree = zlib_memory_put, .opaque = bytes};
}
