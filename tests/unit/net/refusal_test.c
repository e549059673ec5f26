#include "net/refusal.h"

#include "net/door.h"
#include "unit/net/tls_net.h"

static const struct siphash_key KEY = {{1}};
static struct listener *listener;

/* One that waits for a word first. */
static enum co_result hear(struct conn *c, void *frame)
{
    return c->in.len > 0 ? refuse(c, frame) : wait_for_more(c);
}

static const struct session_type patient_refusal_session = {
    .name = "patient-refusal",
    .is_refusal = true,
    .input_bytes = 4096,
    .resume = hear,
};

static void setup_on(unsigned index, uint32_t connections, uint32_t per_second)
{
    static const char *const setting = "tls.self_signed=on";
    const struct door_limits limits = {.connections = connections, .per_second = per_second};
    fix_init_with(1, 0, &setting, 1);
    tls_net_serve();
    fix.nets[0].door = door_new(&limits, &KEY);
    listener = &fix.nets[0].listeners[index];
    listener->session = &script_session;
    listener->refusal = &refusal_session;
    script.run = echo;
    expect_ok(addr_parse(&listener->addr, "127.0.0.1", 0));
    expect_ok(listener_bind(&listener->addr, true, &listener->fd));
    listener_start(listener, &fix.nets[0]);
}

static void setup(void)
{
    setup_on(FIX_PUBLIC, 1, 0);
}

static void done(void)
{
    struct door *door = fix.nets[0].door;
    fix_close();
    cr_assert_eq(fix.open_total, 0);
    cr_assert_eq(fix.nets[0].refusals.count, 0);
    cr_assert_eq(door_address_count(door), 0);
    fix_free();
    door_free(door);
    tls_net_forget();
}

TestSuite(refusal, .init = setup, .fini = done);

static int dial(void)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(&listener->addr, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&ss, len), 0);
    return fd;
}

/* Comes in, and is served. */
static int enter(void)
{
    char c = 0;
    int fd = dial();
    cr_assert_eq(write(fd, "x", 1), 1);
    fix_settle();
    cr_assert_eq(recv(fd, &c, 1, MSG_DONTWAIT), 1);
    return fd;
}

static bool hears(int fd, const char *text)
{
    char got[64] = "";
    return recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) == (ssize_t)strlen(text) &&
           strcmp(got, text) == 0;
}

