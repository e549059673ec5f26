#include "core/descriptors.h"

#include "core/instrumented.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* open gives the lowest number that is free, so that each is filled in its turn. */
bool descriptors_open_standard(void)
{
    int fd = STDIN_FILENO;
    while (fd <= STDERR_FILENO && (fcntl(fd, F_GETFD) >= 0 || open("/dev/null", O_RDWR) == fd))
        fd++;
    return fd > STDERR_FILENO;
}

int64_t descriptors_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

int64_t descriptors_count(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    int64_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* but for the directory's own */
}

bool descriptors_detach(int keep)
{
    if (IS_THREAD_SANITIZED)
        return false;
    const int first = STDERR_FILENO + 1;
    int last = keep < first ? STDERR_FILENO : keep;
    bool is_detached = close_range((unsigned)last + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0;
    if (is_detached && last > first)
        close_range((unsigned)first, (unsigned)last - 1, 0);
    return is_detached;
}
