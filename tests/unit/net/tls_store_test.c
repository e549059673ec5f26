/* Certificates and ticket keys, seen through handshakes in memory. The clock is the test's. */
#include "config.h"
#include "net/tls.h"
#include "net/tls_internal.h"
#include "unit/alloc_fail.h"
#include "unit/net/tls_peer.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 60 * 60 };

static time_t now = 1800000000;

/* In the place of libc's, for the store and for OpenSSL. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = now;
    return now;
}

static struct config config;
static struct tls_store *store;
static char dir[32], cert_path[64], key_path[64], error[CONFIG_TEXT_BYTES_MAX];
static char server_name[] = "s.test", empty[] = "";

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *f = fopen(path, "w");
    cr_assert_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

/* A certificate with that serial number, and its key. */
static void write_pair(long serial)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -HOUR);
    X509_gmtime_adj(X509_getm_notAfter(cert), 24 * HOUR);
    X509_set_pubkey(cert, key);
    cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
    FILE *f = fopen(cert_path, "w");
    cr_assert_eq(PEM_write_X509(f, cert), 1);
    fclose(f);
    write_key(key_path, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void setup(void)
{
    strcpy(dir, "/tmp/tls_store_test.XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", dir);
    snprintf(key_path, sizeof(key_path), "%s/key.pem", dir);
    config.server.name = server_name;
    config.tls.certificate = cert_path;
    config.tls.key = key_path;
    write_pair(1);
}

static void teardown(void)
{
    tls_store_free(store);
    unlink(cert_path);
    unlink(key_path);
    rmdir(dir);
}

TestSuite(tls_store, .init = setup, .fini = teardown);

static void open_store(void)
{
    expect_ok(tls_store_new(&store, &config, error, sizeof(error)));
}

/* The server's side of a handshake with the peer; NULL if they do not agree. */
static SSL *shake(struct tls_peer *p)
{
    SSL *server = tls_store_session(store);
    cr_assert_not_null(server);
    SSL_set_accept_state(server);
    BIO_up_ref(p->out);
    BIO_up_ref(p->in);
    SSL_set_bio(server, p->out, p->in);
    for (int turn = 0; turn < 8; turn++) {
        SSL_do_handshake(p->ssl);
        SSL_do_handshake(server);
    }
    char none;
    SSL_read(p->ssl, &none, 1); /* takes the tickets */
    ERR_clear_error();
    if (SSL_is_init_finished(server) && SSL_is_init_finished(p->ssl))
        return server;
    SSL_free(server);
    return NULL;
}

static long serial_seen(void)
{
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL *server = shake(&p);
    cr_assert_not_null(server);
    X509 *cert = SSL_get1_peer_certificate(p.ssl);
    long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));
    X509_free(cert);
    SSL_free(server);
    tls_peer_deinit(&p);
    return serial;
}

/* --- certificates ------------------------------------------------------------------------ */

Test(tls_store, shows_the_certificate_of_the_files)
{
    open_store();
    cr_assert_eq(serial_seen(), 1);
}

Test(tls_store, a_self_signed_certificate_names_the_server_and_loopback)
{
    config.tls.self_signed = true;
    config.tls.certificate = config.tls.key = empty;
    open_store();
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL *server = shake(&p);
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
    config.tls.certificate = config.tls.key = empty;
    open_store();
    expect_ok(tls_store_reload(store, &config, error, sizeof(error)));
}

static void expect_refused(const char *setting, const char *what)
{
    store = NULL;
    expect_err(tls_store_new(&store, &config, error, sizeof(error)), ERR_TLS);
    cr_assert_null(store);
    cr_assert_eq(strncmp(error, setting, strlen(setting)), 0, "%s", error);
    cr_assert_not_null(strstr(error, what), "%s", error);
    cr_assert_null(strchr(error, '\n'));
}

Test(tls_store, a_certificate_that_is_not_there_is_told)
{
    unlink(cert_path);
    expect_refused("tls.certificate:", cert_path);
}

Test(tls_store, a_certificate_that_is_none_is_told)
{
    write_text(cert_path, "hello\n");
    expect_refused("tls.certificate:", cert_path);
}

Test(tls_store, an_empty_certificate_is_told)
{
    write_text(cert_path, "");
    expect_refused("tls.certificate:", cert_path);
}

Test(tls_store, a_key_that_is_not_there_is_told)
{
    unlink(key_path);
    expect_refused("tls.key:", key_path);
}

Test(tls_store, a_key_that_is_none_is_told)
{
    write_text(key_path, "hello\n");
    expect_refused("tls.key:", key_path);
}

Test(tls_store, a_key_of_another_certificate_is_told)
{
    EVP_PKEY *other = EVP_EC_gen("P-256");
    write_key(key_path, other);
    EVP_PKEY_free(other);
    expect_refused("tls.key:", key_path);
}

Test(tls_store, without_memory_there_is_no_store)
{
    alloc_fail_after(0);
    enum err e = tls_store_new(&store, &config, error, sizeof(error));
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
}

/* --- reading again ----------------------------------------------------------------------- */

Test(tls_store, a_reload_shows_the_new_certificate)
{
    open_store();
    write_pair(2);
    expect_ok(tls_store_reload(store, &config, error, sizeof(error)));
    cr_assert_eq(serial_seen(), 2);
}

