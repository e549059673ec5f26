#include "net/door.h"
#include "net/refusal.h"
#include "net/transport.h"
#include "simul/proxy_header.h"
#include "unit/net/tls_net.h"
#include "unit/net/tls_peer.h"

#define HEADER "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n"

static const struct siphash_key KEY = {{1}};

/* The peer of every client is 127.0.0.1. */
static void setup(void)
{
    static const char *const settings[] = {"proxy.trusted=127.0.0.0/8", "tls.self_signed=on"};
    const struct door_limits limits = {.connections = 2};
    fix_init_with(1, 0, settings, 2);
    tls_net_serve();
    fix.nets[0].door = door_new(&limits, &KEY);
    for (int i = 0; i < FIX_LISTENERS; i++) {
        fix.nets[0].listeners[i].proxy = i != FIX_ADMIN;
        fix.nets[0].listeners[i].refusal = &refusal_session;
    }
    script.run = echo;
}

static void done(void)
{
    struct door *door = fix.nets[0].door;
    fix_close();
    cr_assert_eq(fix.open_total, 0);
    cr_assert_eq(fix.nets[0].memory.counted_bytes, 0);
    cr_assert_eq(fix.nets[0].refusals.count, 0);
    cr_assert_eq(door_address_count(door), 0);
    fix_free();
    door_free(door);
    tls_net_forget();
}

TestSuite(transport_proxy, .init = setup, .fini = done);

static unsigned connect_proxy(void)
{
    return client_connect(0, &script_session);
}

static const char *peer_of(unsigned i)
{
    static char text[ADDR_CHARS];
    return addr_format(&client_conn(i)->peer, text);
}

/* Those of an address that are at the door now. */
static bool is_full(const char *ip)
{
    struct addr a;
    expect_ok(addr_parse(&a, ip, 1));
    bool full = door_enter(fix.nets[0].door, &a, fix.now_ms) != DOOR_ADMITTED;
    if (!full)
        door_leave(fix.nets[0].door, &a, fix.now_ms);
    return full;
}

Test(transport_proxy, the_peer_is_whom_the_header_names)
{
    unsigned i = connect_proxy();
    SAYS_HEARS(i, HEADER "hello", "hello");
    cr_assert_str_eq(peer_of(i), "192.0.2.1:56324");
    SAYS_HEARS(i, HEADER, HEADER); /* there is but one */
}

Test(transport_proxy, no_byte_of_what_follows_is_taken_wherever_the_header_is_cut)
{
    static const char stream[] = HEADER "hello";
    size_t len = sizeof(stream) - 1;
    for (size_t cut = 1; cut < len; cut++) {
        unsigned i = connect_proxy();
        client_send_bytes(i, span_of(stream, cut));
        fix_settle();
        client_send_bytes(i, span_of(stream + cut, len - cut));
        fix_settle();
        HEARS(i, "hello");
        conn_abort(client_conn(i), "the next"); /* so that the door has room */
        fix_settle();
        close(fix.clients[i].fd);
        fix.client_count = 0;
        buf_deinit(&fix.clients[i].heard);
    }
}

Test(transport_proxy, nothing_spins_while_a_part_of_the_header_is_there)
{
    unsigned i = connect_proxy();
    client_say(i, "PROXY TCP4 192.0.2.1");
    uint64_t reads = METRIC(reads);
    fix_settle();
    cr_assert_eq(METRIC(reads), reads);
    cr_assert_eq(script.resumes, 0);
    cr_assert(client_conn(i)->awaits_proxy);
    SAYS_HEARS(i, " 192.0.2.9 1 2\r\n.", ".");
}

Test(transport_proxy, a_session_begins_that_has_the_first_word)
{
    unsigned i = connect_proxy();
    client_say(i, HEADER);
    cr_assert_eq(script.resumes, 1);
}

