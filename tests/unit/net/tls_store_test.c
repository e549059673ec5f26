/* Certificates, and what is read again. */
#include "unit/alloc_fail.h"
#include "unit/net/tls_store_fixture.h"

TestSuite(tls_store, .init = tls_setup, .fini = tls_teardown);

/* --- certificates ------------------------------------------------------------------------ */

Test(tls_store, shows_the_certificate_of_the_files)
{
    tls_open();
    cr_assert_eq(tls_serial_for(NULL, 0), 1);
}

static void self_sign(void)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    tls_set("tls.self_signed=on");
}

Test(tls_store, a_self_signed_certificate_names_the_server_and_loopback)
{
    self_sign();
    tls_open();
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL *server = tls_shake(&p);
    X509 *cert = SSL_get1_peer_certificate(p.ssl);
    cr_assert_eq(X509_check_host(cert, "s.test", 0, 0, NULL), 1);
    cr_assert_eq(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    cr_assert_eq(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    cr_assert_eq(X509_check_ip_asc(cert, "::1", 0), 1);
    cr_assert_neq(X509_check_host(cert, "other.test", 0, 0, NULL), 1);
    cr_assert_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(cert)), EVP_PKEY_EC);
    X509_free(cert);
    SSL_free(server);
    tls_peer_deinit(&p);
}

Test(tls_store, without_tls_settings_there_is_nothing_to_read)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    tls_open();
    expect_ok(tls_reload());
}

Test(tls_store, a_certificate_that_is_not_there_is_told)
{
    unlink(tls_path("default.pem"));
    tls_expect_refused("tls.certificate:", "default.pem");
}

Test(tls_store, a_certificate_that_is_none_is_told)
{
    tls_write_text("default.pem", "hello\n");
    tls_expect_refused("tls.certificate:", "default.pem");
}

Test(tls_store, an_empty_certificate_is_told)
{
    tls_write_text("default.pem", "");
    tls_expect_refused("tls.certificate:", "default.pem");
}

Test(tls_store, a_key_that_is_not_there_is_told)
{
    unlink(tls_path("default.key"));
    tls_expect_refused("tls.key:", "default.key");
}

Test(tls_store, a_key_that_is_none_is_told)
{
    tls_write_text("default.key", "hello\n");
    tls_expect_refused("tls.key:", "default.key");
    cr_assert_not_null(strstr(tls.error, "it holds none"), "%s", tls.error);
}

Test(tls_store, a_key_of_another_certificate_is_told)
{
    EVP_PKEY *other = EVP_EC_gen("P-256");
    tls_write_key("default.key", other);
    EVP_PKEY_free(other);
    tls_expect_refused("tls.key:", "default.key");
    cr_assert_not_null(strstr(tls.error, "it does not belong to the certificate"), "%s", tls.error);
}

Test(tls_store, a_key_of_another_kind_is_told)
{
    EVP_PKEY *other = EVP_RSA_gen(2048);
    tls_write_key("default.key", other);
    EVP_PKEY_free(other);
    tls_expect_refused("tls.key:", "it does not belong to the certificate");
}

Test(tls_store, a_key_with_a_passphrase_is_told)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *f = fopen(tls_path("default.key"), "w");
    cr_assert_eq(
        PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), (const uint8_t *)"secret", 6, NULL, NULL),
        1);
    fclose(f);
    EVP_PKEY_free(key);
    tls_expect_refused("tls.key:", "it has a passphrase");
}

Test(tls_store, without_memory_there_is_no_store)
{
    tls_load();
    alloc_fail_after(0);
    enum err e = tls_store_new(&tls.store, &tls.config, tls.error, sizeof(tls.error));
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
}

/* --- reading again ----------------------------------------------------------------------- */

Test(tls_store, a_reload_shows_the_new_certificate)
{
    tls_open();
    tls_write_pair("default", 2, NULL);
    expect_ok(tls_reload());
    cr_assert_eq(tls_serial_for(NULL, 0), 2);
}

Test(tls_store, a_reload_of_a_broken_file_keeps_the_old)
{
    tls_open();
    tls_write_text("default.pem", "-----BEGIN CERTIFICATE-----\nbroken\n");
    expect_err(tls_reload(), ERR_TLS);
    cr_assert_not_null(strstr(tls.error, "tls.certificate"), "%s", tls.error);
    cr_assert_eq(tls_serial_for(NULL, 0), 1);
}

