#include "net/transport.h"

#include "unit/net/transport_tls_fixture.h"

TestSuite(transport_tls_handshake, .init = transport_tls_init, .fini = transport_tls_deinit);

/* --- the handshake ----------------------------------------------------------------------- */

Test(transport_tls_handshake, carries_both_ways)
{
    connect_ready(echo);
    cr_assert_eq(transport_of(client_conn(client)), &transport_tls);
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
    cr_assert_eq(METRIC(tls_full), 1);
    cr_assert_eq(hist_total(&fix.set.loops[0].metrics.tls_handshake), 1);
}

Test(transport_tls_handshake, speaks_1_2_as_well)
{
    connect_with(echo, TLS1_2_VERSION, TLS1_2_VERSION);
    carry(CIPHER_BYTES);
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
}

Test(transport_tls_handshake, takes_ciphertext_byte_by_byte)
{
    connect_with(echo, 0, 0);
    carry(1);
    cr_assert(SSL_is_init_finished(peer.ssl));
    cr_assert_eq(SSL_write(peer.ssl, "hello", 5), 5);
    carry(1);
    cr_assert_str_eq(peer_heard(), "hello");
}

Test(transport_tls_handshake, the_session_begins_when_the_handshake_is_done)
{
    connect_with(swallow, 0, 0);
    size_t n = tls_peer_output(&peer, cipher, sizeof(cipher));
    client_send_bytes(client, span_of(cipher, n));
    fix_settle();
    cr_assert_eq(script.resumes, 0);
    cr_assert_not(transport_tls.is_ready(client_conn(client)));
    carry(CIPHER_BYTES);
    cr_assert(transport_tls.is_ready(client_conn(client)));
    cr_assert_eq(script.resumes, 1, "without input too");
}

Test(transport_tls_handshake, a_wake_up_does_not_begin_a_session_before_its_handshake)
{
    connect_with(swallow, 0, 0);
    conn_wake(client_conn(client));
    fix_settle();
    cr_assert_eq(script.resumes, 0);
}

Test(transport_tls_handshake, what_is_no_tls_at_all_is_not_answered)
{
    static const char *const said[] = {"GET / HTTP/1.1\r\n\r\n", "NICK a\r\n", "\n\n\n\n\n\n"};
    for (size_t i = 0; i < 3; i++) {
        client = client_connect_at(0, FIX_TLS, &script_session);
        SAYS_HEARS(client, said[i], "");
        cr_assert_null(client_slot(client));
        cr_assert_eq(METRIC(protocol_errors), i + 1);
    }
    cr_assert_eq(script.resumes, 0);
}

Test(transport_tls_handshake, a_handshake_of_garbage_is_answered_with_an_alert)
{
    client = client_connect_at(0, FIX_TLS, &script_session);
    client_say(client, "\x16\x03\x01\x01\x01" /* a record of 257 bytes */
                       "garbage garbage garbage garbage garbage garbage garbage garbage garbage "
                       "garbage garbage garbage garbage garbage garbage garbage garbage garbage "
                       "garbage garbage garbage garbage garbage garbage garbage garbage garbage "
                       "garbage garbage garbage garbage garbage garbage garbage garbage garbage ");
    struct span heard = client_heard_bytes(client);
    cr_assert_geq(heard.len, 7);
    cr_assert_eq(heard.ptr[0], 0x15, "an alert");
    cr_assert_eq(heard.ptr[5], 2, "which is fatal");
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
    cr_assert_eq(script.resumes, 0);
    cr_assert_eq(script.drops, 1);
}

Test(transport_tls_handshake, an_old_version_is_answered_with_an_alert)
{
    connect_with(echo, TLS1_VERSION, TLS1_1_VERSION);
    carry(CIPHER_BYTES);
    cr_assert_not(SSL_is_init_finished(peer.ssl));
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
}

Test(transport_tls_handshake, an_end_in_the_handshake_is_the_end)
{
    connect_with(echo, 0, 0);
    client_send_bytes(client, span_of(cipher, tls_peer_output(&peer, cipher, 100)));
    client_shut(client);
    cr_assert_null(client_slot(client));
    cr_assert_eq(script.resumes, 0);
    cr_assert_eq(METRIC(protocol_errors), 0);
    cr_assert_eq(METRIC(tls_failed), 1);
    cr_assert_eq(METRIC(tls_full), 0);
    cr_assert_eq(hist_total(&fix.set.loops[0].metrics.tls_handshake), 0);
}