Test(transport_proxy, a_proxy_that_speaks_for_itself_stays_the_peer)
{
    static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0x";
    unsigned i = connect_proxy(), k = connect_proxy();
    SAYS_HEARS(i, "PROXY UNKNOWN\r\nhello", "hello");
    cr_assert_str_eq(peer_of(i), "127.0.0.1:1");
    client_send_bytes(k, span_of(local, sizeof(local) - 1));
    fix_settle();
    HEARS(k, "x");
    cr_assert_str_eq(peer_of(k), "127.0.0.1:1");
    cr_assert_eq(door_address_count(fix.nets[0].door), 0);
}

Test(transport_proxy, what_is_no_header_ends_the_connection)
{
    static const char *const wrong[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01",
                                        "PROXY TCP4 me you 1 2\r\n", "\r\n\r\n",
                                        "PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n"};
    size_t count = sizeof(wrong) / sizeof(wrong[0]);
    for (size_t n = 0; n < count; n++) {
        unsigned i = connect_proxy();
        client_say(i, wrong[n]);
        if (n == 3) { /* it might have become one */
            cr_assert(client_read(i));
            client_say(i, "x");
        }
        cr_assert_not(client_read(i), "%s", wrong[n]);
        cr_assert_eq(METRIC(protocol_errors), n + 1);
    }
    cr_assert_eq(script.resumes, 0);
}

Test(transport_proxy, a_header_has_the_time_of_a_handshake)
{
    unsigned i = connect_proxy();
    uint64_t ms = (uint64_t)fix.config.limits.handshake_seconds * 1000;
    client_say(i, "PROXY");
    fix_pass_ms(ms / 2);
    client_say(i, " ");
    cr_assert(client_read(i));
    fix_pass_ms(ms);
    cr_assert_not(client_read(i));
    cr_assert_eq(METRIC(timeouts), 1);
}

Test(transport_proxy, a_slow_header_leaves_the_session_its_time)
{
    fix.config.limits.rate_seconds = 1;
    pace_configure(&fix.nets[0].pace, &fix.config);
    unsigned i = connect_proxy();
    client_say(i, "PROXY");
    for (int n = 0; n < 50; n++)
        fix_pass_ms(100);
    SAYS_HEARS(i, " TCP4 192.0.2.1 192.0.2.9 1 2\r\nhello", "hello");
    cr_assert_not(client_conn(i)->timed_out);
}