/* Whether our end still has a connection that is open on theirs. */
static bool is_open(int fd)
{
    char c;
    return recv(fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Test(refusal, who_is_turned_away_is_told_and_counted)
{
    int in = enter(), out = dial();
    fix_settle();
    cr_assert(hears(out, "no"));
    cr_assert_not(is_open(out));
    cr_assert_eq(METRIC(refused_crowded), 1);
    cr_assert_eq(METRIC(refused_hasty), 0);
    close(out);
    close(in);
}

Test(refusal, the_place_of_one_who_leaves_is_free)
{
    int in = enter(), out = dial();
    fix_settle();
    close(out);
    close(in);
    fix_settle();
    close(enter());
}

Test(refusal, one_that_is_refused_takes_no_place)
{
    int in = enter(), out = dial();
    fix_settle(); /* out is being closed, and waits for us */
    close(in);
    fix_settle();
    in = enter();
    close(in);
    close(out);
}

Test(refusal, the_admin_listener_refuses_nobody)
{
    listener->is_admin = true;
    int fds[] = {enter(), enter()};
    cr_assert_eq(METRIC(refused_crowded), 0);
    close(fds[0]);
    close(fds[1]);
}

Test(refusal, a_protocol_without_words_just_closes)
{
    listener->refusal = NULL;
    int in = enter(), out = dial();
    fix_settle();
    cr_assert(hears(out, ""));
    cr_assert_eq(METRIC(accepted), 1);
    close(in);
    close(out);
}

Test(refusal, what_the_peer_sends_does_not_reset_the_words_away)
{
    int in = enter(), out = dial();
    cr_assert_eq(write(out, "NICK me\r\n", 9), 9);
    fix_settle();
    cr_assert_eq(write(out, "USER me\r\n", 9), 9);
    fix_settle();
    cr_assert(hears(out, "no"));
    close(in);
    close(out);
}

Test(refusal, who_never_closes_is_let_go_in_time)
{
    int in = enter(), out = dial();
    fix_settle();
    cr_assert_eq(fix.nets[0].refusals.count, 1);
    for (int i = 0; i < 20; i++) { /* nor does it get time by what it sends */
        (void)!send(out, "x", 1, MSG_NOSIGNAL);
        fix_pass_ms(REFUSAL_MS / 16);
    }
    cr_assert_eq(fix.nets[0].refusals.count, 0);
    cr_assert_eq(fix.open_total, 1);
    close(in);
    close(out);
}

Test(refusal, who_never_says_what_it_speaks_is_let_go_in_time)
{
    listener->refusal = &patient_refusal_session;
    int in = enter(), out = dial();
    fix_settle();
    cr_assert(is_open(out));
    fix_pass_ms(REFUSAL_MS + REFUSAL_MS / 8);
    cr_assert(hears(out, ""));
    cr_assert_eq(METRIC(timeouts), 0);
    close(in);
    close(out);
}

Test(refusal, beyond_so_many_at_a_time_nothing_is_said)
{
    enum { COUNT = REFUSALS_MAX + 10 };
    int in = enter(), fds[COUNT], told = 0;
    for (int i = 0; i < COUNT; i++)
        fds[i] = dial();
    fix_settle();
    cr_assert_eq(fix.nets[0].refusals.count, REFUSALS_MAX);
    cr_assert_eq(fix.open_total, 1 + REFUSALS_MAX);
    cr_assert_eq(METRIC(refused_crowded), COUNT);
    for (int i = 0; i < COUNT; i++) {
        told += hears(fds[i], "no");
        close(fds[i]);
    }
    cr_assert_eq(told, REFUSALS_MAX);
    close(in);
}

Test(refusal, log_lines_do_not_follow_each_other_closely)
{
    int in = enter();
    for (int i = 0; i < 5; i++) {
        close(dial());
        fix_settle();
    }
    cr_assert_eq(fix.nets[0].refusals.unlogged.count, 4);
    fix_pass_ms(REFUSAL_LOG_MS);
    cr_assert_eq(fix.nets[0].refusals.unlogged.count, 0);
    close(in);
}

/* --- on TLS ------------------------------------------------------------------------------ */

static void setup_tls(void)
{
    setup_on(FIX_TLS, 1, 0);
}

TestSuite(refusal_tls, .init = setup_tls, .fini = done);

Test(refusal_tls, so_many_handshakes_a_second_are_spent_and_no_more)
{
    enum { COUNT = REFUSAL_HANDSHAKES_PER_SECOND + 5 };
    int in = dial(), fds[COUNT], open = 0;
    fix_settle();
    for (int i = 0; i < COUNT; i++)
        fds[i] = dial();
    fix_settle();
    for (int i = 0; i < COUNT; i++)
        open += is_open(fds[i]);
    cr_assert_eq(open, REFUSAL_HANDSHAKES_PER_SECOND);
    cr_assert_eq(fix.nets[0].refusals.count, REFUSAL_HANDSHAKES_PER_SECOND);
    fix_pass_ms(1001);
    int later = dial();
    fix_settle();
    cr_assert(is_open(later));
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    close(later);
    close(in);
}

Test(refusal_tls, who_does_not_shake_hands_is_let_go_in_time)
{
    int in = dial(), out = dial();
    fix_settle();
    cr_assert_eq(fix.nets[0].refusals.count, 1);
    fix_pass_ms(REFUSAL_MS + REFUSAL_MS / 8);
    cr_assert_eq(fix.nets[0].refusals.count, 0);
    cr_assert(is_open(in));
    close(in);
    close(out);
}

/* --- too often --------------------------------------------------------------------------- */

static void setup_rate(void)
{
    setup_on(FIX_PUBLIC, 0, 1);
}

static void done_later(void)
{
    fix_close(); /* the address is remembered for a while */
    fix_pass_ms(DOOR_BURST_SECONDS * 1000);
    struct addr peer;
    expect_ok(addr_parse(&peer, "127.0.0.1", 1));
    cr_assert_eq(door_enter(fix.nets[0].door, &peer, fix.now_ms), DOOR_ADMITTED);
    door_leave(fix.nets[0].door, &peer, fix.now_ms + 1000);
    done();
}

TestSuite(refusal_rate, .init = setup_rate, .fini = done_later);

Test(refusal_rate, who_comes_too_often_is_told_and_counted)
{
    int fds[] = {enter(), enter(), dial()};
    fix_settle();
    cr_assert(hears(fds[2], "no"));
    cr_assert_eq(METRIC(refused_hasty), 1);
    cr_assert_eq(METRIC(refused_crowded), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    fix_pass_ms(1000);
    close(enter());
}

Test(refusal, the_last_of_a_flood_are_logged_too)
{
    struct addr peer;
    expect_ok(addr_parse(&peer, "192.0.2.1", 1));
    refusal_log(&fix.nets[0], "test", &peer);
    cr_assert_eq(refusal_log_next_ms(&fix.nets[0]), UINT64_MAX);
    for (int i = 0; i < 3; i++)
        refusal_log(&fix.nets[0], "test", &peer);
    cr_assert_eq(net_next_ms(&fix.nets[0]), REFUSAL_LOG_MS);
    fix_pass_ms(REFUSAL_LOG_MS - 1);
    cr_assert_eq(fix.nets[0].refusals.unlogged.count, 3);
    fix_pass_ms(1);
    cr_assert_eq(fix.nets[0].refusals.unlogged.count, 0);
    cr_assert_eq(net_next_ms(&fix.nets[0]), UINT64_MAX);
}
