#include "unit/net/listener_fixture.h"

TestSuite(listener, .init = setup, .fini = fix_done);

/* --- binding ----------------------------------------------------------------------------- */

Test(listener, a_port_of_0_takes_a_free_one)
{
    struct addr a = addr_of("127.0.0.1", 0), b = a;
    int fd, other;
    expect_ok(listener_bind(&a, true, &fd));
    expect_ok(listener_bind(&b, true, &other));
    cr_assert_neq(a.port, 0);
    cr_assert_neq(a.port, b.port);
    close(fd);
    close(other);
}

Test(listener, a_second_program_on_the_port_is_told)
{
    struct addr a = addr_of("127.0.0.1", 0);
    int fd, other = -1;
    expect_ok(listener_bind(&a, true, &fd));
    errno = 0;
    expect_err(listener_bind(&a, true, &other), ERR_IO);
    cr_assert_eq(errno, EADDRINUSE);
    cr_assert_eq(other, -1);
    close(fd);
}

Test(listener, a_second_program_is_told_when_there_are_siblings)
{
    struct addr a = addr_of("127.0.0.1", 0);
    int fds[2], other;
    expect_ok(listener_bind(&a, true, &fds[0]));
    expect_ok(listener_bind(&a, false, &fds[1]));
    expect_err(listener_bind(&a, true, &other), ERR_IO);
    cr_assert_eq(errno, EADDRINUSE);
    close(fds[0]);
    close(fds[1]);
}

Test(listener, siblings_share_the_port_and_the_connections)
{
    enum { COUNT = 64 };
    struct addr a = addr_of("127.0.0.1", 0);
    int fds[3], peers[COUNT], accepted = 0;
    bool has_some[3] = {false};
    for (int i = 0; i < 3; i++)
        expect_ok(listener_bind(&a, i == 0, &fds[i]));
    for (int i = 0; i < COUNT; i++)
        peers[i] = dial(a);
    for (int i = 0; i < 3; i++)
        for (int fd; (fd = accept(fds[i], NULL, NULL)) >= 0; close(fd), accepted++)
            has_some[i] = true;
    cr_assert_eq(accepted, COUNT);
    cr_assert(has_some[0] && has_some[1] && has_some[2]);
    for (int i = 0; i < COUNT; i++)
        close(peers[i]);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

Test(listener, an_address_that_is_not_ours_is_told)
{
    struct addr a = addr_of("192.0.2.1", 0);
    int fd = -1;
    expect_err(listener_bind(&a, true, &fd), ERR_IO);
    cr_assert_eq(errno, EADDRNOTAVAIL);
    cr_assert_eq(fd, -1);
}

Test(listener, without_descriptors_the_error_is_told)
{
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    struct addr a = addr_of("127.0.0.1", 0);
    int fd;
    enum err e = listener_bind(&a, true, &fd);
    int error = errno;
    setrlimit(RLIMIT_NOFILE, &before);
    expect_err(e, ERR_IO);
    cr_assert_eq(error, EMFILE);
}

Test(listener, ipv6_alone_does_not_take_the_port_of_ipv4)
{
    struct addr six = addr_of("::1", 0);
    int fd, other;
    expect_ok(listener_bind(&six, true, &fd));
    struct addr four = addr_of("127.0.0.1", six.port);
    expect_ok(listener_bind(&four, true, &other));
    close(fd);
    close(other);
}

/* --- accepting --------------------------------------------------------------------------- */

Test(listener, connections_are_accepted_and_served)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    cr_assert(is_echoed(fd));
    cr_assert_eq(METRIC(accepted), 1);
    cr_assert_eq(fix.open_total, 1);
    close(fd);
}

Test(listener, ipv6_is_served)
{
    listen_on(listener, "::1");
    int fd = dial(listener->addr);
    cr_assert(is_echoed(fd));
    close(fd);
}

Test(listener, a_star_is_both_families)
{
    listen_on(listener, "*");
    int four = dial(addr_of("127.0.0.1", listener->addr.port));
    int six = dial(addr_of("::1", listener->addr.port));
    cr_assert(is_echoed(four));
    cr_assert(is_echoed(six));
    close(four);
    close(six);
}

static struct addr peer_seen;

static enum co_result note_peer(struct conn *c)
{
    peer_seen = c->peer;
    return echo(c);
}

Test(listener, the_peer_of_a_mapped_address_is_ipv4)
{
    char text[ADDR_IP_CHARS];
    script.run = note_peer;
    listen_on(listener, "*");
    int fd = dial(addr_of("127.0.0.1", listener->addr.port));
    cr_assert(is_echoed(fd));
    cr_assert_str_eq(addr_ip(&peer_seen, text), "127.0.0.1");
    close(fd);
}

