#include "net/tls/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SELF_SIGNED_DAYS = 90 };

/* --- from files -------------------------------------------------------------------------- */

/* The usual mistakes, of which OpenSSL speaks in words of its own. */
static const struct {
    int library, reason;
    const char *words;
} MISTAKES[] = {
    {ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH, "it does not belong to the certificate"},
    {ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH, "it does not belong to the certificate"},
    {ERR_LIB_SSL, SSL_R_NO_CERTIFICATE_ASSIGNED, "it does not belong to the certificate"},
    {ERR_LIB_CRYPTO, ERR_R_INTERRUPTED_OR_CANCELLED, "it has a passphrase; store it without one"},
    {ERR_LIB_PEM, PEM_R_NO_START_LINE, "it holds none; give a PEM file that does"},
    {ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED, "it holds none; give a PEM file that does"},
};

static const char *find_mistake(unsigned long code)
{
    for (size_t i = 0; i < sizeof(MISTAKES) / sizeof(MISTAKES[0]); i++)
        if (ERR_GET_LIB(code) == MISTAKES[i].library && ERR_GET_REASON(code) == MISTAKES[i].reason)
            return MISTAKES[i].words;
    return NULL;
}

enum err tls_certificate_explain(const char *section, const char *key, const char *path,
                                 char *error, size_t error_bytes)
{
    unsigned long code = ERR_peek_error();
    const char *mistake = find_mistake(code);
    const char *reason = mistake != NULL          ? mistake
                         : ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                                  : ERR_reason_error_string(code);
    snprintf(error, error_bytes, "%s.%s: cannot use '%s': %s%s", section, key, path,
             reason == NULL ? "unknown reason" : reason,
             mistake == NULL ? "; give a PEM file that simuld can read" : "");
    ERR_clear_error();
    return ERR_TLS;
}

/* In the place of OpenSSL's own, which would ask the terminal. */
static int refuse_to_ask(char *password, int size, int is_writing, void *ctx)
{
    (void)password;
    (void)size;
    (void)is_writing;
    (void)ctx;
    return -1;
}

enum err tls_certificate_load(SSL_CTX *ctx, const char *section, const char *certificate,
                              const char *key, char *error, size_t error_bytes)
{
    SSL_CTX_set_default_passwd_cb(ctx, refuse_to_ask);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
        return tls_certificate_explain(section, "certificate", certificate, error, error_bytes);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return tls_certificate_explain(section, "key", key, error, error_bytes);
    return OK;
}

/* --- of our own making ------------------------------------------------------------------- */

static bool add_names(X509 *cert, const char *server_name)
{
    char names[512];
    snprintf(names, sizeof(names), "DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1", server_name);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool ok = san != NULL && X509_add_ext(cert, san, -1) == 1;
    X509_EXTENSION_free(san);
    return ok;
}

enum err tls_certificate_make(SSL_CTX *ctx, const char *server_name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    enum err e = ERR_TLS;
    uint64_t serial;
    if (key == NULL || cert == NULL || RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
        goto out;
    X509_NAME *name = X509_get_subject_name(cert);
    if (X509_set_version(cert, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(cert), -60 * 60) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(cert), SELF_SIGNED_DAYS * 24L * 60 * 60) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)server_name, -1, -1,
                                   0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
        add_names(cert, server_name) && X509_sign(cert, key, EVP_sha256()) > 0 &&
        SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1)
        e = OK;
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    return e;
}

/* --- what it says ------------------------------------------------------------------------ */

static int64_t seconds_of(const ASN1_TIME *when)
{
    struct tm tm;
    return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* NULL beyond the last. */
static X509 *certificate_at(SSL_CTX *ctx, unsigned at)
{
    STACK_OF(X509) *others = NULL;
    if (at == 0)
        return SSL_CTX_get0_certificate(ctx);
    SSL_CTX_get0_chain_certs(ctx, &others);
    return sk_X509_value(others, (int)at - 1);
}

bool tls_certificate_link(SSL_CTX *ctx, unsigned at, struct tls_link *out)
{
    X509 *cert = certificate_at(ctx, at);
    if (cert == NULL)
        return false;
    X509_NAME_oneline(X509_get_subject_name(cert), out->subject, sizeof(out->subject));
    out->fits = at == 0 || X509_check_issued(cert, certificate_at(ctx, at - 1)) == X509_V_OK;
    out->not_before_s = seconds_of(X509_get0_notBefore(cert));
    out->not_after_s = seconds_of(X509_get0_notAfter(cert));
    return true;
}

void tls_certificate_validity(SSL_CTX *ctx, int64_t *not_before_s, int64_t *not_after_s)
{
    struct tls_link link;
    *not_before_s = INT64_MIN;
    *not_after_s = INT64_MAX;
    for (unsigned i = 0; tls_certificate_link(ctx, i, &link); i++) {
        if (link.not_before_s > *not_before_s)
            *not_before_s = link.not_before_s;
        if (link.not_after_s < *not_after_s)
            *not_after_s = link.not_after_s;
    }
}

enum err tls_certificate_names(SSL_CTX *ctx, struct sni *sni, unsigned number, size_t *count,
                               char name[SNI_NAME_BYTES_MAX + 1])
{
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    enum err e = OK;
    *count = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && e == OK; i++) {
        const GENERAL_NAME *general = sk_GENERAL_NAME_value(all, i);
        if (general->type != GEN_DNS)
            continue;
        struct span text = span_of(ASN1_STRING_get0_data(general->d.dNSName),
                                   (size_t)ASN1_STRING_length(general->d.dNSName));
        if (text.len == 0 || text.len > SNI_NAME_BYTES_MAX)
            continue; /* nobody can ask for it */
        e = sni_add(sni, text, number);
        snprintf(name, SNI_NAME_BYTES_MAX + 1, "%.*s", SPAN_ARG(text));
        (*count)++;
    }
    GENERAL_NAMES_free(all);
    ERR_clear_error();
    return e;
}
