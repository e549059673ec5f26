#include "load/tls.h"

#include "load/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

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

SSL_CTX *tls_context_new(const struct plan *plan, const char **why)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    *why = "no memory for TLS";
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* An idle connection keeps no buffers; a write may be tried again from elsewhere. A server that
     * closes without close_notify is told by the protocol above it. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (!set_trust(ctx, plan))
        *why = "--ca: that file has no certificate in PEM";
    else if (plan->tls_alpn != NULL && !set_alpn(ctx, plan->tls_alpn))
        *why = "--alpn: names are 1 to 255 bytes, with commas between them";
    else
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

bool tls_start(struct client *c)
{
    const struct plan *plan = c->driver->plan;
    const char *name = plan->tls_name != NULL ? plan->tls_name : c->url->host;
    c->ssl = SSL_new(c->driver->tls);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->io.fd) != 1)
        return false;
    SSL_set_connect_state(c->ssl);
    /* An address is no name for SNI (RFC 6066 section 3), and is verified as an address. */
    X509_VERIFY_PARAM *verify = SSL_get0_param(c->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, name) == 1)
        return true;
    return SSL_set_tlsext_host_name(c->ssl, name) == 1 && SSL_set1_host(c->ssl, name) == 1;
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
    ERR_clear_error();
    return result_of(c, SSL_do_handshake(c->ssl));
}

/* One call gives one record at most, so more are asked for. */
enum tls_result tls_read(struct client *c, uint8_t *to, size_t cap, size_t *got)
{
    size_t n = 0;
    enum tls_result r = TLS_DONE;
    *got = 0;
    while (r == TLS_DONE && *got < cap) {
        ERR_clear_error();
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
        ERR_clear_error();
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
    ERR_clear_error();
    SSL_shutdown(c->ssl);
}

void tls_stop(struct client *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
}

const char *tls_reason(const struct client *c)
{
    long verified = SSL_get_verify_result(c->ssl);
    unsigned long error = ERR_peek_error();
    if (verified != X509_V_OK && c->driver->plan->tls_verify)
        return X509_verify_cert_error_string(verified);
    const char *reason = error == 0 ? NULL : ERR_reason_error_string(error);
    return reason != NULL ? reason : "the connection broke";
}