Test(tls_store, a_reload_of_a_broken_file_keeps_the_old)
{
    open_store();
    write_text(cert_path, "-----BEGIN CERTIFICATE-----\nbroken\n");
    expect_err(tls_store_reload(store, &config, error, sizeof(error)), ERR_TLS);
    cr_assert_not_null(strstr(error, "tls.certificate"), "%s", error);
    cr_assert_eq(serial_seen(), 1);
}

Test(tls_store, a_reload_of_half_a_pair_keeps_the_old)
{
    open_store();
    EVP_PKEY *other = EVP_EC_gen("P-256");
    write_key(key_path, other);
    EVP_PKEY_free(other);
    expect_err(tls_store_reload(store, &config, error, sizeof(error)), ERR_TLS);
    cr_assert_eq(serial_seen(), 1);
}

Test(tls_store, a_session_keeps_what_it_began_with)
{
    open_store();
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL *server = shake(&p);
    write_pair(2);
    expect_ok(tls_store_reload(store, &config, error, sizeof(error)));
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
    SSL *server = shake(&p);
    SSL_free(server);
    tls_peer_deinit(&p);
    return server != NULL;
}

Test(tls_store, speaks_tls_1_2_and_1_3_and_nothing_older)
{
    open_store();
    cr_assert(speaks(TLS1_3_VERSION));
    cr_assert(speaks(TLS1_2_VERSION));
    cr_assert_not(speaks(TLS1_1_VERSION));
    cr_assert_not(speaks(TLS1_VERSION));
}

Test(tls_store, refuses_to_renegotiate)
{
    open_store();
    struct tls_peer p;
    tls_peer_init(&p, 0, TLS1_2_VERSION, NULL);
    SSL *server = shake(&p);
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

/* --- tickets ----------------------------------------------------------------------------- */

/* A session to be resumed later. */
static SSL_SESSION *get_ticket(int version)
{
    struct tls_peer p;
    tls_peer_init(&p, version, version, NULL);
    SSL *server = shake(&p);
    SSL_SESSION *session = SSL_get1_session(p.ssl);
    cr_assert(SSL_SESSION_has_ticket(session));
    SSL_shutdown(p.ssl); /* else it counts as broken, and is not resumed */
    SSL_free(server);
    tls_peer_deinit(&p);
    return session;
}

static bool resumes(SSL_SESSION *session)
{
    struct tls_peer p;
    int version = SSL_SESSION_get_protocol_version(session);
    tls_peer_init(&p, version, version, session);
    SSL *server = shake(&p);
    cr_assert_not_null(server, "a ticket that is of no use does no harm");
    bool reused = SSL_session_reused(server);
    SSL_free(server);
    tls_peer_deinit(&p);
    return reused;
}

/* The name of the key that encrypted it. */
static void key_name(const SSL_SESSION *session, uint8_t name[16])
{
    const uint8_t *ticket;
    size_t len;
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    cr_assert_geq(len, 16);
    memcpy(name, ticket, 16);
}

static bool same_key(void)
{
    static uint8_t before[16];
    uint8_t name[16];
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    key_name(session, name);
    SSL_SESSION_free(session);
    bool same = memcmp(name, before, 16) == 0;
    memcpy(before, name, 16);
    return same;
}

Test(tls_store, a_ticket_resumes_its_session)
{
    open_store();
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        SSL_SESSION *session = get_ticket(versions[i]);
        cr_assert(resumes(session), "%d", i);
        SSL_SESSION_free(session);
    }
}

Test(tls_store, a_ticket_outlives_a_reload)
{
    open_store();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    expect_ok(tls_store_reload(store, &config, error, sizeof(error)));
    cr_assert(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_store, a_ticket_of_another_server_resumes_nothing)
{
    open_store();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    tls_store_free(store);
    open_store();
    cr_assert_not(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_store, a_ticket_that_was_changed_resumes_nothing)
{
    open_store();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    const uint8_t *ticket;
    size_t ticket_len;
    SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
    uint8_t *der = NULL;
    int der_len = i2d_SSL_SESSION(session, &der);
    cr_assert_gt(der_len, 0);
    uint8_t *in_der = memmem(der, (size_t)der_len, ticket, ticket_len);
    cr_assert_not_null(in_der);
    in_der[ticket_len / 2] ^= 1;
    const uint8_t *p = der;
    SSL_SESSION *changed = d2i_SSL_SESSION(NULL, &p, der_len);
    cr_assert_not(resumes(changed));
    cr_assert(resumes(session));
    OPENSSL_free(der);
    SSL_SESSION_free(changed);
    SSL_SESSION_free(session);
}

Test(tls_store, ticket_keys_rotate_each_hour)
{
    open_store();
    same_key();
    now += HOUR - 1;
    cr_assert(same_key());
    now += 1;
    cr_assert_not(same_key());
    cr_assert(same_key());
}

Test(tls_store, a_ticket_of_the_key_before_is_still_good)
{
    open_store();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    now += HOUR;
    same_key();
    cr_assert(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_store, a_ticket_of_a_key_that_is_forgotten_resumes_nothing)
{
    open_store();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    for (int i = 0; i < 3; i++) {
        now += HOUR;
        same_key();
    }
    now -= 3 * HOUR; /* it is not for its age that it is refused */
    cr_assert_not(resumes(session));
    SSL_SESSION_free(session);
}
