#include "chat/hub/position.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

static const char *time_of(uint64_t ms)
{
    static char out[POSITION_TIME_CHARS + 1];
    position_time(ms, out);
    return out;
}

static const char *msgid_of(struct position p, uint16_t part)
{
    static char out[POSITION_MSGID_CHARS_MAX + 1];
    out[position_msgid(&p, part, out)] = '\0';
    return out;
}

Test(position, writes_time_with_milliseconds)
{
    cr_assert_str_eq(time_of(0), "1970-01-01T00:00:00.000Z");
    cr_assert_str_eq(time_of(1795350896789), "2026-11-22T12:34:56.789Z");
    cr_assert_str_eq(time_of(951782400000 - 1), "2000-02-28T23:59:59.999Z");
    cr_assert_str_eq(time_of(951782400000), "2000-02-29T00:00:00.000Z");
    cr_assert_str_eq(time_of(4107542400000), "2100-03-01T00:00:00.000Z");
}

Test(position, agrees_with_the_calendar_of_libc)
{
    for (uint64_t day = 0; day < 100000; day += 13) {
        time_t seconds = (time_t)(day * 86400 + 3723);
        struct tm utc;
        char want[32];
        gmtime_r(&seconds, &utc);
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
        cr_assert_str_eq(time_of((uint64_t)seconds * 1000), want);
    }
}

Test(position, ids_are_text_in_the_order_of_positions)
{
    const struct position order[] = {
        {.ms = 0},
        {.ms = 0, .seq = 1},
        {.ms = 1},
        {.ms = 1, .seq = UINT16_MAX},
        {.ms = 31},
        {.ms = 1795350896789, .seq = 9},
        {.ms = 1795350896789, .seq = 10},
        {.ms = (UINT64_C(1) << 48) - 1, .seq = UINT16_MAX},
        {.epoch = 1},
        {.epoch = UINT16_MAX, .ms = 5},
    };
    for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++) {
        char before[POSITION_MSGID_CHARS_MAX + 1];
        strcpy(before, msgid_of(order[i - 1], 0));
        cr_assert_eq(strlen(before), 16);
        cr_assert_lt(strcmp(before, msgid_of(order[i], 0)), 0, "%zu", i);
        cr_assert(position_is_before(&order[i - 1], &order[i]));
        cr_assert_not(position_is_before(&order[i], &order[i - 1]));
    }
    cr_assert_not(position_is_before(&order[0], &order[0]));
}

Test(position, parts_of_an_entry_have_ids_of_their_own)
{
    struct position p = {.ms = 7};
    cr_assert_str_eq(msgid_of(p, 0), "000000000000e000");
    cr_assert_str_eq(msgid_of(p, 1), "000000000000e000-1");
    cr_assert_str_eq(msgid_of(p, UINT16_MAX), "000000000000e000-65535");
}

Test(position, grows_even_when_the_clock_steps_back)
{
    struct position last = {0};
    const uint64_t clock[] = {5, 5, 5, 9, 3, 3, 9, 10, 0};
    for (size_t i = 0; i < sizeof(clock) / sizeof(clock[0]); i++) {
        struct position next = position_next(&last, clock[i]);
        cr_assert(position_is_before(&last, &next));
        last = next;
    }
    cr_assert_eq(last.ms, 10);
}

Test(position, borrows_from_the_next_millisecond_when_one_is_full)
{
    struct position last = {.ms = 5, .seq = UINT16_MAX};
    struct position next = position_next(&last, 5);
    cr_assert_eq(next.ms, 6);
    cr_assert_eq(next.seq, 0);
}