Test(transport_tls_handshake, a_handshake_has_a_time_to_be_complete_in)
{
    connect_with(echo, 0, 0);
    for (int n = 0; n < 12; n++) {
        if (client_slot(client) != NULL)
            client_send_bytes(client, span_of(cipher, tls_peer_output(&peer, cipher, 1)));
        fix_pass_ms(1000);
    }
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(timeouts), 1);
    cr_assert_eq(script.resumes, 0);
}

Test(transport_tls_handshake, a_drain_ends_a_handshake)
{
    connect_with(echo, 0, 0);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert_null(client_slot(client));
}

Test(transport_tls_handshake, handshakes_in_one_tick_are_bounded)
{
    enum { COUNT = 40, BOUND = 16 };
    connect_with(echo, 0, 0);
    size_t n = tls_peer_output(&peer, cipher, sizeof(cipher));
    client_send_bytes(client, span_of(cipher, n));
    for (int i = 1; i < COUNT; i++)
        client_send_bytes(client_connect_at(0, FIX_TLS, &script_session), span_of(cipher, n));
    for (unsigned tick = 1; METRIC(reads) < COUNT; tick++) {
        fix_tick(&fix.set.loops[0]);
        cr_assert_leq(METRIC(reads), tick * BOUND);
        cr_assert_leq(tick, COUNT / BOUND + 1);
    }
}

Test(transport_tls_handshake, without_memory_a_handshake_does_not_begin)
{
    connect_with(echo, 0, 0); /* so that the tables have their memory */
    struct addr from = client_conn(client)->peer;
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    alloc_fail_after(1); /* the frame's calloc is before it */
    enum err e = net_open(&fix.nets[0], fds[0], FIX_TLS, &from, &script_session);
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
    cr_assert_eq(read(fds[1], cipher, 1), 0, "it is closed");
    cr_assert_eq(fix.nets[0].conns.open_count, 1);
    close(fds[1]);
}

/* --- certificates of clients ------------------------------------------------------------- */

/* A certificate that has signed itself, shown with itself as a chain of so many more. */
static void show_certificate(int chain)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
    cr_assert_eq(SSL_use_certificate(peer.ssl, cert), 1);
    cr_assert_eq(SSL_use_PrivateKey(peer.ssl, key), 1);
    for (int i = 0; i < chain; i++)
        cr_assert_eq(SSL_add1_chain_cert(peer.ssl, cert), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static uint64_t counted_bytes(void)
{
    return fix.nets[0].memory.counted_bytes;
}

Test(transport_tls_handshake, what_a_client_shows_counts_and_only_its_own_is_kept)
{
    connect_ready(echo);
    uint64_t plain = counted_bytes();
    char fingerprint[TLS_FINGERPRINT_CHARS];
    cr_assert_not(tls_peer_fingerprint(client_conn(client), fingerprint));
    say("bye");
    tls_peer_deinit(&peer);

    fix.nets[0].listeners[FIX_TLS].client_certificates = CONFIG_CLIENT_CERTIFICATES_ASK;
    uint64_t before = counted_bytes();
    connect_with(echo, 0, 0);
    show_certificate(10);
    cr_assert_gt(counted_bytes() - before, 64 * 1024, "it may show much");
    carry(CIPHER_BYTES);
    cr_assert(SSL_is_init_finished(peer.ssl));
    cr_assert_gt(counted_bytes() - before, plain);
    cr_assert_lt(counted_bytes() - before, plain + 16 * 1024);
    cr_assert(tls_peer_fingerprint(client_conn(client), fingerprint));
    cr_assert_eq(strlen(fingerprint), 64);
    cr_assert_eq(strspn(fingerprint, "0123456789abcdef"), 64);
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
}

/* OpenSSL notes what is wrong with it in the error queue, though we let it in. */
Test(transport_tls_handshake, a_chain_that_holds_nothing_may_come_in_pieces)
{
    fix.nets[0].listeners[FIX_TLS].client_certificates = CONFIG_CLIENT_CERTIFICATES_ASK;
    connect_with(echo, 0, 0);
    show_certificate(0);
    X509 *issuer = X509_dup(SSL_get_certificate(peer.ssl));
    show_certificate(0); /* of another key */
    X509 *cert = SSL_get_certificate(peer.ssl);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(issuer), "CN", MBSTRING_ASC,
                               (const uint8_t *)"issuer", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    cr_assert_gt(X509_sign(cert, SSL_get_privatekey(peer.ssl), EVP_sha256()), 0);
    cr_assert_gt(X509_sign(issuer, SSL_get_privatekey(peer.ssl), EVP_sha256()), 0);
    cr_assert_eq(SSL_add0_chain_cert(peer.ssl, issuer), 1);
    carry(1);
    cr_assert(SSL_is_init_finished(peer.ssl));
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
}
