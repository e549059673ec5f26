#include "net/door.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

static const struct siphash_key KEY = {{1, 2, 3}};
static struct door *door;
static uint64_t now_ms = 1000 * 1000;

static void open_door(uint32_t connections, uint32_t per_second)
{
    const struct door_limits limits = {.connections = connections, .per_second = per_second};
    door = door_new(&limits, &KEY);
    cr_assert_not_null(door);
}

static void close_door(void)
{
    door_free(door);
}

TestSuite(door, .fini = close_door);

static struct addr addr_of(const char *text)
{
    struct addr a;
    expect_ok(addr_parse(&a, text, 1));
    return a;
}

static enum door_verdict enter(const char *text)
{
    struct addr a = addr_of(text);
    return door_enter(door, &a, now_ms);
}

static void leave(const char *text)
{
    struct addr a = addr_of(text);
    door_leave(door, &a, now_ms);
}

/* How many of `count` that come at once are admitted. */
static int crowd(const char *text, int count)
{
    int admitted = 0;
    for (int i = 0; i < count; i++)
        admitted += enter(text) == DOOR_ADMITTED;
    return admitted;
}

/* --- how many ---------------------------------------------------------------------------- */

Test(door, an_address_has_as_many_connections_as_it_may)
{
    open_door(3, 0);
    cr_assert_eq(crowd("192.0.2.1", 5), 3);
    cr_assert_eq(enter("192.0.2.1"), DOOR_CROWDED);
}

Test(door, one_that_leaves_makes_room_for_one)
{
    open_door(3, 0);
    crowd("192.0.2.1", 3);
    leave("192.0.2.1");
    cr_assert_eq(crowd("192.0.2.1", 5), 1);
}

Test(door, addresses_do_not_count_against_each_other)
{
    open_door(1, 1);
    cr_assert_eq(enter("192.0.2.1"), DOOR_ADMITTED);
    cr_assert_eq(enter("192.0.2.2"), DOOR_ADMITTED);
    cr_assert_eq(enter("2001:db8::1"), DOOR_ADMITTED);
}

Test(door, the_port_makes_no_difference)
{
    open_door(1, 0);
    struct addr a = addr_of("192.0.2.1"), b = a;
    b.port = 77;
    cr_assert_eq(door_enter(door, &a, now_ms), DOOR_ADMITTED);
    cr_assert_eq(door_enter(door, &b, now_ms), DOOR_CROWDED);
    door_leave(door, &b, now_ms);
    cr_assert_eq(door_enter(door, &a, now_ms), DOOR_ADMITTED);
}

/* --- who is whom ------------------------------------------------------------------------- */

Test(door, ipv6_counts_by_64_bits)
{
    open_door(1, 0);
    cr_assert_eq(enter("2001:db8:1:2::1"), DOOR_ADMITTED);
    cr_assert_eq(enter("2001:db8:1:2:ffff:ffff:ffff:ffff"), DOOR_CROWDED);
    cr_assert_eq(enter("2001:db8:1:3::1"), DOOR_ADMITTED);
    leave("2001:db8:1:2:3:4:5:6");
    cr_assert_eq(enter("2001:db8:1:2::7"), DOOR_ADMITTED);
}

Test(door, a_mapped_address_is_the_ipv4_address)
{
    open_door(1, 0);
    cr_assert_eq(enter("192.0.2.1"), DOOR_ADMITTED);
    cr_assert_eq(enter("::ffff:192.0.2.1"), DOOR_CROWDED);
    cr_assert_eq(enter("::ffff:192.0.2.2"), DOOR_ADMITTED);
}

Test(door, ipv4_is_nobodys_64)
{
    open_door(1, 0);
    cr_assert_eq(enter("192.0.2.1"), DOOR_ADMITTED);
    cr_assert_eq(enter("::1"), DOOR_ADMITTED);
    cr_assert_eq(enter("::2"), DOOR_CROWDED);
    cr_assert_eq(enter("0:0:0:0:0:ffff:c000:202"), DOOR_ADMITTED);
}

/* --- how fast ---------------------------------------------------------------------------- */

Test(door, two_seconds_worth_may_come_at_once)
{
    open_door(0, 5);
    cr_assert_eq(crowd("192.0.2.1", 50), 5 * DOOR_BURST_SECONDS);
    cr_assert_eq(enter("192.0.2.1"), DOOR_HASTY);
}

Test(door, then_as_many_a_second_as_are_allowed)
{
    open_door(0, 5);
    crowd("192.0.2.1", 50);
    for (int second = 0; second < 10; second++) {
        int admitted = 0;
        for (int i = 0; i < 100; i++) {
            now_ms += 10;
            admitted += crowd("192.0.2.1", 3);
        }
        cr_assert_eq(admitted, 5);
    }
}

Test(door, leaving_at_once_does_not_make_one_slower)
{
    open_door(0, 5);
    int admitted = 0;
    for (int i = 0; i < 50; i++) {
        if (enter("192.0.2.1") == DOOR_ADMITTED) {
            admitted++;
            leave("192.0.2.1");
        }
    }
    cr_assert_eq(admitted, 5 * DOOR_BURST_SECONDS);
}

