#include "net/transport.h"

#include "net/tls/tls.h"
#include "unit/net/script.h"
#include "unit/net/tls_peer.h"

enum { CIPHER_BYTES = 1024 * 1024 };

static struct tls_store *store;
static struct tls_peer peer;
static unsigned client;
static uint8_t cipher[CIPHER_BYTES];

static void setup(void)
{
    static const char *const settings[] = {"tls.self_signed=on"};
    static char error[CONFIG_TEXT_BYTES_MAX];
    fix_init_with(1, 0, settings, 1);
    expect_ok(tls_store_new(&store, &fix.config, error, sizeof(error)));
    expect_ok(tls_net_new(&fix.nets[0].tls, store));
}

static void teardown(void)
{
    fix_done();
    tls_store_free(store);
    tls_peer_deinit(&peer);
}

TestSuite(transport_tls, .init = setup, .fini = teardown);

/* --- carrying ciphertext ----------------------------------------------------------------- */

static void connect_with(enum co_result (*run)(struct conn *c), int min, int max)
{
    script.run = run;
    client = client_connect_at(0, FIX_TLS, &script_session);
    tls_peer_init(&peer, min, max, NULL);
    SSL_do_handshake(peer.ssl);
}

/* To the server, at most `step` bytes in each tick, while it is there, and back. */
static void carry(size_t step)
{
    for (int idle = 0; idle < 3; idle++) {
        size_t n;
        while (client_slot(client) != NULL && (n = tls_peer_output(&peer, cipher, step)) > 0) {
            client_send_bytes(client, span_of(cipher, n));
            fix_tick(&fix.set.loops[0]);
            idle = 0;
        }
        fix_tick(&fix.set.loops[0]);
        struct span heard = client_heard_bytes(client);
        for (size_t at = 0; at < heard.len; at += step) {
            size_t left = heard.len - at;
            tls_peer_input(&peer, span_of(heard.ptr + at, left < step ? left : step));
            SSL_do_handshake(peer.ssl);
            idle = 0;
        }
    }
    ERR_clear_error();
}

static void connect_ready(enum co_result (*run)(struct conn *c))
{
    connect_with(run, 0, 0);
    carry(CIPHER_BYTES);
    cr_assert(SSL_is_init_finished(peer.ssl));
}

/* Encrypts, and takes the ciphertext instead of sending it. */
static size_t encrypt(struct span text)
{
    cr_assert_eq(SSL_write(peer.ssl, text.ptr, (int)text.len), (int)text.len);
    return tls_peer_output(&peer, cipher, sizeof(cipher));
}

/* What has been decrypted, as text. */
static const char *peer_heard(void)
{
    static char text[4096];
    size_t len = 0;
    int n;
    while ((n = SSL_read(peer.ssl, text + len, (int)(sizeof(text) - 1 - len))) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return text;
}

static void say(const char *text)
{
    cr_assert_eq(SSL_write(peer.ssl, text, (int)strlen(text)), (int)strlen(text));
    carry(CIPHER_BYTES);
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

/* --- the handshake ----------------------------------------------------------------------- */

Test(transport_tls, carries_both_ways)
{
    connect_ready(echo);
    cr_assert_eq(transport_of(client_conn(client)), &transport_tls);
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
    cr_assert_eq(METRIC(tls_full), 1);
    cr_assert_eq(hist_total(&fix.set.loops[0].metrics.tls_handshake), 1);
}

Test(transport_tls, speaks_1_2_as_well)
{
    connect_with(echo, TLS1_2_VERSION, TLS1_2_VERSION);
    carry(CIPHER_BYTES);
    say("hello");
    cr_assert_str_eq(peer_heard(), "hello");
}

Test(transport_tls, takes_ciphertext_byte_by_byte)
{
    connect_with(echo, 0, 0);
    carry(1);
    cr_assert(SSL_is_init_finished(peer.ssl));
    cr_assert_eq(SSL_write(peer.ssl, "hello", 5), 5);
    carry(1);
    cr_assert_str_eq(peer_heard(), "hello");
}

Test(transport_tls, the_session_begins_when_the_handshake_is_done)
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

Test(transport_tls, a_wake_up_does_not_begin_a_session_before_its_handshake)
{
    connect_with(swallow, 0, 0);
    conn_wake(client_conn(client));
    fix_settle();
    cr_assert_eq(script.resumes, 0);
}

Test(transport_tls, what_is_no_tls_at_all_is_not_answered)
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

Test(transport_tls, a_handshake_of_garbage_is_answered_with_an_alert)
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

Test(transport_tls, an_old_version_is_answered_with_an_alert)
{
    connect_with(echo, TLS1_VERSION, TLS1_1_VERSION);
    carry(CIPHER_BYTES);
    cr_assert_not(SSL_is_init_finished(peer.ssl));
    cr_assert_null(client_slot(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
}

Test(transport_tls, an_end_in_the_handshake_is_the_end)
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

Test(transport_tls, a_handshake_has_a_time_to_be_complete_in)
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

Test(transport_tls, a_drain_ends_a_handshake)
{
    connect_with(echo, 0, 0);
    net_drain(&fix.nets[0], 0);
    fix_settle();
    cr_assert_null(client_slot(client));
}

Test(transport_tls, handshakes_in_one_tick_are_bounded)
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

Test(transport_tls, what_a_client_shows_counts_and_only_its_own_is_kept)
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
Test(transport_tls, a_chain_that_holds_nothing_may_come_in_pieces)
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

Test(transport_tls, without_memory_a_handshake_does_not_begin)
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

Test(transport_tls, without_memory_there_are_no_buffers)
{
    size_t failures = 0;
    struct tls_net *t = NULL;
    for (;; failures++) {
        alloc_fail_after(failures);
        enum err e = tls_net_new(&t, store);
        alloc_fail_stop();
        if (e == OK)
            break;
        expect_err(e, ERR_NOMEM);
    }
    tls_net_free(t);
    cr_assert_eq(failures, 4);
    connect_with(echo, 0, 0);
}
