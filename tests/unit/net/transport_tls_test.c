#include "net/transport.h"

#include "unit/net/transport_tls_fixture.h"

TestSuite(transport_tls, .init = transport_tls_init, .fini = transport_tls_deinit);

/* Encrypts, and takes the ciphertext instead of sending it. */
static size_t encrypt(struct span text)
{
    cr_assert_eq(SSL_write(peer.ssl, text.ptr, (int)text.len), (int)text.len);
    return tls_peer_output(&peer, cipher, sizeof(cipher));
}

/* The peer's view of the end: SSL_ERROR_ZERO_RETURN for a close_notify, and so on. */
static int peer_error(void)
{
    char byte;
    ERR_clear_error();
    int n = SSL_read(peer.ssl, &byte, 1);
    cr_assert_leq(n, 0);
    return SSL_get_error(peer.ssl, n);
}

/* --- records ----------------------------------------------------------------------------- */

Test(transport_tls, a_record_may_be_cut_anywhere)
{
    connect_ready(echo);
    for (size_t cut = 1;; cut++) {
        size_t n = encrypt(SPAN("hello"));
        if (cut >= n)
            break;
        client_send_bytes(client, span_of(cipher, cut));
        fix_tick(&fix.set.loops[0]);
        client_send_bytes(client, span_of(cipher + cut, n - cut));
        fix_tick(&fix.set.loops[0]);
        tls_peer_input(&peer, client_heard_bytes(client));
        cr_assert_str_eq(peer_heard(), "hello", "cut at %zu", cut);
    }
}

Test(transport_tls, several_records_of_one_read_are_one_input)
{
    connect_ready(echo);
    unsigned resumes = script.resumes;
    cr_assert_eq(SSL_write(peer.ssl, "one ", 4), 4);
    cr_assert_eq(SSL_write(peer.ssl, "two ", 4), 4);
    cr_assert_eq(SSL_write(peer.ssl, "three", 5), 5);
    client_send_bytes(client, span_of(cipher, tls_peer_output(&peer, cipher, sizeof(cipher))));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(script.resumes, resumes + 1);
    carry(CIPHER_BYTES);
    cr_assert_str_eq(peer_heard(), "one two three");
}

static enum co_result write_small_pieces(struct conn *c)
{
    for (int i = 0; c->in.len > 0 && i < 200; i++) {
        struct shared *s = shared_new(1);
        s->bytes[0] = (uint8_t)('a' + i % 26);
        conn_write_shared(c, s);
        shared_put(s);
    }
    return swallow(c);
}

Test(transport_tls, small_pieces_share_a_record)
{
    connect_ready(write_small_pieces);
    client_send_bytes(client, span_of(cipher, encrypt(SPAN("x"))));
    fix_settle();
    struct span heard = client_heard_bytes(client);
    cr_assert_lt(heard.len, 200 + 5 * 64, "%zu", heard.len);
    tls_peer_input(&peer, heard);
    cr_assert_eq(strlen(peer_heard()), 200);
}

static enum co_result write_a_megabyte(struct conn *c)
{
    static uint8_t text[1000 * 1000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 31 >> 3);
    if (c->in.len > 0)
        conn_write(c, span_of(text, sizeof(text)));
    return swallow(c);
}

Test(transport_tls, a_slow_peer_gets_everything_in_order)
{
    static uint8_t got[1000 * 1000];
    connect_ready(write_a_megabyte);
    say("x");
    size_t len = 0;
    for (int idle = 0; idle < 20;) {
        uint8_t some[5000];
        ssize_t n = read(fix.clients[client].fd, some, sizeof(some));
        if (n > 0)
            tls_peer_input(&peer, span_of(some, (size_t)n));
        int k = SSL_read(peer.ssl, got + len, (int)(sizeof(got) - len));
        if (k > 0)
            len += (size_t)k;
        idle = n > 0 || k > 0 ? 0 : idle + 1;
        fix_tick(&fix.set.loops[0]);
    }
    cr_assert_eq(len, sizeof(got));
    for (size_t i = 0; i < len; i++)
        cr_assert_eq(got[i], (uint8_t)(i * 31 >> 3), "at %zu", i);
    cr_assert_eq(transport_tls.pending_bytes(client_conn(client)), 0);
}

