/* The board and its sums. */
#include "load/tally.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct tally now, before;

Test(tally, lanes_are_added_up)
{
    struct board *b = board_new(3, 0);
    for (unsigned k = 0; k < 3; k++) {
        lane_count_add(&b->lanes[k], COUNT_OPENED, 10);
        lane_count_add(&b->lanes[k], COUNT_ENDED, k);
        lane_fault_add(&b->lanes[k], FAULT_LOST, 1 + k);
        hist_add(&b->lanes[k].timings[TIMING_LATENCY], 1000 * (k + 1));
    }
    tally_take(&now, b);
    tally_take_timings(&now, b);
    cr_assert_eq(now.counts[COUNT_OPENED], 30);
    cr_assert_eq(tally_open(&now), 27);
    cr_assert_eq(now.faults[FAULT_LOST], 6);
    cr_assert_eq(hist_total(&now.timings[TIMING_LATENCY]), 3);
    board_free(b);
}

Test(tally, what_one_lane_waits_for_may_come_on_another)
{
    struct board *b = board_new(2, 0);
    hist_set(&b->lanes[0].waiting, 5);
    hist_set(&b->lanes[1].waiting, (uint64_t)0 - 5);
    tally_take(&now, b);
    cr_assert_eq(now.waiting, 0);
    board_free(b);
}

Test(tally, a_sample_is_what_came_since)
{
    struct sample s = {0};
    struct board *b = board_new(1, 0);
    hist_add(&b->lanes[0].timings[TIMING_LATENCY], 1000000);
    lane_count_add(b->lanes, COUNT_RECEIVED, 1);
    tally_take(&before, b);
    tally_take_timings(&before, b);
    for (unsigned i = 0; i < 100; i++)
        hist_add(&b->lanes[0].timings[TIMING_LATENCY], 2000);
    lane_count_add(b->lanes, COUNT_RECEIVED, 100);
    lane_fault_add(b->lanes, FAULT_WRONG, 2);
    tally_take(&now, b);
    tally_take_timings(&now, b);
    tally_sample(&s, &now, &before);
    cr_assert_eq(s.counts[COUNT_RECEIVED], 100);
    cr_assert_eq(s.errors, 2);
    cr_assert(s.p50_ns >= 1980 && s.p50_ns <= 2020);
    cr_assert_lt(s.max_ns, 3000, "the millisecond was in another second");
    board_free(b);
}

Test(tally, reasons_of_all_lanes_are_joined_the_most_frequent_first)
{
    struct run_reason reasons[REASONS_MAX];
    struct board *b = board_new(2, 0);
    lane_reason_add(&b->lanes[0], "rare");
    for (unsigned i = 0; i < 3; i++)
        lane_reason_add(&b->lanes[i % 2], "frequent");
    cr_assert_eq(tally_reasons(reasons, b), 2);
    cr_assert_str_eq(reasons[0].text, "frequent");
    cr_assert_eq(reasons[0].count, 3);
    cr_assert_str_eq(reasons[1].text, "rare");
    board_free(b);
}

Test(tally, more_reasons_than_there_is_room_for_are_others)
{
    struct run_reason reasons[REASONS_MAX];
    struct board *b = board_new(2, 0);
    char text[32];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "reason %u", i);
        lane_reason_add(&b->lanes[i % 2], text);
    }
    uint64_t sum = 0;
    unsigned count = tally_reasons(reasons, b);
    cr_assert_eq(count, REASONS_MAX);
    for (unsigned i = 0; i < count; i++)
        sum += reasons[i].count;
    cr_assert_eq(sum, 100);
    board_free(b);
}

Test(tally, a_reason_is_printable_and_bounded)
{
    char text[400];
    struct board *b = board_new(1, 0);
    lane_reason_add(b->lanes, "bell \a, escape \033[2J, umlaut \xc3\xa4");
    cr_assert_str_eq(b->lanes[0].reasons[0].text, "bell \\x07, escape \\x1b[2J, umlaut \\xc3\\xa4");
    memset(text, 7, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    lane_reason_add(b->lanes, text);
    cr_assert_lt(strlen(b->lanes[0].reasons[1].text), REASON_BYTES);
    board_free(b);
}

Test(tally, another_process_counts_on_the_same_board)
{
    struct board *b = board_new(1, sizeof(_Atomic uint64_t));
    _Atomic uint64_t *shared = b->shared;
    pid_t pid = fork();
    if (pid == 0) {
        lane_count_add(b->lanes, COUNT_SENT, 42);
        atomic_fetch_add(shared, 7);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    tally_take(&now, b);
    cr_assert_eq(now.counts[COUNT_SENT], 42);
    cr_assert_eq(*shared, 7);
    board_free(b);
}
