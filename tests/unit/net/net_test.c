#include "net/net.h"

#include "net/door.h"

#include "unit/net/script.h"

#include <fcntl.h>

TestSuite(net, .init = fix_init, .fini = fix_done);

/* --- opening ----------------------------------------------------------------------------- */

static struct addr peer_of(const char *ip)
{
    struct addr a;
    expect_ok(addr_parse(&a, ip, 1));
    return a;
}

Test(net, a_connection_is_counted)
{
    script_connect(swallow);
    script_connect(swallow);
    cr_assert_eq(METRIC(connections), 2);
    cr_assert_eq(METRIC(accepted), 2);
    cr_assert_eq(fix.nets[0].conns.open_count, 2);
    fix_close();
    cr_assert_eq(METRIC(connections), 0);
    cr_assert_eq(METRIC(closed), 2);
}

Test(net, an_opening_that_fails_closes_the_descriptor_and_leaves_nothing)
{
    struct addr peer = peer_of("127.0.0.1");
    size_t failures = 0;
    for (;; failures++) {
        int fds[2];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        alloc_fail_after(failures);
        enum err e = net_open(&fix.nets[0], fds[0], FIX_PUBLIC, &peer, &script_session);
        alloc_fail_stop();
        close(fds[1]);
        if (e == OK)
            break;
        expect_err(e, ERR_NOMEM);
        cr_assert_eq(fcntl(fds[0], F_GETFD), -1, "it is closed");
        cr_assert_eq(fix.nets[0].conns.open_count, 0);
        cr_assert_eq(METRIC(connections), 0);
    }
    cr_assert_geq(failures, 4);
    fix.open_total++;
}

static void init_with_failures(struct net *n, size_t succeed, enum err *e)
{
    alloc_fail_after(succeed);
    *e = net_init(n, &fix.set.loops[0], &fix.config, &fix.open_total);
    alloc_fail_stop();
}

Test(net, without_memory_there_is_no_net_and_no_leak)
{
    struct net n;
    enum err e;
    for (size_t i = 0; init_with_failures(&n, i, &e), e != OK; i++) {
        expect_err(e, ERR_NOMEM);
        net_deinit(&n);
    }
    net_deinit(&n);
}

Test(net, the_tables_grow_with_the_connections)
{
    enum { COUNT = 600 };
    static int fds[COUNT][2];
    struct addr peer = peer_of("127.0.0.1");
    script.run = echo;
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
        fix.open_total++;
        expect_ok(net_open(&fix.nets[0], fds[i][0], FIX_PUBLIC, &peer, &script_session));
        cr_assert_eq(write(fds[i][1], "x", 1), 1);
    }
    fix_settle();
    for (int i = 0; i < COUNT; i++) {
        char c = 0;
        cr_assert_eq(read(fds[i][1], &c, 1), 1);
        cr_assert_eq(c, 'x');
        close(fds[i][1]);
    }
}

/* --- time-outs --------------------------------------------------------------------------- */

static unsigned time_outs;

static enum co_result count_time_outs(struct conn *c)
{
    time_outs += c->timed_out;
    return swallow(c);
}

static unsigned connect_timed(enum conn_timer timer)
{
    unsigned i = script_connect(count_time_outs);
    conn_set_timer(client_conn(i), timer);
    return i;
}

Test(net, each_kind_of_silence_has_its_duration)
{
    static const struct {
        enum conn_timer timer;
        uint32_t seconds;
    } kinds[] = {{TIMER_HANDSHAKE, 10},
                 {TIMER_IDLE, 75},
                 {TIMER_WS_PING, 30},
                 {TIMER_FLUSH, 30},
                 {TIMER_CLOSE, 5}};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        unsigned i = connect_timed(kinds[k].timer);
        fix_pass_ms(kinds[k].seconds * 1000 - 500);
        cr_assert_not(client_conn(i)->timed_out, "%zu", k);
        fix_pass_ms(500 + kinds[k].seconds * 1000 / 16 + 100);
        cr_assert(client_conn(i)->timed_out, "%zu", k);
        conn_abort(client_conn(i), "test");
    }
}