Test(transport_tls, a_record_that_was_changed_is_answered_with_an_alert)
{
    connect_ready(echo);
    size_t n = encrypt(SPAN("hello"));
    cipher[n - 1] ^= 1;
    client_send_bytes(client, span_of(cipher, n));
    carry(CIPHER_BYTES);
    cr_assert_eq(peer_error(), SSL_ERROR_SSL, "the alert");
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
    cr_assert_eq(script.drops, 1);
}

/* --- the end ----------------------------------------------------------------------------- */

static enum co_result echo_to_the_end(struct conn *c)
{
    conn_write(c, conn_input(c));
    swallow(c);
    return c->eof ? CO_DONE : CO_WAITING;
}

Test(transport_tls, a_close_notify_is_the_end_of_input)
{
    connect_ready(echo_to_the_end);
    cr_assert_eq(SSL_write(peer.ssl, "last", 4), 4);
    SSL_shutdown(peer.ssl);
    carry(CIPHER_BYTES);
    cr_assert_str_eq(peer_heard(), "last");
    cr_assert_eq(peer_error(), SSL_ERROR_ZERO_RETURN);
}

Test(transport_tls, an_end_of_file_alone_is_the_end_of_input)
{
    connect_ready(echo_to_the_end);
    client_send_bytes(client, span_of(cipher, encrypt(SPAN("last"))));
    client_shut(client);
    carry(CIPHER_BYTES);
    cr_assert_str_eq(peer_heard(), "last");
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(transport_tls, our_close_is_told_by_a_close_notify)
{
    connect_ready(say_bye);
    say("x");
    cr_assert_str_eq(peer_heard(), "bye");
    cr_assert_eq(peer_error(), SSL_ERROR_ZERO_RETURN);
    cr_assert_not(client_read(client), "and our end is shut");
}

static enum co_result shut_once(struct conn *c)
{
    if (c->in.len > 0)
        conn_half_close(c);
    return echo_to_the_end(c);
}

Test(transport_tls, our_end_may_be_shut_while_the_session_reads)
{
    connect_ready(shut_once);
    unsigned before = script.resumes;
    say("x");
    cr_assert_str_eq(peer_heard(), "x");
    cr_assert_eq(peer_error(), SSL_ERROR_ZERO_RETURN);
    cr_assert_not(client_read(client));
    script.run = swallow;
    say("more");
    cr_assert_gt(script.resumes, before + 1);
    cr_assert_eq(client_slot(client)->state, CONN_OPEN);
    conn_close(client_conn(client));
    client_shut(client);
    cr_assert_null(client_slot(client));
}

static enum co_result say_bye_and_reset(struct conn *c)
{
    conn_reset(c);
    return say_bye(c);
}

Test(transport_tls, a_reset_has_no_close_notify)
{
    connect_ready(say_bye_and_reset);
    say("x");
    cr_assert_str_eq(peer_heard(), "bye");
    cr_assert_neq(peer_error(), SSL_ERROR_ZERO_RETURN);
    cr_assert_null(client_slot(client));
}

Test(transport_tls, a_peer_that_is_gone_ends_the_connection)
{
    connect_ready(echo);
    close(fix.clients[client].fd);
    fix.clients[client].fd = -1;
    conn_write(client_conn(client), SPAN("for nobody"));
    fix_settle();
    cr_assert_null(client_slot(client));
}

/* --- without memory ---------------------------------------------------------------------- */

Test(transport_tls, an_allocation_that_fails_ends_this_connection_alone)
{
    connect_ready(echo);
    unsigned other = client;
    struct tls_peer other_peer = peer;
    size_t failures = 0, seen = SIZE_MAX;
    for (;; failures++) {
        connect_with(echo, 0, 0);
        expect_ok(buf_reserve(&fix.clients[client].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        carry(CIPHER_BYTES);
        if (SSL_is_init_finished(peer.ssl))
            say("hello");
        seen = alloc_fail_stop();
        tls_peer_deinit(&peer);
        if (seen <= failures)
            break;
    }
    cr_assert_gt(failures, 1);
    client = other;
    peer = other_peer;
    say("still here");
    cr_assert_str_eq(peer_heard(), "still here");
}

Test(transport_tls, without_memory_there_are_no_buffers)
{
    size_t failures = 0;
    struct tls_net *t = NULL;
    for (;; failures++) {
        alloc_fail_after(failures);
        enum err e = tls_net_new(&t, tls_net_store);
        alloc_fail_stop();
        if (e == OK)
            break;
        expect_err(e, ERR_NOMEM);
    }
    tls_net_free(t);
    cr_assert_eq(failures, 4);
    connect_with(echo, 0, 0);
}
