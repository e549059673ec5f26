#include "load/flight.h"

#include <criterion/criterion.h>

static void send(struct flight *f, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        cr_assert_eq(flight_send(f, 1000 + f->sent), OK);
}

static enum arrival arrive(struct flight *f, uint64_t number, uint64_t passed, uint64_t forgotten)
{
    uint64_t p, g;
    enum arrival a = flight_arrive(f, number, &p, &g);
    cr_assert_eq(p, passed);
    cr_assert_eq(g, forgotten);
    return a;
}

Test(flight, replies_in_order_leave_nothing)
{
    struct flight f = {0};
    for (uint64_t k = 0; k < 1000; k++) {
        send(&f, 3);
        for (uint64_t i = 0; i < 3; i++) {
            cr_assert_eq(flight_when(&f, f.next), 1000 + f.next);
            cr_assert_eq(arrive(&f, f.next, 0, 0), ARRIVED);
        }
        cr_assert_eq(flight_count(&f), 0);
    }
    cr_assert_eq(f.slots, 4, "the ring is as large as what was on its way at most");
    cr_assert_eq(flight_clear(&f), 0);
}

Test(flight, the_ring_grows_and_keeps_the_times)
{
    struct flight f = {0};
    send(&f, 5);
    arrive(&f, 0, 0, 0);
    arrive(&f, 1, 0, 0);
    send(&f, 1000);
    for (uint64_t n = f.next; n < f.sent; n++)
        cr_assert_eq(flight_when(&f, n), 1000 + n);
    cr_assert_eq(flight_clear(&f), 1003);
}

Test(flight, one_that_is_passed_over_may_come_late_once)
{
    struct flight f = {0};
    send(&f, 4);
    cr_assert_eq(arrive(&f, 2, 2, 0), ARRIVED);
    cr_assert_eq(arrive(&f, 0, 0, 0), ARRIVED_LATE);
    cr_assert_eq(arrive(&f, 0, 0, 0), ARRIVED_AGAIN);
    cr_assert_eq(arrive(&f, 2, 0, 0), ARRIVED_AGAIN);
    cr_assert_eq(arrive(&f, 3, 0, 0), ARRIVED);
    cr_assert_eq(flight_clear(&f), 1, "number 1 never came");
}

Test(flight, one_that_was_never_sent_is_unknown)
{
    struct flight f = {0};
    cr_assert_eq(arrive(&f, 0, 0, 0), ARRIVED_UNKNOWN);
    send(&f, 1);
    cr_assert_eq(arrive(&f, 1, 0, 0), ARRIVED_UNKNOWN);
    cr_assert_eq(flight_clear(&f), 1);
}

Test(flight, only_so_many_of_the_missed_are_kept_in_mind)
{
    struct flight f = {0};
    send(&f, FLIGHT_MISSED_MAX + 3);
    cr_assert_eq(arrive(&f, FLIGHT_MISSED_MAX + 2, FLIGHT_MISSED_MAX + 2, 2), ARRIVED);
    cr_assert_eq(arrive(&f, 1, 0, 0), ARRIVED_AGAIN, "it is forgotten, and counted as lost");
    cr_assert_eq(arrive(&f, 2, 0, 0), ARRIVED_LATE);
    cr_assert_eq(flight_clear(&f), FLIGHT_MISSED_MAX - 1);
}

Test(flight, who_was_given_up_may_come_in_order)
{
    struct flight f = {0};
    send(&f, 5); /* at 1000 to 1004 */
    cr_assert_eq(flight_give_up(&f, 1000), 0);
    cr_assert_eq(flight_give_up(&f, 1002), 2);
    cr_assert_eq(flight_give_up(&f, 1002), 0);
    cr_assert_eq(flight_waiting(&f), 3);
    cr_assert_eq(flight_count(&f), 5);
    cr_assert_eq(arrive(&f, 0, 0, 0), ARRIVED);
    cr_assert_eq(flight_waiting(&f), 3);
    cr_assert_eq(arrive(&f, 3, 1, 0), ARRIVED, "1 was given up, 2 is passed over");
    cr_assert_eq(flight_waiting(&f), 1);
    cr_assert_eq(flight_give_up(&f, 9999), 1);
    cr_assert_eq(flight_waiting(&f), 0);
    cr_assert_eq(flight_clear(&f), 3);
}

Test(flight, every_message_is_counted_once_whatever_comes)
{
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct flight f = {0};
        uint64_t came = 0, lost = 0, waiting = 0, p, g;
        unsigned x = seed;
        for (unsigned step = 0; step < 2000; step++) {
            x = x * 1103515245 + 12345;
            if (x >> 16 & 1) {
                send(&f, 1);
                waiting++;
            } else if (x >> 26 == 0) {
                waiting -= flight_give_up(&f, 1000 + f.sent - (x >> 17) % 8);
            } else if (f.sent > 0) {
                uint64_t number = (x >> 17) % f.sent;
                enum arrival a = flight_arrive(&f, number, &p, &g);
                waiting -= p + (a == ARRIVED && number >= f.given_up);
                cr_assert_eq(flight_waiting(&f), waiting, "seed %u", seed);
                came += a == ARRIVED || a == ARRIVED_LATE;
                lost += g;
            }
        }
        uint64_t sent = f.sent;
        lost += flight_clear(&f);
        cr_assert_eq(came + lost, sent, "seed %u", seed);
    }
}

Test(flight, each_odd_arrival_is_a_fault_of_its_own)
{
    cr_assert_eq(flight_fault(ARRIVED_LATE), FAULT_REORDERED);
    cr_assert_eq(flight_fault(ARRIVED_AGAIN), FAULT_DUPLICATED);
    cr_assert_eq(flight_fault(ARRIVED_UNKNOWN), FAULT_WRONG);
}
