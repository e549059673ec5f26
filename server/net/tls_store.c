/* The certificate in force and the session-ticket keys, shared by all loops. */
#include "net/tls.h"

#include "config.h"
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TICKET_KEYS = 3,              /* the newest encrypts, all decrypt */
    TICKET_KEY_SECONDS = 60 * 60, /* then a new one takes its place */
    SELF_SIGNED_DAYS = 30,
};

struct ticket_key {
    uint8_t name[16];
    uint8_t aes[32];
    uint8_t hmac[32];
    time_t made; /* 0: none */
};

struct tls_store {
    pthread_mutex_t lock; /* guards the two below */
    SSL_CTX *ctx;         /* NULL: no TLS is configured */
    struct ticket_key keys[TICKET_KEYS];
};

/* --- session tickets --------------------------------------------------------------------- */

static bool make_key(struct ticket_key *k, time_t now)
{
    bool ok = RAND_bytes(k->name, sizeof(k->name)) == 1 &&
              RAND_bytes(k->aes, sizeof(k->aes)) == 1 && RAND_bytes(k->hmac, sizeof(k->hmac)) == 1;
    k->made = ok ? now : 0; /* a key that could be guessed is none */
    return ok;
}

/* The key that encrypts now; a copy, so that nothing is used outside the lock. */
static bool newest_key(struct tls_store *s, struct ticket_key *out)
{
    time_t now = time(NULL);
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    if (s->keys[0].made == 0 || now - s->keys[0].made >= TICKET_KEY_SECONDS) {
        memmove(&s->keys[1], &s->keys[0], sizeof(s->keys[0]) * (TICKET_KEYS - 1));
        ok = make_key(&s->keys[0], now);
    }
    *out = s->keys[0];
    pthread_mutex_unlock(&s->lock);
    return ok;
}

/* The key of this name: 0 none, 1 the newest, 2 an older one. */
static int find_key(struct tls_store *s, const uint8_t name[16], struct ticket_key *out)
{
    int found = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < TICKET_KEYS && found == 0; i++) {
        if (s->keys[i].made == 0 || memcmp(s->keys[i].name, name, 16) != 0)
            continue;
        *out = s->keys[i];
        found = i == 0 ? 1 : 2;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static bool begin_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("key", key->hmac, sizeof(key->hmac)),
        OSSL_PARAM_construct_utf8_string("digest", (char[]){"sha256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3). 1: go on; 2: go on and issue a new ticket; 0: do a full
 * handshake; -1: fail. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_encrypting)
{
    struct tls_store *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int result = 1;
    if (is_encrypting) {
        if (!newest_key(s, &key) || RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
            return -1;
        memcpy(name, key.name, sizeof(key.name));
        if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) != 1)
            result = -1;
    } else {
        result = find_key(s, name, &key);
        if (result == 0)
            return 0;
        if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) != 1)
            result = -1;
    }
    if (result > 0 && !begin_mac(mac, &key))
        result = -1;
    OPENSSL_cleanse(&key, sizeof(key));
    return result;
}

/* --- certificates ------------------------------------------------------------------------ */

static enum err explain(char *error, size_t bytes, const char *what, const char *path)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    snprintf(error, bytes, "%s: cannot use '%s': %s; give a PEM file that simuld can read", what,
             path, reason == NULL ? "unknown reason" : reason);
    ERR_clear_error();
    return ERR_TLS;
}

static enum err load_files(SSL_CTX *ctx, const struct config *config, char *error, size_t bytes)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, config->tls.certificate) != 1)
        return explain(error, bytes, "tls.certificate", config->tls.certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, config->tls.key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return explain(error, bytes, "tls.key", config->tls.key);
    return OK;
}

static bool add_names(X509 *cert, const char *server_name)
{
    char names[512];
    snprintf(names, sizeof(names), "DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1", server_name);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool ok = san != NULL && X509_add_ext(cert, san, -1) == 1;
    X509_EXTENSION_free(san);
    return ok;
}

/* A throw-away certificate for the server's name and the loopback addresses. */
static enum err make_self_signed(SSL_CTX *ctx, const struct config *config)
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
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)config->server.name,
                                   -1, -1, 0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
        add_names(cert, config->server.name) && X509_sign(cert, key, EVP_sha256()) > 0 &&
        SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1)
        e = OK;
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    return e;
}

static const uint8_t SESSION_CONTEXT[] = "simul";

static enum err make_context(struct tls_store *s, const struct config *config, SSL_CTX **out,
                             char *error, size_t bytes)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return ERR_NOMEM;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets hold the state */
    SSL_CTX_set_session_id_context(ctx, SESSION_CONTEXT, sizeof(SESSION_CONTEXT) - 1);
    SSL_CTX_set_app_data(ctx, s);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    enum err e;
    if (config->tls.self_signed) {
        e = make_self_signed(ctx, config);
        if (e != OK)
            snprintf(error, bytes, "tls.self_signed: OpenSSL could not make a certificate");
    } else {
        e = load_files(ctx, config, error, bytes);
    }
    if (e != OK) {
        SSL_CTX_free(ctx);
        return e;
    }
    *out = ctx;
    return OK;
}

static bool is_configured(const struct config *config)
{
    return config->tls.self_signed || config->tls.certificate[0] != '\0';
}

enum err tls_store_new(struct tls_store **out, const struct config *config, char *error,
                       size_t error_bytes)
{
    struct tls_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    enum err e = OK;
    if (is_configured(config))
        e = make_context(s, config, &s->ctx, error, error_bytes);
    if (e != OK) {
        tls_store_free(s);
        return e;
    }
    *out = s;
    return OK;
}

void tls_store_free(struct tls_store *s)
{
    if (s == NULL)
        return;
    SSL_CTX_free(s->ctx);
    pthread_mutex_destroy(&s->lock);
    OPENSSL_cleanse(s->keys, sizeof(s->keys));
    free(s);
}

enum err tls_store_reload(struct tls_store *s, const struct config *config, char *error,
                          size_t error_bytes)
{
    if (s->ctx == NULL || config->tls.self_signed)
        return OK; /* there is nothing to read */
    SSL_CTX *fresh;
    enum err e = make_context(s, config, &fresh, error, error_bytes);
    if (e != OK)
        return e;
    pthread_mutex_lock(&s->lock);
    SSL_CTX *old = s->ctx;
    s->ctx = fresh;
    pthread_mutex_unlock(&s->lock);
    SSL_CTX_free(old); /* open connections hold their own references */
    return OK;
}

SSL *tls_store_session(struct tls_store *s)
{
    pthread_mutex_lock(&s->lock);
    SSL *ssl = SSL_new(s->ctx);
    pthread_mutex_unlock(&s->lock);
    return ssl;
}
