#include "load/process_stat.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* Reads the file as one line of two numbers. */
static int read_two(const char *path, unsigned long long *a, unsigned long long *b)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    int got = fscanf(f, "%llu %llu", a, b);
    fclose(f);
    return got == 2;
}

uint64_t process_memory_bytes(int pid)
{
    char path[64];
    unsigned long long size, resident;
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    return read_two(path, &size, &resident) ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t process_cpu_ns(int pid)
{
    char path[512];
    unsigned long long ran, waited;
    uint64_t sum = 0;
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return 0;
    for (struct dirent *t; (t = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, t->d_name);
        if (t->d_name[0] != '.' && read_two(path, &ran, &waited))
            sum += ran;
    }
    closedir(tasks);
    return sum;
}
