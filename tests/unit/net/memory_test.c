#include "unit/net/script.h"

enum { MIB = 1 << 20, CEILING = 4 * MIB };

static void setup_loops(unsigned loops)
{
    static const char *const settings[] = {"limits.memory_bytes=4194304",
                                           "limits.out_bytes=16777216"};
    fix_init_with(loops, 0, settings, 2);
}

static void setup(void)
{
    setup_loops(1);
}

TestSuite(memory, .init = setup, .fini = fix_done);

static uint8_t block[5 * MIB];

/* As much as the peer says, in MiB. */
static enum co_result write_mib(struct conn *c)
{
    for (; c->in.len > 0; conn_take(c, 1))
        conn_write(c, span_of(block, (size_t)(c->in.ptr[0] - '0') * MIB));
    return wait_for_more(c);
}

static unsigned connect_writer(unsigned loop)
{
    script.run = write_mib;
    return client_connect(loop, &script_session);
}

static bool is_gone(unsigned i)
{
    return client_conn(i) == NULL;
}

static uint64_t held(void)
{
    return atomic_load(&fix.set.held_bytes);
}

Test(memory, what_is_queued_is_counted_until_it_is_sent)
{
    unsigned i = connect_writer(0);
    fix_settle();
    uint64_t idle = held();
    cr_assert_gt(idle, 0);
    cr_assert_lt(idle, 1000);
    client_say(i, "1");
    cr_assert_gt(held(), MIB / 2);
    cr_assert_eq(METRIC(held_bytes), held());
    for (int turn = 0; turn < 20; turn++) {
        client_read(i);
        fix_settle();
    }
    cr_assert_eq(held(), idle);
}

Test(memory, input_that_waits_is_counted)
{
    unsigned i = script_connect(wait_for_more);
    fix_settle();
    uint64_t idle = held();
    client_say(i, "abc");
    cr_assert_eq(held(), idle + 3);
    client_say(i, "def");
    cr_assert_eq(held(), idle + 6);
}

Test(memory, what_the_dead_held_is_given_back_in_the_same_tick)
{
    unsigned i = connect_writer(0);
    client_say(i, "1");
    cr_assert_gt(held(), MIB / 2);
    conn_abort(client_conn(i), "for the test");
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(held(), 0);
    cr_assert_eq(METRIC(held_bytes), 0);
}

static struct shared *common;

static enum co_result write_common(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_write_shared(c, common);
    return wait_for_more(c);
}

Test(memory, what_many_share_is_counted_once)
{
    common = shared_new(MIB);
    for (int i = 0; i < 8; i++)
        client_say(script_connect(write_common), "x");
    cr_assert_gt(held(), MIB);
    cr_assert_lt(held(), MIB + 8 * 1024);
    shared_put(common);
}

Test(memory, the_largest_goes_first_and_no_more_than_must)
{
    unsigned small = connect_writer(0), large = connect_writer(0), medium = connect_writer(0);
    client_say(small, "1");
    client_say(large, "3");
    cr_assert_eq(METRIC(evicted_memory), 0);
    client_say(medium, "2");
    cr_assert(is_gone(large));
    cr_assert(!is_gone(small));
    cr_assert(!is_gone(medium));
    cr_assert_eq(METRIC(evicted_memory), 1);
    cr_assert_leq(held(), CEILING);
}

Test(memory, as_many_go_as_must)
{
    enum { MANY = 40 };
    unsigned clients[MANY];
    for (int i = 0; i < MANY; i++) {
        clients[i] = connect_writer(0);
        client_send_bytes(clients[i], SPAN("1"));
    }
    fix_settle();
    cr_assert_leq(held(), CEILING);
    cr_assert_gt(held(), CEILING / 2);
    unsigned gone = 0;
    for (int i = 0; i < MANY; i++)
        gone += is_gone(clients[i]);
    cr_assert_eq(METRIC(evicted_memory), gone);
    cr_assert_lt(gone, MANY);
}

Test(memory, a_single_one_that_is_too_large_goes)
{
    unsigned i = connect_writer(0);
    client_say(i, "5");
    cr_assert(is_gone(i));
}

