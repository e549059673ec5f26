#include "server.h"

#include "unit/alloc_fail.h"
#include "unit/server_fixture.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static void setup(void)
{
    whole = (typeof(whole)){0};
}

TestSuite(server, .init = setup, .fini = whole_stop);

/* --- start ------------------------------------------------------------------------------- */

Test(server, every_listener_of_the_settings_is_open)
{
    static const char *const names[] = {"web", "irc", "echo", "admin"};
    whole_start(NULL, 0);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_neq(whole_listener(names[i])->addr.port, 0);
        close(whole_connect(names[i]));
    }
}

Test(server, each_listener_speaks_its_protocol)
{
    static const struct {
        const char *listener, *said, *heard;
    } talks[] = {
        {"web", "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
        {"web", "PRIVMSG\r\n", ":s.test 451 "},
        {"irc", "PRIVMSG\r\n", ":s.test 451 "},
        {"echo", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n"},
        {"admin", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
    };
    whole_start(NULL, 0);
    for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
        int fd = whole_connect(talks[i].listener);
        const char *heard = whole_ask(fd, talks[i].said);
        cr_assert_eq(strncmp(heard, talks[i].heard, strlen(talks[i].heard)), 0, "%s: %s",
                     talks[i].listener, heard);
        close(fd);
    }
}

Test(server, with_one_loop_the_hub_shares_it)
{
    whole_start(NULL, 0);
    cr_assert_eq(whole.server->loops.count, 1);
    cr_assert(whole.server->threads[0].runs_hub);
    cr_assert(whole.server->threads[0].has_net);
}

Test(server, with_more_loops_the_hub_has_one_without_connections)
{
    static const char *const settings[] = {"loops=3"};
    whole_start(settings, 1);
    cr_assert_eq(whole.server->net_count, 3);
    cr_assert_eq(whole.server->loops.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(whole.server->threads[i].runs_hub, i == 3);
        cr_assert_eq(whole.server->threads[i].has_net, i != 3);
    }
}

Test(server, every_loop_has_a_socket_but_the_admin_listener_lives_on_the_first)
{
    static const char *const settings[] = {"loops=2"};
    whole_start(settings, 1);
    const struct net *first = &whole.server->threads[0].net,
                     *second = &whole.server->threads[1].net;
    cr_assert_eq(first->listener_count, second->listener_count + 1);
    for (unsigned i = 0; i < second->listener_count; i++) {
        cr_assert_str_eq(first->listeners[i].name, second->listeners[i].name);
        cr_assert_eq(first->listeners[i].addr.port, second->listeners[i].addr.port);
        cr_assert_not(second->listeners[i].is_admin);
    }
}

/* --- starts that fail -------------------------------------------------------------------- */

/* One line that says this; nothing is left half started. */
static void expect_refused(const char *setting, enum err want, const char *says)
{
    whole_config(&setting, 1);
    int before = whole_descriptors();
    expect_err(whole_new(), want);
    cr_assert_null(whole.server);
    cr_assert_eq(whole_descriptors(), before);
    cr_assert_not_null(strstr(whole.error, says), "%s", whole.error);
    cr_assert_null(strchr(whole.error, '\n'));
}

/* A socket of somebody else's. */
static uint16_t take_port(int *fd)
{
    struct addr a;
    expect_ok(addr_parse(&a, "127.0.0.1", 0));
    expect_ok(listener_bind(&a, true, fd));
    return a.port;
}

Test(server, a_port_that_is_taken_is_told_with_a_way_out)
{
    char setting[64], says[128];
    int fd;
    uint16_t port = take_port(&fd);
    snprintf(setting, sizeof(setting), "listen.echo.port=%u", port);
    snprintf(says, sizeof(says),
             "cannot listen on 127.0.0.1:%u (echo): Address already in use; "
             "choose another port with -o listen.echo.port=N",
             port);
    expect_refused(setting, ERR_IO, says);
    close(fd);
}

Test(server, a_port_of_the_admin_listener_that_is_taken_is_told)
{
    char setting[64];
    int fd;
    snprintf(setting, sizeof(setting), "admin.port=%u", take_port(&fd));
    expect_refused(setting, ERR_IO, "choose another port with -o admin.port=N");
    close(fd);
}

Test(server, an_address_that_is_not_ours_is_told)
{
    expect_refused("listen.irc.address=192.0.2.1", ERR_IO, "cannot listen on 192.0.2.1:0 (irc)");
}

Test(server, a_certificate_that_is_not_there_is_told)
{
    static const char *const settings[] = {"tls.certificate=/nonexistent/cert.pem",
                                           "tls.key=/nonexistent/key.pem", "listen.webtls.port=0",
                                           "listen.irctls.port=0"};
    whole_config(settings, 4);
    int before = whole_descriptors();
    expect_err(whole_new(), ERR_TLS);
    cr_assert_eq(whole_descriptors(), before);
    cr_assert_eq(strncmp(whole.error, "tls.certificate:", 16), 0, "%s", whole.error);
}

Test(server, an_allocation_that_fails_leaves_nothing)
{
    const char *const settings[] = {"loops=2", "tls.self_signed=on", "listen.webtls.port=0",
                                    "listen.irctls.port=0", "limits.connections_per_address=1"};
    whole_config(settings, 5);
    int before = whole_descriptors();
    alloc_fail_after(SIZE_MAX);
    enum err e = whole_new();
    size_t count = alloc_fail_stop();
    expect_ok(e);
    server_free(whole.server);
    cr_assert_gt(count, 30);
    for (size_t i = 0; i < count; i++) {
        whole.server = NULL;
        alloc_fail_after(i);
        e = whole_new();
        alloc_fail_stop();
        expect_err(e, ERR_NOMEM);
        cr_assert_null(whole.server);
        cr_assert_eq(whole_descriptors(), before, "allocation %zu", i);
    }
}

Test(server, without_memory_the_error_says_so)
{
    whole_config(NULL, 0);
    alloc_fail_after(3);
    enum err e = whole_new();
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
    cr_assert_str_eq(whole.error, "out of memory");
}

/* --- the end ----------------------------------------------------------------------------- */

Test(server, what_is_on_its_way_at_the_end_is_not_lost)
{
    static const char *const settings[] = {"loops=2"};
    whole_start(settings, 1);
    int fds[20];
    for (int i = 0; i < 20; i++) {
        char text[128];
        fds[i] = whole_connect("irc");
        snprintf(text, sizeof(text), "NICK n%d\r\nUSER u 0 * :u\r\nJOIN #a,#b\r\nPRIVMSG #a :x\r\n",
                 i);
        whole_say(fds[i], text);
        whole_tick((unsigned)i % 3); /* not enough for anything to come to rest */
    }
    whole_tick(0);
    whole_tick(1);
    server_free(whole.server); /* leaks would be told */
    whole.server = NULL;
    for (int i = 0; i < 20; i++)
        close(fds[i]);
}

/* --- running ----------------------------------------------------------------------------- */

/* Raises signals from inside the first ticks, when the server watches for them. */
struct raiser {
    struct mail mail;
    int signal;
};

static void on_raise(struct mail *m)
{
    raise(container_of(m, struct raiser, mail)->signal);
}

static void raise_when_it_runs(struct raiser *r, int signal)
{
    *r = (struct raiser){.mail = {.deliver = on_raise}, .signal = signal};
    loop_post_now(&whole.server->loops.loops[0], &r->mail);
}

static void new_with(const char *const *settings, size_t count)
{
    whole_config(settings, count);
    cr_assert_eq(whole_new(), OK, "%s", whole.error);
}

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

Test(server, term_and_int_end_it, .timeout = 60)
{
    static const char *const settings[] = {"loops=3"};
    static const int signals[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        struct raiser r;
        new_with(settings, 1);
        raise_when_it_runs(&r, signals[i]);
        expect_ok(server_run(whole.server));
        cr_assert(whole.server->draining);
        whole_stop();
        setup();
    }
}

Test(server, other_signals_do_not_end_it, .timeout = 60)
{
    struct raiser r[4];
    new_with(NULL, 0);
    raise_when_it_runs(&r[0], SIGHUP);
    raise_when_it_runs(&r[1], SIGUSR1);
    raise_when_it_runs(&r[2], SIGUSR2);
    raise_when_it_runs(&r[3], SIGTERM);
    expect_ok(server_run(whole.server));
}

/* An HTTP client in the middle of a request, whom a drain lets finish. */
static int connect_unfinished(void)
{
    int fd = whole_connect("web");
    whole_say(fd, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
    return fd;
}

Test(server, a_drain_lasts_no_longer_than_drain_seconds, .timeout = 60)
{
    static const char *const settings[] = {"drain_seconds=1"};
    struct raiser r;
    new_with(settings, 1);
    int fd = connect_unfinished();
    uint64_t begin = clock_ms();
    raise_when_it_runs(&r, SIGTERM);
    expect_ok(server_run(whole.server));
    uint64_t took = clock_ms() - begin;
    cr_assert_geq(took, 900);
    cr_assert_lt(took, 20 * 1000);
    close(fd);
}

Test(server, a_second_signal_ends_a_drain, .timeout = 60)
{
    static const char *const settings[] = {"drain_seconds=3600"};
    struct raiser r[2];
    new_with(settings, 1);
    int fd = connect_unfinished();
    raise_when_it_runs(&r[0], SIGTERM);
    raise_when_it_runs(&r[1], SIGINT);
    expect_ok(server_run(whole.server)); /* would last for an hour */
    close(fd);
}
