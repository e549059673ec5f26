#include "net/listener.h"

#include "net/tls.h"
#include "unit/net/script.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

static struct listener *listener; /* FIX_PUBLIC, on a socket */

static void setup_with(const char *setting)
{
    fix_init_with(1, 0, &setting, setting != NULL);
    script.run = echo;
    listener = &fix.nets[0].listeners[FIX_PUBLIC];
}

static void setup(void)
{
    setup_with(NULL);
}

TestSuite(listener, .init = setup, .fini = fix_done);

static struct addr addr_of(const char *text, uint16_t port)
{
    struct addr a;
    expect_ok(addr_parse(&a, text, port));
    return a;
}

static void listen_on(struct listener *l, const char *address)
{
    l->addr = addr_of(address, 0);
    l->session = &script_session;
    expect_ok(listener_bind(&l->addr, true, &l->fd));
    listener_start(l, &fix.nets[0]);
}

/* A connection to that address; -1: refused. */
static int dial(struct addr to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(&to, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&ss, len) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool is_echoed(int fd)
{
    char c = 0;
    cr_assert_eq(write(fd, "x", 1), 1);
    fix_settle();
    return recv(fd, &c, 1, MSG_DONTWAIT) == 1 && c == 'x';
}

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
    getsockopt(own, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
    cr_assert_gt(value, 0);
    getsockopt(own, SOL_SOCKET, SO_KEEPALIVE, &value, &len);
    cr_assert_eq(value, 1);
    close(fd);
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
    cr_assert_leq(net_next_ms(&fix.nets[0]), ACCEPT_PAUSE_MS);
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
    fix_pass_ms(ACCEPT_PAUSE_MS + 1);
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
        fix_pass_ms(ACCEPT_PAUSE_MS + 1);
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

/* --- without descriptors ----------------------------------------------------------------- */

static struct rlimit descriptors;

/* No descriptor beyond the highest that is in use. */
static void exhaust_descriptors(int highest)
{
    getrlimit(RLIMIT_NOFILE, &descriptors);
    struct rlimit few = descriptors;
    few.rlim_cur = (rlim_t)highest + 1;
    setrlimit(RLIMIT_NOFILE, &few);
}

static void end_exhaustion(void)
{
    setrlimit(RLIMIT_NOFILE, &descriptors);
}

static struct span say_what_came(struct span first)
{
    return first.len == 0 ? SPAN("full") : first;
}

static bool is_told(int fd, const char *text)
{
    char got[64] = "";
    return recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) == (ssize_t)strlen(text) &&
           strcmp(got, text) == 0 && recv(fd, got, 1, MSG_DONTWAIT) == 0;
}

Test(listener, without_descriptors_all_who_come_are_refused)
{
    listener->say_full = say_what_came;
    listen_on(listener, "127.0.0.1");
    int fds[] = {dial(listener->addr), dial(listener->addr)};
    cr_assert_eq(write(fds[1], "hello", 5), 5);
    exhaust_descriptors(fds[1]);
    fix_settle();
    end_exhaustion();
    cr_assert(is_told(fds[0], "full"));
    cr_assert(is_told(fds[1], "hello"));
    cr_assert_eq(METRIC(accepted), 0);
    cr_assert_eq(METRIC(refused_descriptors), 2);
    cr_assert_eq(METRIC(accept_pauses), 0);
    cr_assert_eq(fix.open_total, 0);
    close(fds[0]);
    close(fds[1]);
}

Test(listener, descriptors_that_come_back_are_used)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    exhaust_descriptors(fd);
    fix_settle();
    end_exhaustion();
    close(fd);
    fd = dial(listener->addr);
    cr_assert(is_echoed(fd));
    close(fd);
}

Test(listener, who_has_no_words_in_plain_text_just_closes)
{
    listener->say_full = say_what_came;
    listener->tls = true;
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    exhaust_descriptors(fd);
    fix_settle();
    end_exhaustion();
    cr_assert(is_told(fd, ""));
    close(fd);
}

Test(listener, without_descriptors_the_admin_listener_serves_on_the_spare_one)
{
    struct listener *admin = &fix.nets[0].listeners[FIX_ADMIN];
    listen_on(listener, "127.0.0.1");
    listen_on(admin, "127.0.0.1");
    int fd = dial(admin->addr);
    exhaust_descriptors(fd);
    cr_assert(is_echoed(fd));
    end_exhaustion();
    cr_assert_eq(METRIC(refused_descriptors), 0);
    close(fd);
}

