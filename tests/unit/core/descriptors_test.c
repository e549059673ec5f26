#include "core/descriptors.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

Test(descriptors, the_limit_is_raised_as_far_as_it_may_be)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(descriptors_raise_limit(), (int64_t)limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(limit.rlim_cur, limit.rlim_max);
}

Test(descriptors, those_that_are_open_are_counted)
{
    int64_t before = descriptors_count();
    cr_assert_geq(before, 1);
    int a = open("/dev/null", O_RDONLY), b = dup(a);
    cr_assert_eq(descriptors_count(), before + 2);
    close(a);
    close(b);
    cr_assert_eq(descriptors_count(), before);
}
