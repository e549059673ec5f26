/* Lines are read back from a file when the log has stopped. */
#include "net/access_log.h"
#include "unit/net/script.h"

#include <fcntl.h>

static char path[64], lines[64 * 1024];

static void begin_with(const char *switch_setting)
{
    strcpy(path, "/tmp/access_log_test.XXXXXX");
    close(mkstemp(path));
    const struct log_options options = {.level = LOG_LEVEL_ERROR, .file = path};
    expect_ok(log_start(&options, lines, sizeof(lines)));
    fix_init_with(1, 0, &switch_setting, 1);
}

static void begin(void)
{
    begin_with("log.access=on");
}

static void begin_without(void)
{
    begin_with("log.access=off");
}

static void end(void)
{
    unlink(path);
}

TestSuite(access_log, .init = begin, .fini = end);
TestSuite(access_log_off, .init = begin_without, .fini = end);

/* Ends everything; what has been logged. */
static const char *finish(void)
{
    fix_done();
    log_stop();
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, lines, sizeof(lines) - 1);
    cr_assert(len >= 0);
    close(fd);
    lines[len] = '\0';
    return lines;
}

static void expect_line(const char *want)
{
    const char *all = finish();
    cr_assert_not_null(strstr(all, want), "no '%s' in: %s", want, all);
    cr_assert_eq(strchr(all, '\n')[1], '\0', "one line: %s", all);
}

static struct session_type speaking(enum conn_protocol protocol)
{
    struct session_type type = script_session;
    type.protocol = protocol;
    return type;
}

/* A message is what ends in a line feed. */
static enum co_result count_lines(struct conn *c)
{
    struct loop_metrics *m = &conn_net(c)->loop->metrics;
    struct span in = conn_input(c);
    for (size_t i = 0; i < in.len; i++)
        if (in.ptr[i] == '\n')
            metric_add(&m->ws_messages, 1);
    return swallow(c);
}

Test(access_log, a_line_tells_of_a_connection_that_has_ended)
{
    const struct session_type type = speaking(PROTOCOL_WS);
    script.run = count_lines;
    unsigned i = client_connect(0, &type);
    client_say(i, "one\ntwo\n");
    fix_pass_ms(1500);
    client_say(i, "three\n");
    close(fix.clients[i].fd);
    fix.clients[i].fd = -1;
    client_conn(i)->eof = true; /* as a read would find */
    conn_close(client_conn(i));
    expect_line(" level=info module=net msg=access peer=127.0.0.1:1 listener=test protocol=ws "
                "tls=false duration_ms=1500 messages=3 reason=\"closed by peer\"\n");
}

Test(access_log, each_connection_has_its_own_messages)
{
    const struct session_type type = speaking(PROTOCOL_WS);
    script.run = count_lines;
    unsigned few = client_connect(0, &type), many = client_connect(0, &type);
    client_say(few, "1\n");
    client_say(many, "1\n2\n3\n4\n");
    conn_reset(client_conn(many));
    fix_settle();
    conn_reset(client_conn(few));
    const char *all = finish();
    const char *second = strstr(all, "messages=1 ");
    cr_assert_not_null(second, "%s", all);
    cr_assert_lt(strstr(all, "messages=4 "), second, "%s", all);
}

Test(access_log, a_slot_that_is_used_again_begins_anew)
{
    const struct session_type type = speaking(PROTOCOL_WS);
    script.run = count_lines;
    unsigned first = client_connect(0, &type);
    client_say(first, "1\n2\n");
    conn_reset(client_conn(first));
    fix_settle();
    unsigned second = client_connect(0, &type);
    cr_assert_eq(fix.clients[first].handle.slot, fix.clients[second].handle.slot);
    fix_pass_ms(70);
    conn_abort(client_conn(second), "why not");
    const char *all = finish();
    cr_assert_not_null(strstr(all, "duration_ms=0 messages=2 reason=reset\n"), "%s", all);
    cr_assert_not_null(strstr(all, "duration_ms=70 messages=0 reason=\"why not\"\n"), "%s", all);
}

Test(access_log, an_end_of_file_is_the_peers_end)
{
    unsigned i = script_connect(say_bye);
    client_shut(i);
    expect_line("reason=\"closed by peer\"");
}

