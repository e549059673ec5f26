#include "core/process.h"

#include "core/clock.h"
#include "unit/expect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(process, its_memory_is_known)
{
    enum { MANY = 32 << 20 };
    struct process before = process_read();
    cr_assert_gt(before.resident_bytes, 100 * 1000);
    cr_assert_gt(before.virtual_bytes, before.resident_bytes);
    char *memory = malloc(MANY);
    memset(memory, 1, MANY);
    cr_assert_geq(process_read().resident_bytes, before.resident_bytes + MANY / 2);
    free(memory);
}

Test(process, its_time_is_known)
{
    double now = (double)clock_ns(CLOCK_REALTIME) / 1e9;
    cr_assert_gt(process_read().start_seconds, now - 600);
    cr_assert_lt(process_read().start_seconds, now + 10);
    uint64_t end_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + 50 * NS_PER_MS;
    double before = process_read().cpu_seconds;
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < end_ns)
        ;
    cr_assert_gt(process_read().cpu_seconds, before);
    cr_assert_geq(process_read().threads, 1);
}

Test(process, its_descriptors_are_known)
{
    struct process before = process_read();
    cr_assert_gt(before.descriptors_max, 0);
    int fd = open("/dev/null", O_RDONLY);
    uint64_t count = process_read().descriptors;
    if (before.descriptors > 0) /* Linux before 6.2 does not tell */
        cr_assert_eq(count, before.descriptors + 1);
    close(fd);
}
