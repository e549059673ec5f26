#include "core/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Since 1970. The system tells when a process began only as time since its own start. */
static double boot_seconds(void)
{
    char line[128];
    unsigned long long seconds = 0;
    FILE *f = fopen("/proc/stat", "re");
    if (f == NULL)
        return 0;
    while (seconds == 0 && fgets(line, sizeof(line), f) != NULL)
        (void)sscanf(line, "btime %llu", &seconds);
    fclose(f);
    return (double)seconds;
}

/* proc(5), /proc/pid/stat: the name of the program, in parentheses, may have spaces. */
static void read_stat(struct process *p)
{
    char text[1024];
    unsigned long long user, kernel, threads, start, bytes, pages;
    FILE *f = fopen("/proc/self/stat", "re");
    if (f == NULL)
        return;
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[len] = '\0';
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest,
                               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d "
                               "%*d %*d %llu %*d %llu %llu %llu",
                               &user, &kernel, &threads, &start, &bytes, &pages) != 6)
        return;
    double hertz = (double)sysconf(_SC_CLK_TCK);
    p->cpu_seconds = (double)(user + kernel) / hertz;
    p->start_seconds = boot_seconds() + (double)start / hertz;
    p->threads = threads;
    p->virtual_bytes = bytes;
    p->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct process process_read(void)
{
    struct process p = {0};
    struct rlimit limit;
    struct stat descriptors;
    if (stat("/proc/self/fd", &descriptors) == 0)
        p.descriptors = (uint64_t)descriptors.st_size;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        p.descriptors_max = limit.rlim_cur;
    read_stat(&p);
    return p;
}
