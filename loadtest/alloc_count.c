/* A preload that counts allocations and prints the count when the process ends:
 *
 *     cc -shared -fPIC -o alloc_count.so alloc_count.c
 *     LD_PRELOAD=./alloc_count.so simuld …
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static atomic_ulong count;

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    return __libc_realloc(old, size);
}

__attribute__((destructor)) static void tell(void)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "process %d allocations %lu\n", (int)getpid(),
                     atomic_load(&count));
    (void)!write(STDERR_FILENO, line, (size_t)n);
}
