#include "drive_fixture.h"

static struct server server;
static struct drive drive;
static _Atomic unsigned asked;

static void echo(int peer, char *bytes, size_t len)
{
    asked++;
    cr_assert_eq(send(peer, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void echo_altered(int peer, char *bytes, size_t len)
{
    bytes[len - 1] ^= 1;
    echo(peer, bytes, len);
}

static void swallow(int peer, char *bytes, size_t len)
{
    (void)peer, (void)bytes, (void)len;
    asked++;
}

static void hang_up(int peer, char *bytes, size_t len)
{
    swallow(peer, bytes, len);
    shutdown(peer, SHUT_WR);
}

/* Holds ten connections and lets four of them echo. */
static void hold(void (*answer)(int peer, char *bytes, size_t len))
{
    server.answer = answer;
    server_start(&server);
    drive_start(&drive, "hold", server.port, "-c 10 --echo-sample 4");
    drive_await(&drive, LANE_OPEN);
    cr_assert_eq(drive_count(&drive, COUNT_OPENED), 10);
    drive_enter(&drive, PHASE_RUNNING);
    cr_assert_eq(asked, 0, "nothing is said while they are held");
    drive.board->measure_to_ns = 1; /* the window is over */
    drive_enter(&drive, PHASE_DRAINING);
    DRIVE_AWAIT(asked == 4 && drive_count(&drive, COUNT_SENT) == 4);
}

static void finish(uint64_t received, enum fault fault, uint64_t faults)
{
    struct lane *l = &drive.board->lanes[0];
    drive_enter(&drive, PHASE_CLOSING);
    drive_await(&drive, LANE_GONE);
    cr_assert_eq(drive_count(&drive, COUNT_SENT), 4);
    cr_assert_eq(drive_count(&drive, COUNT_RECEIVED), received);
    cr_assert_eq(hist_total(&l->timings[TIMING_LATENCY]), received);
    cr_assert_eq(drive_faults(&drive, fault), faults);
    cr_assert_eq(hist_get(&l->waiting), 0);
    drive_end(&drive);
    server_stop(&server);
}

Test(hold, has_a_sample_echo)
{
    hold(echo);
    DRIVE_AWAIT(drive_count(&drive, COUNT_RECEIVED) == 4);
    finish(4, FAULT_WRONG, 0);
}

Test(hold, finds_what_was_altered)
{
    hold(echo_altered);
    DRIVE_AWAIT(drive_faults(&drive, FAULT_WRONG) == 4);
    finish(0, FAULT_WRONG, 4);
}

Test(hold, misses_what_does_not_come)
{
    hold(swallow);
    finish(0, FAULT_LOST, 4);
}

Test(hold, misses_what_a_closed_connection_owes)
{
    hold(hang_up);
    DRIVE_AWAIT(drive_count(&drive, COUNT_CLOSED) == 4);
    finish(0, FAULT_LOST, 4);
}
