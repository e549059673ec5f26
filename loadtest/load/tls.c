#include "load/tls.h"

#include "load/client.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls {
    SSL_CTX *ctx;
    const struct plan *plan;
    SSL_SESSION *sessions[PLAN_URLS_MAX]; /* the newest of each URL's server; owned; NULL: none */
};

/* --- what is shared ---------------------------------------------------------------------- */

/* "http/1.1,irc" as the protocol writes it: each with its length before it. */
static bool set_alpn(SSL_CTX *ctx, const char *list)
{
    uint8_t wire[256];
    size_t n = 0;
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        if (len == 0 || len > 255 || n + 1 + len > sizeof wire)
            return false;
        wire[n++] = (uint8_t)len;
        memcpy(wire + n, list, len);
        n += len;
        list += len + (list[len] == ',');
    }
    return SSL_CTX_set_alpn_protos(ctx, wire, (unsigned)n) == 0;
}

static bool set_trust(SSL_CTX *ctx, const struct plan *plan)
{
    SSL_CTX_set_verify(ctx, plan->tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (plan->tls_ca != NULL)
        return SSL_CTX_load_verify_file(ctx, plan->tls_ca) == 1;
    return SSL_CTX_set_default_verify_paths(ctx) == 1;
}

/* The server offers a session: in TLS 1.2 with the handshake, in TLS 1.3 in tickets that come
 * behind it (RFC 8446 section 4.6.1). The newest is used until there is a newer one. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    const struct client *c = SSL_get_app_data(ssl);
    struct tls *tls = c->driver->tls;
    SSL_SESSION **kept = &tls->sessions[c->url - tls->plan->urls];
    /* What comes behind a session that was resumed has inherited that it may not be again. */
    if (!SSL_SESSION_is_resumable(session))
        return 0;
    SSL_SESSION_free(*kept);
    *kept = SSL_SESSION_dup(session); /* OpenSSL goes on with this one */
    return 0;
}

static void set_up(SSL_CTX *ctx, const struct plan *plan)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* An idle connection keeps no buffers; a write may be tried again from elsewhere. A server that
     * closes without close_notify is told by the protocol above it. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (!plan->tls_resume)
        return;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
}

struct tls *tls_new(const struct plan *plan, const char **why)
{
    struct tls *tls = calloc(1, sizeof *tls);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || ctx == NULL) {
        free(tls);
        SSL_CTX_free(ctx);
        *why = "no memory for TLS";
        return NULL;
    }
    *tls = (struct tls){.ctx = ctx, .plan = plan};
    set_up(ctx, plan);
    if (!set_trust(ctx, plan))
        *why = "--ca: that file has no certificate in PEM";
    else if (plan->tls_alpn != NULL && !set_alpn(ctx, plan->tls_alpn))
        *why = "--alpn: names are 1 to 255 bytes, with commas between them";
    else
        return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    for (unsigned k = 0; k < PLAN_URLS_MAX; k++)
        SSL_SESSION_free(tls->sessions[k]);
    SSL_CTX_free(tls->ctx);
    free(tls);
}

/* --- a connection ------------------------------------------------------------------------ */

/* An address is no name for SNI (RFC 6066 section 3), and is verified as an address. */
static bool set_name(SSL *ssl, const char *name)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
        return true;
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

/* A copy of the session (NULL: there is none), since OpenSSL resumes one only once, and servers
 * need not send another when it is. */
static bool offer_session(struct client *c, SSL_SESSION *kept)
{
    SSL_set_app_data(c->ssl, c);
    if (kept == NULL)
        return true;
    SSL_SESSION *copy = SSL_SESSION_dup(kept);
    bool ok = copy != NULL && SSL_set_session(c->ssl, copy) == 1;
    SSL_SESSION_free(copy);
    return ok;
}

bool tls_start(struct client *c)
{
    const struct tls *tls = c->driver->tls;
    const struct plan *plan = tls->plan;
    c->ssl = SSL_new(tls->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->io.fd) != 1)
        return false;
    SSL_set_connect_state(c->ssl);
    if (plan->tls_resume && !offer_session(c, tls->sessions[c->url - plan->urls]))
        return false;
    return set_name(c->ssl, plan->tls_name != NULL ? plan->tls_name : c->url->host);
}

/* So that tls_reason finds only what the next call left. */
static void forget_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

static enum tls_result result_of(const struct client *c, int r)
{
    switch (SSL_get_error(c->ssl, r)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_EOF;
    default:
        return TLS_FAILED;
    }
}

enum tls_result tls_handshake(struct client *c)
{
    forget_errors();
    return result_of(c, SSL_do_handshake(c->ssl));
}

/* One call gives one record at most, so more are asked for. */
enum tls_result tls_read(struct client *c, uint8_t *to, size_t cap, size_t *got)
{
    size_t n = 0;
    enum tls_result r = TLS_DONE;
    *got = 0;
    while (r == TLS_DONE && *got < cap) {
        forget_errors();
        r = result_of(c, SSL_read_ex(c->ssl, to + *got, cap - *got, &n) == 1 ? 1 : 0);
        if (r == TLS_DONE)
            *got += n;
    }
    return *got > 0 ? TLS_DONE : r;
}

enum tls_result tls_write(struct client *c, const uint8_t *from, size_t len, size_t *taken)
{
    size_t n = 0;
    enum tls_result r = TLS_DONE;
    *taken = 0;
    while (r == TLS_DONE && *taken < len) {
        forget_errors();
        r = result_of(c, SSL_write_ex(c->ssl, from + *taken, len - *taken, &n) == 1 ? 1 : 0);
        if (r == TLS_DONE)
            *taken += n;
    }
    return r;
}

bool tls_was_resumed(const struct client *c)
{
    return SSL_session_reused(c->ssl) == 1;
}

void tls_shutdown(struct client *c)
{
    if (c->ssl == NULL || !SSL_is_init_finished(c->ssl))
        return;
    forget_errors();
    SSL_shutdown(c->ssl);
}

void tls_stop(struct client *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
}

/* Why the certificate is not trusted. */
static const char *verify_reason(long result)
{
    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the certificate is for another name: give that with --sni, or -k not to verify";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "the certificate has expired: -k does not verify it";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "a self-signed certificate: trust it with --ca FILE, or -k not to verify";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "nobody trusted has signed the certificate: --ca FILE, or -k not to verify";
    default:
        return X509_verify_cert_error_string(result);
    }
}

const char *tls_reason(const struct client *c)
{
    int broken = errno;
    long verified = SSL_get_verify_result(c->ssl);
    unsigned long error = ERR_peek_error();
    if (verified != X509_V_OK && c->driver->tls->plan->tls_verify)
        return verify_reason(verified);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
        return "what answers there is not TLS";
    const char *reason = error == 0 ? NULL : ERR_reason_error_string(error);
    if (reason != NULL)
        return reason;
    return broken != 0 ? strerror(broken) : "closed by the server";
}