Test(net, a_time_out_is_told_once)
{
    connect_timed(TIMER_IDLE);
    fix_pass_ms(90 * 1000);
    cr_assert_eq(time_outs, 1);
    fix_pass_ms(900 * 1000);
    cr_assert_eq(time_outs, 1);
}

Test(net, input_begins_the_silence_anew)
{
    unsigned i = connect_timed(TIMER_IDLE);
    for (int n = 0; n < 4; n++) {
        fix_pass_ms(60 * 1000);
        client_say(i, "x");
    }
    cr_assert_eq(time_outs, 0);
}

Test(net, input_does_not_prolong_a_handshake)
{
    unsigned i = connect_timed(TIMER_HANDSHAKE);
    for (int n = 0; n < 12; n++) {
        fix_pass_ms(1000);
        client_say(i, "x");
    }
    cr_assert_gt(time_outs, 0);
}

Test(net, output_does_not_prolong_the_silence_of_a_peer_that_is_not_waited_for)
{
    unsigned i = connect_timed(TIMER_IDLE);
    for (int n = 0; n < 4; n++) {
        fix_pass_ms(25 * 1000);
        conn_write(client_conn(i), SPAN("x"));
    }
    fix_settle();
    cr_assert_eq(time_outs, 1);
}

Test(net, the_next_time_out_is_known)
{
    struct net *n = &fix.nets[0];
    cr_assert_eq(net_next_ms(n), UINT64_MAX);
    script_connect(swallow);
    uint64_t ms = net_next_ms(n);
    cr_assert_geq(ms, 1);
    cr_assert_leq(ms, 11 * 1000);
}

/* --- the end ----------------------------------------------------------------------------- */

/* How many of the clients count at the door. */
static unsigned counted(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fix.client_count; i++)
        count += client_conn(i)->at_door;
    return count;
}

Test(net, a_new_door_counts_who_is_here_in_turns)
{
    enum { HERE = 70, IN_A_TURN = 64 };
    const struct door_limits limits = {.connections = HERE};
    struct net *n = &fix.nets[0];
    for (int i = 0; i < HERE; i++)
        script_connect(echo);
    struct door *door = door_new(&limits, &(struct siphash_key){{0}});
    net_use_door(n, door);
    cr_assert_eq(net_next_ms(n), 0);
    net_expire(n);
    cr_assert_eq(counted(), IN_A_TURN);
    net_expire(n);
    cr_assert_eq(counted(), HERE);
    fix_settle(); /* slots that nobody has are looked at, too */
    cr_assert_gt(net_next_ms(n), 0);
    cr_assert_eq(door_enter(door, &client_conn(0)->peer, fix.now_ms), DOOR_CROWDED);
    fix_close();
    n->door = NULL;
    door_free(door);
}

Test(net, a_close_ends_everybody_at_once)
{
    unsigned a = script_connect(echo), b = client_connect_at(0, FIX_ADMIN, &script_session);
    client_say(a, "x");
    conn_close(client_conn(b));
    net_close(&fix.nets[0]);
    cr_assert_eq(script.drops, 2);
    cr_assert_null(client_conn(a));
    cr_assert_eq(fix.open_total, 0);
}

/* --- between two ticks ------------------------------------------------------------------- */

Test(net, a_connection_that_dies_is_no_longer_in_any_list)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_write(c, SPAN("x"));
    conn_wake(c);
    client_send_bytes(i, SPAN("x"));
    conn_abort(c, "test");
    fix_settle();
    cr_assert_null(client_slot(i));
    cr_assert_eq(script.resumes, 0);
    cr_assert_not(sched_has_ready(&fix.set.loops[0].sched));
    cr_assert_eq(net_next_ms(&fix.nets[0]), UINT64_MAX);
}
