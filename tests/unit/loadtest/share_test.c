/* How a run is divided among processes and threads. */
#include "plan/settle.h"
#include "unit/loadtest/plan_fixture.h"

static enum err share(uint32_t connections, unsigned threads, unsigned processes,
                      const struct share_limits *limits)
{
    memset(said, 0, sizeof(said));
    FILE *errors = fmemopen(said, sizeof(said), "w");
    struct address one = {.bytes = 0};
    plan = (struct plan){.connections = connections, .threads = threads, .processes = processes};
    plan.addresses = (struct address_list){.items = &one, .count = 1};
    struct command c = {.plan = &plan, .errors = errors};
    enum err e = settle_share(&c, limits);
    fclose(errors);
    return e;
}

static void shared(uint32_t connections, unsigned threads, unsigned processes,
                   unsigned want_threads, unsigned want_processes)
{
    const struct share_limits limits = {.descriptors = 20000, .cores = 4, .ports = 10000000};
    cr_assert_eq(share(connections, threads, processes, &limits), OK, "%s", said);
    cr_assert_eq(plan.threads, want_threads, "%u threads", plan.threads);
    cr_assert_eq(plan.processes, want_processes, "%u processes", plan.processes);
}

Test(share, one_process_with_a_thread_for_each_core)
{
    shared(100, 0, 0, 4, 1);
    shared(4, 0, 0, 4, 1);
    shared(3, 0, 0, 3, 1);
    shared(1, 0, 0, 1, 1);
}

Test(share, threads_are_as_many_as_wanted_and_useful)
{
    shared(100, 1, 0, 1, 1);
    shared(100, 7, 0, 7, 1);
    shared(5, 7, 0, 5, 1);
}

Test(share, processes_are_as_many_as_descriptors_ask_for)
{
    shared(19860, 0, 0, 4, 1);
    shared(19861, 0, 0, 4, 2);
    shared(100000, 0, 0, 6, 6);
    shared(1000000, 0, 0, 51, 51);
}

Test(share, processes_have_equally_many_threads)
{
    shared(100, 3, 2, 4, 2);
    shared(100, 1, 3, 3, 3);
    shared(100, 8, 3, 9, 3);
}

Test(share, no_thread_is_without_a_connection)
{
    shared(2, 0, 3, 2, 2);
    shared(5, 4, 3, 3, 3);
}

Test(share, refuses_too_few_processes)
{
    const struct share_limits limits = {.descriptors = 1024, .cores = 2, .ports = 60000};
    cr_assert_eq(share(5000, 0, 2, &limits), ERR_SYNTAX);
    cr_assert_str_eq(said, "simul-load: 1024 descriptors of a process (ulimit -n) are not enough "
                           "for 2500 connections: --processes 6; see simul-load --help\n");
    cr_assert_eq(share(5000, 0, 6, &limits), OK);
}

Test(share, refuses_where_nothing_fits)
{
    const struct share_limits limits = {.descriptors = 100, .cores = 2, .ports = 60000};
    cr_assert_eq(share(10, 0, 0, &limits), ERR_SYNTAX);
    cr_assert_str_eq(said, "simul-load: 100 descriptors are too few (ulimit -n): 134 are needed; "
                           "see simul-load --help\n");
}

Test(share, refuses_more_connections_than_ports)
{
    const struct share_limits limits = {.descriptors = 20000, .cores = 2, .ports = 28232};
    cr_assert_eq(share(28232, 0, 0, &limits), OK);
    cr_assert_eq(share(100000, 0, 0, &limits), ERR_SYNTAX);
    cr_assert_str_eq(said, "simul-load: 100000 connections are more than there are ports for, "
                           "28232: more --destination, or 4 addresses of --source; "
                           "see simul-load --help\n");
}

Test(share, knows_this_machine)
{
    struct share_limits limits = share_limits_now();
    cr_assert_geq(limits.descriptors, 256);
    cr_assert_geq(limits.cores, 1);
    cr_assert_geq(limits.ports, 1);
}
