#include "drive_fixture.h"

static struct server server;
static struct drive drive;

static void say_hello(int peer, char *bytes, size_t len)
{
    cr_assert_eq(len, 6);
    cr_assert_eq(memcmp(bytes, "PING\r\n", len), 0);
    cr_assert_eq(send(peer, "hello", 5, MSG_NOSIGNAL), 5);
}

Test(connect, opens_as_many_as_wanted_and_closes_them)
{
    server_start(&server);
    drive_start(&drive, "connect", server.port, "-c 3 -n 20");
    drive_await(&drive, LANE_OPEN);
    cr_assert_eq(drive_count(&drive, COUNT_STARTED), 0, "nothing is opened before the run");
    drive_enter(&drive, PHASE_RUNNING);
    drive_await(&drive, LANE_SPENT);
    cr_assert_eq(drive_count(&drive, COUNT_STARTED), 20);
    cr_assert_eq(drive_count(&drive, COUNT_OPENED), 20);
    cr_assert_eq(hist_total(&drive.board->lanes[0].timings[TIMING_LATENCY]), 20);
    cr_assert_eq(drive.board->lanes[0].reason_count, 0);
    drive_end(&drive);
    cr_assert_eq(server.accepted, 20);
    server_stop(&server);
}

Test(connect, waits_for_the_first_byte_of_an_answer)
{
    server.answer = say_hello;
    server_start(&server);
    drive_start(&drive, "connect", server.port, "-c 2 -n 6 --say PING");
    drive_enter(&drive, PHASE_RUNNING);
    drive_await(&drive, LANE_SPENT);
    cr_assert_eq(drive_count(&drive, COUNT_OPENED), 6);
    cr_assert_eq(hist_total(&drive.board->lanes[0].timings[TIMING_FIRST_BYTE]), 6);
    drive_end(&drive);
    server_stop(&server);
}

Test(connect, does_not_wait_for_what_never_comes)
{
    server_start(&server); /* says nothing */
    drive_start(&drive, "connect", server.port, "-c 2 -n 4 --first-byte --timeout 50ms");
    drive_enter(&drive, PHASE_RUNNING);
    drive_await(&drive, LANE_SPENT);
    cr_assert_eq(drive_count(&drive, COUNT_OPENED), 0);
    cr_assert_eq(drive_faults(&drive, FAULT_TIMEOUT), 4);
    drive_end(&drive);
    server_stop(&server);
}

Test(connect, leaves_servers_alone_that_refuse)
{
    server_start(&server);
    server_stop(&server); /* nobody listens on that port now */
    drive_start(&drive, "connect", server.port, "-c 2 -n 10");
    drive_enter(&drive, PHASE_RUNNING);
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    drive_await(&drive, LANE_SPENT);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    cr_assert_eq(drive_faults(&drive, FAULT_REFUSED), 10);
    double ms =
        (double)(ended.tv_sec - began.tv_sec) * 1e3 + (double)(ended.tv_nsec - began.tv_nsec) / 1e6;
    cr_assert_gt(ms, 30, "five rounds of two, 10 ms apart");
    drive_end(&drive);
}

Test(connect, gives_up_servers_that_do_not_close)
{
    server.hangs_on = true;
    server_start(&server);
    drive_start(&drive, "connect", server.port, "-c 2 -n 3");
    drive_enter(&drive, PHASE_RUNNING);
    drive_await(&drive, LANE_SPENT);
    cr_assert_eq(drive_count(&drive, COUNT_OPENED), 3);
    cr_assert_eq(drive.board->lanes[0].reason_count, 1);
    cr_assert_eq(hist_get(&drive.board->lanes[0].reasons[0].count), 2);
    drive_end(&drive);
    server_stop(&server);
}
