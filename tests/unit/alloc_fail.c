#include "unit/alloc_fail.h"

#include <stdbool.h>
#include <stdlib.h>

static bool armed;
static size_t seen, fail_at;

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);

void alloc_fail_after(size_t succeed)
{
    armed = true;
    seen = 0;
    fail_at = succeed;
}

size_t alloc_fail_stop(void)
{
    armed = false;
    return seen;
}

static bool must_fail(void)
{
    return armed && seen++ == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}