Test(door, who_finds_it_crowded_is_not_hasty)
{
    open_door(1, 5);
    enter("192.0.2.1");
    for (int i = 0; i < 50; i++)
        cr_assert_eq(enter("192.0.2.1"), DOOR_CROWDED);
    leave("192.0.2.1");
    cr_assert_eq(enter("192.0.2.1"), DOOR_ADMITTED);
}

Test(door, the_highest_rate_is_kept)
{
    open_door(0, DOOR_PER_SECOND_MAX);
    cr_assert_eq(crowd("192.0.2.1", 3 * DOOR_PER_SECOND_MAX),
                 DOOR_PER_SECOND_MAX * DOOR_BURST_SECONDS);
    now_ms++;
    cr_assert_eq(crowd("192.0.2.1", 1000), DOOR_PER_SECOND_MAX / 1000);
}

/* --- what is remembered ------------------------------------------------------------------ */

static struct addr nth(uint32_t n)
{
    struct addr a = addr_of("2001:db8::");
    memcpy(a.ip + 4, &n, sizeof(n));
    return a;
}

Test(door, without_a_rate_only_those_who_are_here_are_remembered)
{
    open_door(3, 0);
    crowd("192.0.2.1", 2);
    leave("192.0.2.1");
    cr_assert_eq(door_address_count(door), 1);
    leave("192.0.2.1");
    cr_assert_eq(door_address_count(door), 0);
}

Test(door, with_a_rate_those_who_left_are_remembered_for_the_burst)
{
    open_door(0, 5);
    for (int i = 0; i < 5 * DOOR_BURST_SECONDS; i++) {
        enter("192.0.2.1");
        leave("192.0.2.1");
    }
    cr_assert_eq(door_address_count(door), 1);
    now_ms += DOOR_BURST_SECONDS * 1000;
    for (uint32_t n = 0; n < 10 * DOOR_SHARDS; n++) { /* some of them come by the same part */
        struct addr a = nth(n);
        door_enter(door, &a, now_ms);
        door_leave(door, &a, now_ms + 1000);
    }
    cr_assert_eq(door_address_count(door), 0);
}

Test(door, a_flood_of_addresses_is_forgotten_from_its_beginning)
{
    open_door(0, 1);
    for (uint32_t n = 0; n < 2 * DOOR_IDLE_MAX; n++) {
        struct addr a = nth(n);
        cr_assert_eq(door_enter(door, &a, now_ms), DOOR_ADMITTED);
        cr_assert_eq(door_enter(door, &a, now_ms), DOOR_ADMITTED);
        cr_assert_eq(door_enter(door, &a, now_ms), DOOR_HASTY);
        door_leave(door, &a, now_ms);
        door_leave(door, &a, now_ms);
        cr_assert_leq(n % 1024 == 0 ? door_address_count(door) : 0, DOOR_IDLE_MAX);
    }
    cr_assert_leq(door_address_count(door), DOOR_IDLE_MAX);
    struct addr last = nth(2 * DOOR_IDLE_MAX - 1), first = nth(0);
    cr_assert_eq(door_enter(door, &last, now_ms), DOOR_HASTY);
    cr_assert_eq(door_enter(door, &first, now_ms), DOOR_ADMITTED);
}

Test(door, a_flood_of_addresses_does_not_hide_who_is_here)
{
    open_door(2, 1);
    crowd("192.0.2.1", 2);
    for (uint32_t n = 0; n < 2 * DOOR_IDLE_MAX; n++) {
        struct addr a = nth(n);
        door_enter(door, &a, now_ms);
        door_leave(door, &a, now_ms);
    }
    cr_assert_eq(enter("192.0.2.1"), DOOR_CROWDED);
}

Test(door, without_memory_nobody_is_miscounted)
{
    open_door(1, 0);
    struct addr a = addr_of("192.0.2.1");
    alloc_fail_after(0);
    enum door_verdict verdict = door_enter(door, &a, now_ms);
    alloc_fail_stop();
    cr_assert_eq(verdict, DOOR_NO_MEMORY);
    cr_assert_eq(door_address_count(door), 0);
    cr_assert_eq(enter("192.0.2.1"), DOOR_ADMITTED);
}

/* --- from several threads ---------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 2000, LIMIT = 3 };

static _Atomic int here, most;

static void *come_and_go(void *arg)
{
    (void)arg;
    struct addr a = addr_of("192.0.2.1"), b = addr_of("2001:db8::1");
    for (int i = 0; i < ROUNDS; i++) {
        bool other = door_enter(door, &b, now_ms) == DOOR_ADMITTED;
        if (door_enter(door, &a, now_ms) == DOOR_ADMITTED) {
            int count = ++here;
            if (count > most)
                most = count;
            here--;
            door_leave(door, &a, now_ms);
        }
        if (other)
            door_leave(door, &b, now_ms);
    }
    return NULL;
}

Test(door, all_threads_share_one_count)
{
    pthread_t threads[THREADS];
    open_door(LIMIT, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, come_and_go, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_leq(most, LIMIT);
    cr_assert_eq(door_address_count(door), 0);
}

Test(door, does_not_count_the_peers_of_unix_sockets)
{
    struct addr a = {.is_unix = 1};
    door = door_new(&(struct door_limits){.connections = 1, .per_second = 1}, &KEY);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(door_enter(door, &a, 0), DOOR_ADMITTED);
    door_leave(door, &a, 0);
    cr_assert_eq(door_address_count(door), 0);
}