Test(transport_proxy, a_check_that_only_connects_leaves_no_trace)
{
    unsigned i = connect_proxy(), k = connect_proxy();
    client_shut(i);
    client_say(k, "PROX");
    client_shut(k);
    cr_assert_eq(fix.open_total, 0);
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(transport_proxy, a_drain_does_not_wait_for_a_header)
{
    struct drain_turns turns = {.began_ms = fix.now_ms, .span_ms = 60 * 1000};
    connect_proxy();
    net_drain(&fix.nets[0], &turns);
    fix_settle();
    cr_assert(net_is_drained(&fix.nets[0]));
}

Test(transport_proxy, others_are_served_as_themselves)
{
    expect_ok(networks_parse(&fix.config.proxy.networks, "10.0.0.0/8"));
    unsigned i = connect_proxy();
    SAYS_HEARS(i, HEADER, HEADER);
    cr_assert_str_eq(peer_of(i), "127.0.0.1:1");
    struct addr peer = client_conn(i)->peer;
    cr_assert_eq(door_enter(fix.nets[0].door, &peer, fix.now_ms), DOOR_ADMITTED); /* for net_open */
}

Test(transport_proxy, a_listener_without_proxy_takes_no_header)
{
    fix.nets[0].listeners[FIX_PUBLIC].proxy = false;
    unsigned i = connect_proxy();
    SAYS_HEARS(i, HEADER, HEADER);
    cr_assert_eq(door_address_count(fix.nets[0].door), 0); /* and yet it is none who counts */
}

/* --- the door ---------------------------------------------------------------------------- */

Test(transport_proxy, the_door_counts_who_is_spoken_for)
{
    unsigned i = connect_proxy(), k = connect_proxy();
    for (int n = 0; n < 5; n++)
        connect_proxy(); /* who have not said anything are not counted */
    SAYS_HEARS(i, HEADER "a", "a");
    cr_assert_not(is_full("192.0.2.1"));
    SAYS_HEARS(k, HEADER "b", "b");
    cr_assert(is_full("192.0.2.1"));
    cr_assert_not(is_full("127.0.0.1"));
    client_shut(i);
    conn_abort(client_conn(i), "enough");
    fix_settle();
    cr_assert_not(is_full("192.0.2.1"));
}

Test(transport_proxy, who_is_not_let_in_is_told_so)
{
    for (int n = 0; n < 2; n++)
        client_say(connect_proxy(), HEADER);
    unsigned i = connect_proxy();
    SAYS_HEARS(i, HEADER "hello", "no");
    cr_assert_eq(METRIC(refused_crowded), 1);
    cr_assert_eq(fix.nets[0].refusals.count, 1);
    unsigned k = connect_proxy();
    fix.nets[0].listeners[FIX_PUBLIC].refusal = NULL;
    SAYS_HEARS(k, HEADER "hello", "");
    cr_assert_not(client_read(k));
    cr_assert_eq(METRIC(refused_crowded), 2);
    cr_assert_eq(METRIC(ended_refused), 2);
    cr_assert_eq(METRIC(ended_broken), 0);
}

Test(transport_proxy, who_speaks_for_a_unix_socket_is_not_counted)
{
    char header[16 + 216 + 1] = "\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8";
    header[sizeof(header) - 1] = 'x';
    for (int n = 0; n < 3; n++) {
        unsigned i = connect_proxy();
        client_send_bytes(i, span_of(header, sizeof(header)));
        fix_settle();
        HEARS(i, "x");
        cr_assert_str_eq(peer_of(i), "unix:");
    }
}

/* --- before TLS -------------------------------------------------------------------------- */

static struct tls_peer peer;

/* Carries what either has for the other until both are silent. */
static void shake_hands(unsigned i)
{
    uint8_t bytes[16384];
    for (int round = 0; round < 4; round++) {
        SSL_do_handshake(peer.ssl);
        size_t n = tls_peer_output(&peer, bytes, sizeof(bytes));
        if (n > 0)
            client_send_bytes(i, span_of(bytes, n));
        fix_settle();
        tls_peer_input(&peer, client_heard_bytes(i));
    }
}

Test(transport_proxy, the_header_comes_before_tls)
{
    unsigned i = client_connect_at(0, FIX_TLS, &script_session);
    tls_peer_init(&peer, 0, 0, NULL);
    cr_assert_null(client_conn(i)->tls);
    client_send_bytes(i, SPAN(HEADER)); /* with the first of the handshake behind it */
    shake_hands(i);
    cr_assert_not_null(client_conn(i)->tls);
    cr_assert(transport_of(client_conn(i))->is_ready(client_conn(i)));
    cr_assert_str_eq(peer_of(i), "192.0.2.1:56324");
    tls_peer_deinit(&peer);
}

Test(transport_proxy, the_refusal_comes_behind_tls)
{
    for (int n = 0; n < 2; n++)
        client_say(connect_proxy(), HEADER);
    unsigned i = client_connect_at(0, FIX_TLS, &script_session);
    char text[8] = "";
    tls_peer_init(&peer, 0, 0, NULL);
    client_send_bytes(i, SPAN(HEADER));
    shake_hands(i);
    cr_assert_eq(SSL_read(peer.ssl, text, sizeof(text)), 2);
    cr_assert_str_eq(text, "no");
    tls_peer_deinit(&peer);
}

Test(transport_proxy, without_memory_a_connection_ends)
{
    for (int n = 0; n < 2; n++)
        client_say(connect_proxy(), HEADER);
    for (unsigned k = 0; k < 8; k++) {
        unsigned i = client_connect_at(0, k < 4 ? FIX_TLS : FIX_PUBLIC, &script_session);
        client_send_bytes(i, SPAN(HEADER));
        alloc_fail_after(k % 4);
        fix_settle();
        alloc_fail_stop();
    }
}
