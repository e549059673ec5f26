/* A store of certificates that the test makes, seen through handshakes in memory. The clock is the
 * test's. */
#pragma once

#include "config/config.h"
#include "net/tls/tls.h"
#include "net/tls/tls_internal.h"
#include "unit/net/tls_peer.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 60 * 60, DAY = 24 * HOUR, SETTINGS_MAX = 24 };

static struct {
    time_t now;
    struct config config;
    char settings[SETTINGS_MAX][256];
    size_t setting_count;
    struct tls_store *store;
    enum config_client_certificates wanted; /* of clients */
    char dir[32];
    char error[CONFIG_TEXT_BYTES_MAX];
} tls = {.now = 1800000000};

/* In the place of libc's, for the store and for OpenSSL. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = tls.now;
    return tls.now;
}

/* --- files ------------------------------------------------------------------------------- */

/* The path of a file in the test's folder; good until the next four calls. */
static inline const char *tls_path(const char *name)
{
    static char paths[4][64];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", tls.dir, name);
    return path;
}

static inline void tls_write_text(const char *name, const char *text)
{
    FILE *f = fopen(tls_path(name), "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static inline void tls_write_key(const char *name, EVP_PKEY *key)
{
    FILE *f = fopen(tls_path(name), "w");
    cr_assert_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
}

static inline void tls_extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    cr_assert_not_null(extension);
    cr_assert_eq(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate with this serial number for a day and an hour, which began an hour ago, and names
 * ("DNS:a.test,DNS:b.test", or NULL), signed by the issuer's, or by itself. The caller frees both.
 */
static inline X509 *tls_certify(EVP_PKEY **key, long serial, const char *names, X509 *issuer,
                                EVP_PKEY *issuer_key)
{
    *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    char name[32];
    snprintf(name, sizeof(name), "serial %ld", serial);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const uint8_t *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer == NULL ? cert : issuer));
    X509_gmtime_adj(X509_getm_notBefore(cert), -HOUR);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY);
    X509_set_pubkey(cert, *key);
    if (names != NULL)
        tls_extend(cert, NID_subject_alt_name, names);
    if (issuer == NULL)
        tls_extend(cert, NID_basic_constraints, "critical,CA:TRUE");
    cr_assert_gt(X509_sign(cert, issuer == NULL ? *key : issuer_key, EVP_sha256()), 0);
    return cert;
}

static inline void tls_write_certificate(const char *name, X509 *cert)
{
    FILE *f = fopen(tls_path(name), "w");
    cr_assert_eq(PEM_write_X509(f, cert), 1);
    fclose(f);
}