Test(listener, without_even_the_spare_one_accepting_pauses)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    struct net *n = &fix.nets[0];
    close(n->spare_fd);
    n->spare_fd = -1;
    int other = dup(fd); /* where it was */
    exhaust_descriptors(fd);
    fix_settle();
    cr_assert_eq(METRIC(accepted), 0);
    cr_assert_eq(METRIC(accept_pauses), 1);
    cr_assert_eq(fix.open_total, 0);
    cr_assert_leq(net_next_ms(n), ACCEPT_PAUSE_MS);
    end_exhaustion();
    fix_pass_ms(ACCEPT_PAUSE_MS + 1);
    cr_assert_geq(n->spare_fd, 0);
    cr_assert(is_echoed(fd));
    close(fd);
    close(other);
}

/* --- handshakes that wait ---------------------------------------------------------------- */

Test(listener, too_many_handshakes_pause_those_that_speak_tls)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(listener, "127.0.0.1");
    listen_on(tls, "127.0.0.1");
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX);
    cr_assert(ev_is_active(&tls->io));
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    cr_assert_not(ev_is_active(&tls->io));
    cr_assert(ev_is_active(&listener->io));
    cr_assert_eq(METRIC(handshake_pauses), 1);
    cr_assert_eq(METRIC(accept_pauses), 0);
}

Test(listener, half_as_many_end_the_pause)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(tls, "127.0.0.1");
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX / 2 + 1);
    cr_assert_not(ev_is_active(&tls->io));
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX / 2);
    cr_assert(ev_is_active(&tls->io));
}

Test(listener, one_pause_does_not_end_another)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(tls, "127.0.0.1");
    listener_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    listener_resume_all(&fix.nets[0]);
    cr_assert_not(ev_is_active(&tls->io));
}

static struct tls_store *store;

static void setup_tls(void)
{
    char error[256];
    setup_with("tls.self_signed=on");
    expect_ok(tls_store_new(&store, &fix.config, error, sizeof(error)));
    expect_ok(tls_net_new(&fix.nets[0].tls, store));
}

static void end_tls(void)
{
    fix_done();
    tls_store_free(store);
}

TestSuite(listener_tls, .init = setup_tls, .fini = end_tls);

Test(listener_tls, handshakes_that_wait_are_counted_and_silent_ones_are_not)
{
    enum { COUNT = 2 * 16 + HANDSHAKES_WAITING_MAX + 8 };
    struct net *n = &fix.nets[0];
    struct listener *tls = &n->listeners[FIX_TLS];
    int fds[COUNT];
    listen_on(tls, "127.0.0.1");
    for (int i = 0; i < COUNT; i++)
        fds[i] = dial(tls->addr);
    fix_settle();
    cr_assert_eq(METRIC(accepted), COUNT);
    cr_assert_eq(METRIC(handshake_pauses), 0);
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(write(fds[i], "\x16", 1), 1); /* the beginning of a hello */
    fix_tick(&fix.set.loops[0]);
    fix_tick(&fix.set.loops[0]); /* the first poll of a loop does not name them all */
    cr_assert_eq(METRIC(handshake_pauses), 1);
    cr_assert_not(ev_is_active(&tls->io));
    fix_settle();
    cr_assert(ev_is_active(&tls->io));
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
}

/* --- memory ------------------------------------------------------------------------------ */

Test(listener, without_memory_one_connection_is_lost_and_accepting_goes_on)
{
    listen_on(listener, "127.0.0.1");
    int lost = dial(listener->addr), fd = dial(listener->addr);
    alloc_fail_after(0);
    fix_tick(&fix.set.loops[0]);
    alloc_fail_stop();
    char c;
    cr_assert_leq(recv(lost, &c, 1, MSG_DONTWAIT), 0);
    cr_assert(is_echoed(fd));
    cr_assert_eq(METRIC(out_of_memory), 1);
    cr_assert_eq(fix.open_total, 1);
    close(lost);
    close(fd);
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
    listener_resume_all(&fix.nets[0]);
    fix_settle();
    cr_assert_not(ev_is_active(&listener->io));
}