Test(tls_store, a_reload_of_half_a_pair_keeps_the_old)
{
    tls_open();
    EVP_PKEY *other = EVP_EC_gen("P-256");
    tls_write_key("default.key", other);
    EVP_PKEY_free(other);
    expect_err(tls_reload(), ERR_TLS);
    cr_assert_eq(tls_serial_for(NULL, 0), 1);
}

Test(tls_store, a_session_keeps_what_it_began_with)
{
    tls_open();
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL *server = tls_shake(&p);
    tls_write_pair("default", 2, NULL);
    expect_ok(tls_reload());
    char got[3];
    cr_assert_eq(SSL_write(p.ssl, "abc", 3), 3);
    cr_assert_eq(SSL_read(server, got, 3), 3);
    SSL_free(server);
    tls_peer_deinit(&p);
}

/* --- versions ---------------------------------------------------------------------------- */

static bool speaks(int version)
{
    struct tls_peer p;
    tls_peer_init(&p, version, version, NULL);
    SSL *server = tls_shake(&p);
    SSL_free(server);
    tls_peer_deinit(&p);
    return server != NULL;
}

Test(tls_store, speaks_tls_1_2_and_1_3_and_nothing_older)
{
    tls_open();
    cr_assert(speaks(TLS1_3_VERSION));
    cr_assert(speaks(TLS1_2_VERSION));
    cr_assert_not(speaks(TLS1_1_VERSION));
    cr_assert_not(speaks(TLS1_VERSION));
}

Test(tls_store, refuses_to_renegotiate)
{
    tls_open();
    struct tls_peer p;
    tls_peer_init(&p, 0, TLS1_2_VERSION, NULL);
    SSL *server = tls_shake(&p);
    char byte;
    cr_assert_eq(SSL_renegotiate(p.ssl), 1);
    for (int turn = 0; turn < 4; turn++) {
        SSL_do_handshake(p.ssl);
        SSL_read(server, &byte, 1);
    }
    cr_assert_eq(SSL_num_renegotiations(server), 0);
    SSL_free(server);
    tls_peer_deinit(&p);
}

/* --- what is known of them --------------------------------------------------------------- */

Test(tls_store, tells_of_each_certificate_its_name_and_validity)
{
    tls_set("tls.site.certificate=@/site.pem");
    tls_set("tls.site.key=@/site.key");
    tls_write_pair("site", 2, "DNS:site.test");
    tls_open();
    struct tls_certificate all[TLS_CERTIFICATES_MAX];
    cr_assert_eq(tls_store_certificates(tls.store, all), 2);
    cr_assert_str_eq(all[0].name, "default");
    cr_assert_str_eq(all[1].name, "site");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(all[i].not_before_s, tls.now - HOUR);
        cr_assert_eq(all[i].not_after_s, tls.now + DAY);
    }
}

Test(tls_store, a_certificate_is_valid_as_long_as_all_of_its_chain)
{
    tls_write_chain("lm", HOUR);
    tls_open();
    struct tls_certificate all[TLS_CERTIFICATES_MAX];
    cr_assert_eq(tls_store_certificates(tls.store, all), 1);
    cr_assert_eq(all[0].not_before_s, tls.now - HOUR);
    cr_assert_eq(all[0].not_after_s, tls.now + HOUR);
}

Test(tls_store, without_tls_there_is_nothing_to_tell)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    tls_open();
    struct tls_certificate all[TLS_CERTIFICATES_MAX];
    cr_assert_eq(tls_store_certificates(tls.store, all), 0);
    tls_store_log_expiry(tls.store);
}

/* Runs the function with standard error in a file, and returns what came. */
static const char *logged(void)
{
    static char text[4096];
    FILE *f = tmpfile();
    int before = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(f), STDERR_FILENO);
    tls_store_log_expiry(tls.store);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    return text;
}

Test(tls_store, a_certificate_that_ends_soon_is_logged)
{
    tls_open(); /* it has a day left */
    cr_assert_not_null(strstr(logged(), "certificate expires soon"));
    cr_assert_not_null(strstr(logged(), "name=default seconds_left=86400"));
    tls.now -= 29 * DAY; /* now 30 days, but it has not begun */
    cr_assert_not_null(strstr(logged(), "certificate is not valid yet"));
    tls.now += 31 * DAY;
    cr_assert_not_null(strstr(logged(), "certificate has expired"));
}

Test(tls_store, a_certificate_that_has_long_to_go_is_not)
{
    self_sign();
    tls_open(); /* for 90 days */
    cr_assert_str_eq(logged(), "");
    tls.now += 60 * DAY;
    cr_assert_str_eq(logged(), "");
    tls.now += 1;
    cr_assert_not_null(strstr(logged(), "certificate expires soon"));
}