Test(listener, connections_have_the_options_that_they_need)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    fix_settle();
    int own = conn_table_at(&fix.nets[0].conns, 0)->io.fd, value = 0;
    socklen_t len = sizeof(value);
    getsockopt(own, IPPROTO_TCP, TCP_NODELAY, &value, &len);
    cr_assert_eq(value, 1);
    getsockopt(own, SOL_SOCKET, SO_KEEPALIVE, &value, &len);
    cr_assert_eq(value, 1);
    close(fd);
}

/* How long the kernel lets a peer take nothing that comes with these settings, as the connection in
 * this slot. */
static int seconds_until_gone(unsigned slot, int64_t write_rate_min, int64_t rate_seconds)
{
    static struct config config;
    config = fix.config;
    config.limits.write_rate_min = write_rate_min;
    config.limits.rate_seconds = rate_seconds;
    listener_configure(listener, &config);
    dial(listener->addr); /* stays, and so does its slot */
    int value = -1;
    socklen_t len = sizeof(value);
    fix_settle();
    int own = conn_table_at(&fix.nets[0].conns, slot)->io.fd;
    getsockopt(own, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
    return value / 1000;
}

Test(listener, the_kernel_leaves_a_slow_peer_more_time_than_the_settings)
{
    listen_on(listener, "127.0.0.1");
    cr_assert_eq(seconds_until_gone(0, 100, 60), 180);
    cr_assert_eq(seconds_until_gone(1, 100, 1), 30);
    cr_assert_eq(seconds_until_gone(2, 0, 60), 0);
}

/* --- limits ------------------------------------------------------------------------------ */

static void setup_two(void)
{
    setup_with("limits.connections=2");
}

TestSuite(listener_limit, .init = setup_two, .fini = fix_done);

Test(listener_limit, beyond_limits_connections_nobody_is_accepted)
{
    listen_on(listener, "127.0.0.1");
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial(listener->addr);
    fix_settle();
    cr_assert_eq(METRIC(accepted), 2);
    cr_assert_eq(METRIC(accept_pauses), 1);
    cr_assert_eq(fix.open_total, 2);
    cr_assert_leq(net_next_ms(&fix.nets[0]), ACCEPTOR_PAUSE_MS);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

Test(listener_limit, who_waits_is_accepted_when_one_has_left)
{
    listen_on(listener, "127.0.0.1");
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial(listener->addr);
    fix_settle();
    for (struct conn *c; (c = conn_table_at(&fix.nets[0].conns, 0))->session != NULL; fix_settle())
        conn_abort(c, "test");
    fix_pass_ms(ACCEPTOR_PAUSE_MS + 1);
    cr_assert_eq(METRIC(accepted), 3);
    cr_assert(is_echoed(fds[2]));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

Test(listener_limit, a_pause_lasts_as_long_as_its_reason)
{
    listen_on(listener, "127.0.0.1");
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial(listener->addr);
    fix_settle();
    for (int i = 0; i < 5; i++)
        fix_pass_ms(ACCEPTOR_PAUSE_MS + 1);
    cr_assert_eq(METRIC(accepted), 2);
    cr_assert_eq(METRIC(accept_pauses), 6);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

Test(listener_limit, nobody_is_locked_out_of_the_admin_listener)
{
    struct listener *admin = &fix.nets[0].listeners[FIX_ADMIN];
    listen_on(listener, "127.0.0.1");
    listen_on(admin, "127.0.0.1");
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial(listener->addr);
    fix_settle();
    int fd = dial(admin->addr);
    cr_assert(is_echoed(fd));
    close(fd);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* --- stopping ---------------------------------------------------------------------------- */

Test(listener, who_stops_refuses_and_keeps_its_connections)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    fix_settle();
    listener_stop(listener);
    listener_stop(listener);
    cr_assert_eq(dial(listener->addr), -1);
    cr_assert(is_echoed(fd));
    close(fd);
}

Test(listener, one_that_never_started_can_be_stopped)
{
    listener->addr = addr_of("127.0.0.1", 0);
    expect_ok(listener_bind(&listener->addr, true, &listener->fd));
    listener_stop(listener);
    cr_assert_eq(dial(listener->addr), -1);
}

Test(listener, one_that_stopped_is_not_resumed_after_a_pause)
{
    listen_on(listener, "127.0.0.1");
    listener_stop(listener);
    acceptor_resume(&fix.nets[0]);
    fix_settle();
    cr_assert_not(ev_is_active(&listener->io));
}