Test(memory, a_closing_peer_goes_too)
{
    unsigned i = connect_writer(0);
    client_say(i, "3");
    conn_close(client_conn(i));
    client_say(connect_writer(0), "1");
    client_say(connect_writer(0), "1");
    cr_assert_null(client_slot(i));
}

Test(memory, the_admin_listeners_clients_are_spared)
{
    script.run = write_mib;
    unsigned admin = client_connect_at(0, FIX_ADMIN, &script_session);
    client_say(admin, "3");
    unsigned other = connect_writer(0);
    client_say(other, "2");
    cr_assert(is_gone(other));
    cr_assert(!is_gone(admin));
}

Test(memory, while_it_is_short_who_has_much_queued_is_not_read)
{
    unsigned much = connect_writer(0), little = connect_writer(0);
    client_say(much, "3");
    cr_assert(!memory_is_short(&fix.nets[0]));
    client_say(much, "0"); /* is still read */
    client_say(connect_writer(0), "1");
    cr_assert(memory_is_short(&fix.nets[0]));
    cr_assert(!is_gone(much));
    uint64_t before = METRIC(in_bytes);
    client_say(much, "0"); /* the read that was armed */
    client_say(much, "0");
    cr_assert_leq(METRIC(in_bytes), before + 1);
    before = METRIC(in_bytes);
    client_say(little, "0");
    cr_assert_eq(METRIC(in_bytes), before + 1);
    cr_assert_eq(METRIC(evicted_memory), 0);
}

Test(memory, when_it_stays_short_the_largest_goes)
{
    unsigned large = connect_writer(0), small = connect_writer(0);
    client_say(large, "3");
    client_say(small, "1");
    cr_assert(memory_is_short(&fix.nets[0]));
    fix_pass_ms(MEMORY_SHORT_MS - 100);
    cr_assert(!is_gone(large));
    fix_pass_ms(200);
    cr_assert(is_gone(large));
    cr_assert(!is_gone(small));
    cr_assert(!memory_is_short(&fix.nets[0]));
}

Test(memory, after_each_relief_it_may_be_short_anew)
{
    unsigned small = connect_writer(0);
    client_say(small, "1");
    for (int turn = 0; turn < 3; turn++) {
        unsigned large = connect_writer(0);
        client_say(large, "3");
        fix_pass_ms(MEMORY_SHORT_MS - 100);
        cr_assert(!is_gone(large));
        conn_abort(client_conn(large), "left");
        fix_settle();
        fix_pass_ms(200);
    }
    cr_assert(!is_gone(small));
    cr_assert_eq(METRIC(evicted_memory), 0);
}

static void setup_two(void)
{
    setup_loops(2);
}

TestSuite(memory_loops, .init = setup_two, .fini = fix_done);

Test(memory_loops, the_largest_goes_first_whichever_loop_it_is_on)
{
    unsigned large = connect_writer(1), small = connect_writer(0), medium = connect_writer(0);
    client_say(large, "3");
    client_say(small, "1");
    client_say(medium, "2");
    cr_assert(is_gone(large));
    cr_assert(!is_gone(small));
    cr_assert(!is_gone(medium));
    cr_assert_leq(held(), CEILING);
}

Test(memory_loops, a_large_one_that_has_left_saves_nobody)
{
    unsigned large = connect_writer(1), small = connect_writer(0), medium = connect_writer(0);
    client_say(large, "3");
    conn_abort(client_conn(large), "left");
    fix_settle();
    client_say(small, "2");
    client_say(medium, "3");
    cr_assert(is_gone(medium));
    cr_assert(!is_gone(small));
}

Test(memory_loops, when_it_stays_short_the_largest_goes_whichever_loop_it_is_on)
{
    unsigned large = connect_writer(1), small = connect_writer(0);
    client_say(large, "3");
    client_say(small, "1");
    cr_assert(memory_is_short(&fix.nets[0]));
    fix_pass_ms(MEMORY_SHORT_MS + 100);
    cr_assert(is_gone(large));
    cr_assert(!is_gone(small));
}
