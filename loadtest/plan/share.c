#include "plan/settle.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

/* What a process needs beside its connections: files of its own, and of each thread the loop's and
 * the timer's. */
enum { DESCRIPTORS_OF_PROCESS = 100, DESCRIPTORS_OF_THREAD = 8 };

/* ip(7): ip_local_port_range, from which the kernel takes the ports of clients. */
static unsigned ports_of_pair(void)
{
    unsigned first = 0, last = 0;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (f == NULL)
        return UINT16_MAX;
    bool is_known = fscanf(f, "%u %u", &first, &last) == 2 && first <= last;
    fclose(f);
    return is_known ? last - first + 1 : UINT16_MAX;
}

struct share_limits share_limits_now(void)
{
    struct share_limits limits = {.descriptors = 1024, .cores = 1, .ports = ports_of_pair()};
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        rlim_t soft = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        limits.descriptors = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : soft;
    }
    cpu_set_t cores;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
        limits.cores = (unsigned)CPU_COUNT(&cores);
    else if (online > 0)
        limits.cores = (unsigned)online;
    return limits;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static unsigned least(uint64_t a, unsigned b)
{
    return a < b ? (unsigned)a : b;
}

/* Between two addresses there are only so many ports. */
static enum err ports_check(const struct command *c, unsigned ports)
{
    const struct plan *plan = c->plan;
    uint64_t sources = plan->sources.count != 0 ? plan->sources.count : 1;
    uint64_t possible = sources * plan->addresses.count * ports;
    if (plan->connections <= possible)
        return OK;
    uint64_t wanted = divide_up(plan->connections, plan->addresses.count * ports);
    return command_refuse(c,
                          "%u connections are more than there are ports for, %llu: more "
                          "--destination, or %llu addresses of --source",
                          plan->connections, (unsigned long long)possible,
                          (unsigned long long)wanted);
}

enum err settle_share(const struct command *c, const struct share_limits *limits)
{
    struct plan *plan = c->plan;
    uint64_t connections = (uint64_t)plan->connections + plan->beside;
    unsigned threads = plan->threads != 0 ? plan->threads : limits->cores;
    threads = least(plan->connections, threads);

    uint64_t own = DESCRIPTORS_OF_PROCESS + (uint64_t)DESCRIPTORS_OF_THREAD * (threads + 1);
    unsigned long long wanted = own + connections;
    if (limits->descriptors <= own)
        return command_refuse(c, "%llu descriptors are too few (ulimit -n): %llu are needed",
                              (unsigned long long)limits->descriptors, wanted);
    uint64_t needed = divide_up(connections, limits->descriptors - own);
    if (plan->processes != 0 && plan->processes < needed)
        return command_refuse(c,
                              "%llu descriptors of a process (ulimit -n) are not enough for "
                              "%llu connections: --processes %llu",
                              (unsigned long long)limits->descriptors,
                              (unsigned long long)divide_up(connections, plan->processes),
                              (unsigned long long)needed);
    if (plan->processes == 0)
        plan->processes = (unsigned)needed;
    plan->processes = least(plan->connections, plan->processes);
    plan->threads = (unsigned)divide_up(threads, plan->processes) * plan->processes;
    if (plan->threads > plan->connections)
        plan->threads = plan->processes;
    return ports_check(c, limits->ports);
}
