#include "echo/echo.h"

#include "unit/expect.h"
#include "unit/net_fixture.h"

TestSuite(tcp_echo, .init = fix_init, .fini = fix_done);

Test(tcp_echo, bytes_come_back_as_they_are)
{
    unsigned i = client_connect(0, &tcp_echo_session);
    client_send_bytes(i, SPAN("a\0\xff\r\n"));
    fix_settle();
    expect_span(client_heard_bytes(i), SPAN("a\0\xff\r\n"));
}

Test(tcp_echo, each_connection_hears_its_own)
{
    unsigned a = client_connect(0, &tcp_echo_session), b = client_connect(0, &tcp_echo_session);
    client_say(a, "one");
    SAYS_HEARS(b, "two", "two");
    HEARS(a, "one");
}

Test(tcp_echo, half_close_is_honoured)
{
    unsigned i = client_connect(0, &tcp_echo_session);
    client_send_bytes(i, SPAN("last"));
    client_shut(i);
    cr_assert_not(client_read(i));
    HEARS(i, "last");
    cr_assert_eq(fix.open_total, 0);
}

Test(tcp_echo, who_never_spoke_may_leave)
{
    unsigned i = client_connect(0, &tcp_echo_session);
    client_shut(i);
    cr_assert_not(client_read(i));
    cr_assert_eq(fix.open_total, 0);
}

Test(tcp_echo, silence_is_allowed)
{
    unsigned i = client_connect(0, &tcp_echo_session);
    SAYS_HEARS(i, "x", "x");
    fix_pass_ms(1000 * 1000);
    SAYS_HEARS(i, "y", "y");
}

Test(tcp_echo, a_drain_sends_what_is_queued_and_ends)
{
    unsigned i = client_connect(0, &tcp_echo_session);
    client_say(i, "x");
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert_not(client_read(i));
    HEARS(i, "x");
}

Test(tcp_echo, a_flood_that_is_not_read_stays_bounded)
{
    static uint8_t much[64 * 1024];
    unsigned i = client_connect(0, &tcp_echo_session);
    size_t sent = 0;
    for (int idle = 0; idle < 3;) {
        ssize_t n = send(fix.clients[i].fd, much, sizeof(much), MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        fix_settle();
    }
    uint32_t queued = client_conn(i)->out.bytes;
    cr_assert_leq(queued, fix.nets[0].out_bytes_max + tcp_echo_session.input_bytes);
    size_t heard = 0;
    for (size_t n; (n = client_heard_bytes(i).len) > 0; heard += n)
        fix_settle();
    cr_assert_eq(heard, sent);
}