/* Writes NAME.pem and NAME.key. */
static inline void tls_write_pair(const char *name, long serial, const char *names)
{
    EVP_PKEY *key;
    X509 *cert = tls_certify(&key, serial, names, NULL, NULL);
    char file[32];
    snprintf(file, sizeof(file), "%s.pem", name);
    tls_write_certificate(file, cert);
    snprintf(file, sizeof(file), "%s.key", name);
    tls_write_key(file, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* Writes default.pem, a chain of three, and default.key. Its order is that of the letters ("lmr":
 * leaf, middle, root), where the middle one is good for so long. */
static inline void tls_write_chain(const char *order, long middle_s)
{
    EVP_PKEY *root_key, *middle_key, *leaf_key;
    X509 *root = tls_certify(&root_key, 10, NULL, NULL, NULL);
    X509 *middle = tls_certify(&middle_key, 11, NULL, root, root_key);
    X509_gmtime_adj(X509_getm_notAfter(middle), middle_s);
    cr_assert_gt(X509_sign(middle, root_key, EVP_sha256()), 0);
    X509 *leaf = tls_certify(&leaf_key, 12, "DNS:leaf.test", middle, middle_key);
    tls_write_key("default.key", leaf_key);
    FILE *f = fopen(tls_path("default.pem"), "w");
    for (const char *c = order; *c != '\0'; c++)
        cr_assert_eq(PEM_write_X509(f, *c == 'l' ? leaf : *c == 'm' ? middle : root), 1);
    fclose(f);
    X509 *const certs[] = {root, middle, leaf};
    EVP_PKEY *const keys[] = {root_key, middle_key, leaf_key};
    for (int i = 0; i < 3; i++) {
        X509_free(certs[i]);
        EVP_PKEY_free(keys[i]);
    }
}

/* --- the store --------------------------------------------------------------------------- */

/* Sets a setting for those that are loaded from here on. "@" in a path is the test's folder. */
static inline void tls_set(const char *setting)
{
    cr_assert_lt(tls.setting_count, (size_t)SETTINGS_MAX);
    const char *at = strchr(setting, '@');
    int before = (int)(at == NULL ? strlen(setting) : (size_t)(at - setting));
    snprintf(tls.settings[tls.setting_count++], sizeof(tls.settings[0]), "%.*s%s%s", before,
             setting, at == NULL ? "" : tls.dir, at == NULL ? "" : at + 1);
}

static inline void tls_load(void)
{
    static struct config_report report;
    const char *overrides[SETTINGS_MAX];
    for (size_t i = 0; i < tls.setting_count; i++)
        overrides[i] = tls.settings[i];
    const struct config_sources sources = {.overrides = overrides,
                                           .override_count = tls.setting_count};
    config_deinit(&tls.config);
    cr_assert_eq(config_load(&tls.config, &sources, &report), OK, "%s", report.error);
}

static inline enum err tls_try_open(void)
{
    tls_load();
    tls.store = NULL;
    return tls_store_new(&tls.store, &tls.config, tls.error, sizeof(tls.error));
}

static inline void tls_open(void)
{
    cr_assert_eq(tls_try_open(), OK, "%s", tls.error);
}

static inline enum err tls_reload(void)
{
    tls_load();
    return tls_store_reload(tls.store, &tls.config, tls.error, sizeof(tls.error));
}

/* Expects that the settings are refused by a line that begins so, and has that in it. */
static inline void tls_expect_told(enum err e, const char *setting, const char *what)
{
    expect_err(e, ERR_TLS);
    cr_assert_eq(strncmp(tls.error, setting, strlen(setting)), 0, "%s", tls.error);
    cr_assert_not_null(strstr(tls.error, what), "%s", tls.error);
    cr_assert_null(strchr(tls.error, '\n'));
}

static inline void tls_expect_refused(const char *setting, const char *what)
{
    enum err e = tls_try_open();
    cr_assert_null(tls.store);
    tls_expect_told(e, setting, what);
}

static inline void tls_setup(void)
{
    strcpy(tls.dir, "/tmp/tls_store_test.XXXXXX");
    cr_assert_not_null(mkdtemp(tls.dir));
    tls_write_pair("default", 1, "DNS:default.test");
    tls_set("server.name=s.test");
    tls_set("tls.certificate=@/default.pem");
    tls_set("tls.key=@/default.key");
}

static inline void tls_teardown(void)
{
    tls_store_free(tls.store);
    config_deinit(&tls.config);
    DIR *dir = opendir(tls.dir);
    for (struct dirent *file; (file = readdir(dir)) != NULL;)
        unlink(tls_path(file->d_name));
    closedir(dir);
    rmdir(tls.dir);
}

/* --- handshakes -------------------------------------------------------------------------- */

/* The server's side of a handshake with the peer; NULL if they do not agree. */
static inline SSL *tls_shake(struct tls_peer *p)
{
    SSL *server = tls_store_session(tls.store, tls.wanted);
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

/* The serial number of the certificate that a peer sees who asks for `name`, or for none (NULL), in
 * this version, or any (0). */
static inline long tls_serial_for(const char *name, int version)
{
    struct tls_peer p;
    tls_peer_init(&p, version, version, NULL);
    if (name != NULL)
        cr_assert_eq(SSL_set_tlsext_host_name(p.ssl, name), 1);
    SSL *server = tls_shake(&p);
    cr_assert_not_null(server);
    X509 *cert = SSL_get1_peer_certificate(p.ssl);
    long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));
    X509_free(cert);
    SSL_free(server);
    tls_peer_deinit(&p);
    return serial;
}
