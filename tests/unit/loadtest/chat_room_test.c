#include "scenario/chat_room.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* --- who is where ------------------------------------------------------------------------ */

Test(chat_room, publishers_are_as_many_as_are_wanted_in_each_room)
{
    for (uint32_t threads = 1; threads <= 5; threads++) {
        for (uint32_t members = 2; members <= 7; members++) {
            for (uint32_t publishers = 1; publishers <= members; publishers++) {
                struct plan plan = {.rooms = 6,
                                    .members = members,
                                    .connections = 6 * members,
                                    .publishers = publishers,
                                    .threads = threads};
                unsigned found = 0;
                for (uint32_t client = 0; client < plan.connections; client++) {
                    struct chat_seats seats = chat_seats_of(&plan, client / members);
                    int32_t p = chat_publisher_of(&plan, &seats, client);
                    if (p == CHAT_SILENT)
                        continue;
                    found++;
                    cr_assert_eq(chat_publisher_client(&plan, &seats, (uint32_t)p), client);
                }
                cr_assert_eq(found, 6 * publishers);
            }
        }
    }
}

Test(chat_room, publishers_of_many_rooms_are_spread_over_the_drivers)
{
    for (uint32_t members = 4; members <= 101; members++) {
        struct plan plan = {.rooms = 40, .members = members, .publishers = 1, .threads = 4};
        unsigned on[4] = {0};
        for (uint32_t room = 0; room < 40; room++) {
            struct chat_seats seats = chat_seats_of(&plan, room);
            on[chat_publisher_client(&plan, &seats, 0) % 4]++;
        }
        for (unsigned i = 0; i < 4; i++)
            cr_assert_eq(on[i], 10, "%u members", members);
    }
}

Test(chat_room, clients_of_other_rooms_are_no_publishers)
{
    struct plan plan = {.rooms = 3, .members = 4, .publishers = 4, .threads = 1};
    struct chat_seats seats = chat_seats_of(&plan, 1);
    cr_assert_eq(chat_publisher_of(&plan, &seats, 3), CHAT_SILENT);
    cr_assert_neq(chat_publisher_of(&plan, &seats, 4), CHAT_SILENT);
    cr_assert_neq(chat_publisher_of(&plan, &seats, 7), CHAT_SILENT);
    cr_assert_eq(chat_publisher_of(&plan, &seats, 8), CHAT_SILENT);
    cr_assert_eq(chat_publisher_of(&plan, &seats, UINT32_MAX), CHAT_SILENT);
}

/* --- what is in flight ------------------------------------------------------------------- */

static struct chat_shared shared;

/* Two rooms, in which so many are; two publishers each. */
static void make(uint32_t in_flight, uint32_t present)
{
    static struct plan plan = {
        .rooms = 2, .members = 10, .publishers = 2, .connections = 20, .threads = 1};
    plan.in_flight = in_flight;
    chat_shared_init(&shared, &plan, aligned_alloc(64, (chat_shared_bytes(&plan) + 63) & ~63ul));
    memset(shared.rooms, 0, chat_shared_bytes(&plan));
    for (uint32_t i = 0; i < present; i++)
        chat_room_enter(&shared, 1);
}

Test(chat_room, a_message_is_over_when_all_others_have_it)
{
    make(3, 4);
    cr_assert(chat_say(&shared, 1, 1));
    cr_assert_eq(chat_said(&shared, 1, 1), 1);
    cr_assert_eq(chat_said(&shared, 1, 0), 0);
    cr_assert_not(chat_hear(&shared, 1, 1, 0));
    cr_assert_not(chat_hear(&shared, 1, 1, 0));
    cr_assert(chat_is_in_flight(&shared, 1, 1, 0));
    cr_assert(chat_hear(&shared, 1, 1, 0));
    cr_assert_not(chat_is_in_flight(&shared, 1, 1, 0));
    cr_assert_not(chat_hear(&shared, 1, 1, 0), "it is over");
    free(shared.rooms);
}

Test(chat_room, messages_in_flight_do_not_mix)
{
    make(3, 2);
    for (unsigned i = 0; i < 3; i++)
        cr_assert(chat_say(&shared, 1, 0));
    cr_assert(chat_hear(&shared, 1, 0, 1));
    cr_assert(chat_is_in_flight(&shared, 1, 0, 0));
    cr_assert(chat_is_in_flight(&shared, 1, 0, 2));
    cr_assert(chat_hear(&shared, 1, 0, 0));
    for (unsigned i = 0; i < 3; i++)
        cr_assert(chat_say(&shared, 1, 0));
    cr_assert_not(chat_hear(&shared, 1, 0, 1), "its place has another number");
    cr_assert(chat_is_in_flight(&shared, 1, 0, 5));
    free(shared.rooms);
}

Test(chat_room, nothing_is_said_where_nobody_hears)
{
    make(1, 1);
    cr_assert_not(chat_say(&shared, 1, 0));
    cr_assert_eq(chat_said(&shared, 1, 0), 0);
    chat_room_enter(&shared, 1);
    cr_assert(chat_say(&shared, 1, 0));
    chat_room_leave(&shared, 1);
    cr_assert_not(chat_say(&shared, 1, 0));
    free(shared.rooms);
}

Test(chat_room, without_a_limit_nothing_is_counted)
{
    make(0, 2);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert(chat_say(&shared, 1, 0));
    cr_assert_not(chat_hear(&shared, 1, 0, 999));
    cr_assert_eq(chat_said(&shared, 1, 0), 1000);
    free(shared.rooms);
}
