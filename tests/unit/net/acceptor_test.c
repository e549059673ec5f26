/* When listeners pause, and what newcomers are told meanwhile. */
#include "unit/net/listener_fixture.h"
#include "unit/net/tls_net.h"

TestSuite(acceptor, .init = setup, .fini = fix_done);

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

Test(acceptor, without_descriptors_all_who_come_are_refused)
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

Test(acceptor, descriptors_that_come_back_are_used)
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

Test(acceptor, who_has_no_words_in_plain_text_just_closes)
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

Test(acceptor, without_descriptors_the_admin_listener_serves_on_the_spare_one)
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

Test(acceptor, without_even_the_spare_one_accepting_pauses)
{
    listen_on(listener, "127.0.0.1");
    int fd = dial(listener->addr);
    struct net *n = &fix.nets[0];
    close(n->acceptor.spare_fd);
    n->acceptor.spare_fd = -1;
    int other = dup(fd); /* where it was */
    exhaust_descriptors(fd);
    fix_settle();
    cr_assert_eq(METRIC(accepted), 0);
    cr_assert_eq(METRIC(accept_pauses), 1);
    cr_assert_eq(fix.open_total, 0);
    cr_assert_leq(net_next_ms(n), ACCEPTOR_PAUSE_MS);
    end_exhaustion();
    fix_pass_ms(ACCEPTOR_PAUSE_MS + 1);
    cr_assert_geq(n->acceptor.spare_fd, 0);
    cr_assert(is_echoed(fd));
    close(fd);
    close(other);
}

/* --- handshakes that wait ---------------------------------------------------------------- */

Test(acceptor, too_many_handshakes_pause_those_that_speak_tls)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(listener, "127.0.0.1");
    listen_on(tls, "127.0.0.1");
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX);
    cr_assert(ev_is_active(&tls->io));
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    cr_assert_not(ev_is_active(&tls->io));
    cr_assert(ev_is_active(&listener->io));
    cr_assert_eq(METRIC(handshake_pauses), 1);
    cr_assert_eq(METRIC(accept_pauses), 0);
}

Test(acceptor, half_as_many_end_the_pause)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(tls, "127.0.0.1");
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX / 2 + 1);
    cr_assert_not(ev_is_active(&tls->io));
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX / 2);
    cr_assert(ev_is_active(&tls->io));
}

Test(acceptor, one_pause_does_not_end_another)
{
    struct listener *tls = &fix.nets[0].listeners[FIX_TLS];
    listen_on(tls, "127.0.0.1");
    acceptor_note_handshakes(&fix.nets[0], HANDSHAKES_WAITING_MAX + 1);
    acceptor_resume(&fix.nets[0]);
    cr_assert_not(ev_is_active(&tls->io));
}

static void setup_tls(void)
{
    setup_with("tls.self_signed=on");
    tls_net_serve();
}

static void end_tls(void)
{
    fix_done();
    tls_net_forget();
}

TestSuite(acceptor_tls, .init = setup_tls, .fini = end_tls);

Test(acceptor_tls, handshakes_that_wait_are_counted_and_silent_ones_are_not)
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

Test(acceptor, without_memory_one_connection_is_lost_and_accepting_goes_on)
{
    listen_on(listener, "127.0.0.1");
    int lost = dial(listener->addr), fd = dial(listener->addr);
    alloc_fail_after(0);
    fix_tick(&fix.set.loops[0]);
    alloc_fail_stop();
    char c;
    cr_assert_leq(recv(lost, &c, 1, MSG_DONTWAIT), 0);
    cr_assert(is_echoed(fd));
    cr_assert_eq(METRIC(refused_memory), 1);
    cr_assert_eq(fix.open_total, 1);
    close(lost);
    close(fd);
}
