/* The certificates in force and the session-ticket keys, shared by all loops; how sessions begin.
 */
#include "net/tls/tls.h"

#include "core/log.h"
#include "net/tls/tls_internal.h"
#include "net/tls/tls_set.h"
#include "net/tls/tls_tickets.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CLIENT_CHAIN_DEPTH_MAX = 5, /* authorities between it and one that we trust */
};

struct tls_store {
    pthread_mutex_t
        lock; /* guards the set; only a reload, of which there is one at a time, sets it */
    struct tls_set *set; /* NULL: no TLS is configured */
    struct tls_tickets tickets;
};

/* --- the store --------------------------------------------------------------------------- */

/* SSL_CTX_set_tlsext_servername_callback(3). The set may be newer than the session's context. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    struct tls_store *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    int result = SSL_TLSEXT_ERR_NOACK;
    unsigned number;
    pthread_mutex_lock(&s->lock);
    if (sni_find(&s->set->names, span_str(name), &number))
        result = SSL_set_SSL_CTX(ssl, s->set->contexts[number]) == NULL ? SSL_TLSEXT_ERR_ALERT_FATAL
                                                                        : SSL_TLSEXT_ERR_OK;
    pthread_mutex_unlock(&s->lock);
    if (result == SSL_TLSEXT_ERR_ALERT_FATAL)
        *alert = SSL_AD_INTERNAL_ERROR;
    return result;
}

static const uint8_t SESSION_CONTEXT[] = "simul", ASKED_SESSION_CONTEXT[] = "simul asked";

/* Reads a set whose contexts are tied to the store. */
static enum err read_set(struct tls_store *s, const struct config *config, struct tls_set **out,
                         char *error, size_t error_bytes)
{
    enum err e = tls_set_new(out, config, s->set, error, error_bytes);
    for (size_t i = 0; *out != NULL && i < (*out)->count; i++) {
        SSL_CTX *ctx = (*out)->contexts[i];
        SSL_CTX_set_session_id_context(ctx, SESSION_CONTEXT, sizeof(SESSION_CONTEXT) - 1);
        SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, s);
        tls_tickets_use(&s->tickets, ctx);
    }
    return e;
}

enum err tls_store_new(struct tls_store **out, const struct config *config, char *error,
                       size_t error_bytes)
{
    struct tls_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    tls_tickets_init(&s->tickets);
    enum err e = read_set(s, config, &s->set, error, error_bytes);
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
    tls_set_free(s->set);
    tls_tickets_deinit(&s->tickets);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum err tls_store_reload(struct tls_store *s, const struct config *config, char *error,
                          size_t error_bytes)
{
    struct tls_set *fresh;
    enum err e = read_set(s, config, &fresh, error, error_bytes);
    if (e != OK || fresh == NULL)
        return e; /* until listeners that speak TLS have closed they need the old set, so it stays
                   */
    pthread_mutex_lock(&s->lock);
    struct tls_set *old = s->set;
    s->set = fresh;
    pthread_mutex_unlock(&s->lock);
    tls_set_free(old);
    return OK;
}

size_t tls_store_certificates(struct tls_store *s, struct tls_certificate out[TLS_CERTIFICATES_MAX])
{
    pthread_mutex_lock(&s->lock);
    size_t count = s->set == NULL ? 0 : s->set->count;
    if (count > 0)
        memcpy(out, s->set->certificates, count * sizeof(out[0]));
    pthread_mutex_unlock(&s->lock);
    return count;
}

void tls_store_log_expiry(struct tls_store *s)
{
    struct tls_certificate all[TLS_CERTIFICATES_MAX];
    size_t count = tls_store_certificates(s, all);
    int64_t now = time(NULL);
    for (size_t i = 0; i < count; i++) {
        int64_t left = all[i].not_after_s - now;
        const char *what = all[i].not_before_s > now ? "certificate is not valid yet"
                           : left <= 0               ? "certificate has expired"
                                                     : "certificate expires soon";
        if (all[i].not_before_s > now || left < TLS_EXPIRY_WARNING_S)
            LOG_WARN(what, LOG_STR("name", all[i].name), LOG_INT("seconds_left", left));
    }
}

/* --- sessions ---------------------------------------------------------------------------- */

/* SSL_CTX_set_verify(3): whoever the certificate says it is, its fingerprint is what counts. What
 * is wrong with it must not stay in the error queue, where the handshake's next step would find it.
 */
static int accept_any(int is_valid, X509_STORE_CTX *ctx)
{
    (void)ctx;
    if (!is_valid)
        ERR_clear_error();
    return 1;
}

/* Each connection shows its certificate anew: a session of a listener that did not ask for one, or
 * trusted another authority, cannot be resumed here. */
static bool ask(SSL *ssl, enum config_client_certificates wanted, bool has_authorities)
{
    bool is_required = wanted == CONFIG_CLIENT_CERTIFICATES_REQUIRE;
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_set_max_cert_list(ssl, TLS_CLIENT_CHAIN_BYTES_MAX);
    SSL_set_verify_depth(ssl, CLIENT_CHAIN_DEPTH_MAX);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                   is_required || has_authorities ? NULL : accept_any);
    return SSL_set_num_tickets(ssl, 0) == 1 &&
           SSL_set_session_id_context(ssl, ASKED_SESSION_CONTEXT,
                                      sizeof(ASKED_SESSION_CONTEXT) - 1) == 1;
}

SSL *tls_store_session(struct tls_store *s, enum config_client_certificates wanted)
{
    pthread_mutex_lock(&s->lock);
    SSL *ssl = SSL_new(s->set->contexts[0]);
    bool has_authorities = s->set->authorities != NULL;
    pthread_mutex_unlock(&s->lock);
    if (ssl != NULL && wanted != CONFIG_CLIENT_CERTIFICATES_OFF &&
        !ask(ssl, wanted, has_authorities)) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}
