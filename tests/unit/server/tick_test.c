#include "unit/server_fixture.h"

static void setup(void)
{
    whole_start(NULL, 0);
}

TestSuite(tick, .init = setup, .fini = whole_stop);

static const struct loop_metrics *metrics(void)
{
    return &whole.server->loops.loops[0].metrics;
}

Test(tick, it_is_counted)
{
    uint64_t before = metric_get(&metrics()->ticks);
    whole_tick(0);
    whole_tick(0);
    cr_assert_eq(metric_get(&metrics()->ticks), before + 2);
}

Test(tick, what_comes_in_is_answered_in_the_same_tick)
{
    int fd = whole_connect("echo");
    whole_settle();
    whole_say(fd, "hello");
    whole_tick(0);
    cr_assert_str_eq(whole_heard(fd), "hello");
    close(fd);
}

Test(tick, what_the_hub_says_goes_out_in_the_same_tick)
{
    int fd = whole_connect("irc");
    whole_ask(fd, "NICK a\r\nUSER a 0 * :a\r\n");
    whole_say(fd, "JOIN #a\r\n");
    whole_tick(0);
    const char *heard = whole_heard(fd);
    cr_assert_not_null(strstr(heard, " JOIN :#a\r\n"), "%s", heard);
    close(fd);
}

Test(tick, each_connection_costs_one_read_and_one_write)
{
    int fds[5];
    for (int i = 0; i < 5; i++)
        fds[i] = whole_connect("echo");
    whole_settle();
    uint64_t reads = metric_get(&metrics()->reads), writes = metric_get(&metrics()->writes);
    for (int i = 0; i < 5; i++)
        for (int n = 0; n < 3; n++)
            whole_say(fds[i], "word ");
    whole_tick(0);
    cr_assert_eq(metric_get(&metrics()->reads), reads + 5);
    cr_assert_eq(metric_get(&metrics()->writes), writes + 5);
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}

Test(tick, a_peer_that_leaves_is_reaped)
{
    int fd = whole_connect("echo");
    whole_settle();
    cr_assert_eq(metric_get(&metrics()->connections), 1);
    close(fd);
    whole_tick(0);
    cr_assert_eq(metric_get(&metrics()->connections), 0);
    cr_assert_eq(whole.server->open_total, 0);
}

Test(tick, it_says_when_it_was_the_last)
{
    cr_assert(whole_tick(0));
    whole.server->threads[0].stopping = true;
    cr_assert_not(whole_tick(0));
}

Test(tick, it_says_when_the_loop_is_drained)
{
    struct loop_thread *t = &whole.server->threads[0];
    int fd = whole_connect("echo");
    whole_settle();
    cr_assert_not(t->drained);
    net_drain(&t->net, NULL);
    whole_settle();
    cr_assert_not(t->drained, "the peer has not ended");
    shutdown(fd, SHUT_WR);
    whole_settle();
    cr_assert(t->drained);
    close(fd);
}

Test(tick, work_that_is_left_keeps_it_from_waiting)
{
    static char flood[256 * 1024];
    int fd = whole_connect("web");
    static const char request[] = "GET /none HTTP/1.1\r\nHost:\r\n\r\n";
    for (size_t at = 0; at + sizeof(request) < sizeof(flood); at += sizeof(request) - 1)
        memcpy(flood + at, request, sizeof(request));
    (void)!send(fd, flood, strlen(flood), MSG_DONTWAIT | MSG_NOSIGNAL);
    whole_tick(0); /* accepts */
    for (int i = 0; i < 5; i++)
        tick(&whole.server->threads[0]); /* nobody wakes it: it would wait for seconds */
    cr_assert_gt(metric_get(&metrics()->http_requests), 100);
    close(fd);
}