Test(access_log, a_session_that_has_come_to_its_end_is_finished)
{
    unsigned i = script_connect(say_bye);
    client_say(i, "hello");
    expect_line("reason=finished");
}

static enum co_result leave_when_told(struct conn *c)
{
    conn_take(c, c->in.len);
    if (c->draining || c->timed_out)
        return CO_DONE;
    if (c->timer == TIMER_HANDSHAKE)
        conn_set_timer(c, TIMER_IDLE);
    return wait_for_more(c);
}

Test(access_log, a_drain_is_told_as_such)
{
    unsigned i = script_connect(leave_when_told);
    client_say(i, "x");
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    client_shut(i);
    expect_line("reason=drain");
}

Test(access_log, so_is_a_time_out)
{
    unsigned i = script_connect(leave_when_told);
    client_say(i, "x");
    fix_pass_ms(10 * 60 * 1000);
    client_shut(i);
    expect_line("reason=\"timed out\"");
}

static enum co_result fail(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_fail(c, "it is all wrong");
    return CO_DONE;
}

Test(access_log, a_fault_outlives_what_follows_from_it)
{
    unsigned i = script_connect(fail);
    client_say(i, "x");
    conn_abort(client_slot(i), "Broken pipe");
    expect_line("reason=\"it is all wrong\"");
}

Test(access_log, an_eviction_is_the_reason_whatever_was_before)
{
    unsigned i = script_connect(say_bye);
    client_say(i, "x");
    conn_evict(client_slot(i), END_SLOW);
    expect_line("reason=\"SendQ drains too slowly\"");
}

Test(access_log, what_a_session_says_comes_before_what_shows)
{
    unsigned i = script_connect(wait_for_more);
    conn_note_end(client_conn(i), "Ping timeout");
    conn_close(client_conn(i));
    fix_settle();
    expect_line("reason=\"Ping timeout\"");
}

Test(access_log, protocols_have_names)
{
    static const char *const names[] = {"none", "tcp", "http", "ws", "irc", "irc-ws"};
    struct session_type types[6];
    script.run = swallow;
    for (unsigned p = PROTOCOL_NONE; p <= PROTOCOL_IRC_WS; p++) {
        types[p] = speaking((enum conn_protocol)p);
        client_connect(0, &types[p]);
    }
    const char *all = finish();
    for (unsigned p = 0; p < 6; p++) {
        char field[32];
        snprintf(field, sizeof(field), " protocol=%s ", names[p]);
        cr_assert_not_null(strstr(all, field), "%s in %s", field, all);
    }
}

Test(access_log, who_is_not_let_in_has_no_line)
{
    struct session_type refusal = script_session;
    refusal.is_refusal = true;
    script.run = say_bye;
    client_connect(0, &refusal);
    fix_settle();
    cr_assert_str_eq(finish(), "");
}

Test(access_log, without_memory_for_it_a_connection_is_not_opened)
{
    struct net *n = &fix.nets[0];
    int fds[2];
    struct addr peer = {.port = 1};
    for (unsigned nth = 0;; nth++) {
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        script.run = swallow;
        fix.open_total++;
        alloc_fail_after(nth);
        enum err e = net_open(n, fds[0], FIX_PUBLIC, &peer, &script_session);
        bool was_refused = alloc_fail_stop() > nth;
        close(fds[1]);
        cr_assert_eq(e, was_refused ? ERR_NOMEM : OK);
        if (!was_refused)
            break;
        fix.open_total--;
    }
    fix_settle();
    expect_line("msg=access");
}

Test(access_log_off, there_are_no_lines_unless_asked_for)
{
    unsigned i = script_connect(say_bye);
    cr_assert_null(fix.nets[0].access);
    client_say(i, "x");
    cr_assert_str_eq(finish(), "");
}

Test(access_log_off, the_age_of_a_connection_is_known_even_then)
{
    unsigned i = script_connect(swallow);
    uint32_t opened_s = (uint32_t)(fix.now_ms / 1000);
    fix_pass_ms(5000);
    client_say(i, "x");
    cr_assert_eq(conn_opened_s(client_conn(i)), opened_s);
    finish();
}
