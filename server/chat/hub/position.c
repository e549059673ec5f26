#include "chat/hub/position.h"

#include <stdio.h>
#include <string.h>

bool position_is_before(const struct position *a, const struct position *b)
{
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch;
    if (a->ms != b->ms)
        return a->ms < b->ms;
    return a->seq < b->seq;
}

struct position position_next(const struct position *last, uint64_t now_ms)
{
    struct position p = {.epoch = last->epoch, .ms = last->ms, .seq = last->seq};
    if (now_ms > last->ms) {
        p.ms = now_ms;
        p.seq = 0;
    } else if (last->seq == UINT16_MAX) {
        p.ms++;
        p.seq = 0;
    } else {
        p.seq++;
    }
    return p;
}

size_t position_msgid(const struct position *p, uint16_t part, char out[POSITION_MSGID_CHARS_MAX])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint8_t bytes[10] = {(uint8_t)(p->epoch >> 8), (uint8_t)p->epoch};
    for (int i = 0; i < 6; i++)
        bytes[2 + i] = (uint8_t)(p->ms >> 8 * (5 - i));
    bytes[8] = (uint8_t)(p->seq >> 8);
    bytes[9] = (uint8_t)p->seq;
    for (size_t i = 0; i < 16; i++) {
        size_t bit = i * 5, at = bit / 8;
        unsigned two = (unsigned)bytes[at] << 8 | (at + 1 < sizeof(bytes) ? bytes[at + 1] : 0);
        out[i] = digits[two >> (11 - bit % 8) & 31];
    }
    if (part == 0)
        return 16;
    char suffix[8];
    int n = snprintf(suffix, sizeof(suffix), "-%u", part);
    memcpy(out + 16, suffix, (size_t)n);
    return 16 + (size_t)n;
}

static void put_digits(char *out, size_t count, uint64_t value)
{
    while (count > 0) {
        out[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Days since 1970 to a date of the Gregorian calendar. Years are counted from March, so that the
 * leap day is their last; 719468 days lie between 0000-03-01 and 1970-01-01. */
static void put_date(uint64_t days, char *out)
{
    uint64_t z = days + 719468;
    uint64_t era = z / 146097, day_of_era = z % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    put_digits(out, 4, year_of_era + era * 400 + (month <= 2));
    put_digits(out + 5, 2, month);
    put_digits(out + 8, 2, day);
}

void position_time(uint64_t ms, char out[POSITION_TIME_CHARS])
{
    memcpy(out, "0000-00-00T00:00:00.000Z", POSITION_TIME_CHARS);
    uint64_t seconds = ms / 1000;
    put_date(seconds / 86400, out);
    put_digits(out + 11, 2, seconds / 3600 % 24);
    put_digits(out + 14, 2, seconds / 60 % 60);
    put_digits(out + 17, 2, seconds % 60);
    put_digits(out + 20, 3, ms % 1000);
}
