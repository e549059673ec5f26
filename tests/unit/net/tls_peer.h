/* A TLS client in memory: OpenSSL between two memory BIOs. The test carries the ciphertext. */
#pragma once

#include "unit/expect.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls_peer {
    SSL *ssl;
    BIO *in;  /* what the server sent */
    BIO *out; /* what is for the server */
};

/* min and max are protocol versions, 0 for any; `session` to be resumed, or NULL. */
static inline void tls_peer_init(struct tls_peer *p, int min, int max, SSL_SESSION *session)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    cr_assert_not_null(ctx);
    SSL_CTX_set_security_level(ctx, 0); /* old versions are for the server to refuse */
    SSL_CTX_set_min_proto_version(ctx, min);
    SSL_CTX_set_max_proto_version(ctx, max);
    *p = (struct tls_peer){
        .ssl = SSL_new(ctx), .in = BIO_new(BIO_s_mem()), .out = BIO_new(BIO_s_mem())};
    SSL_CTX_free(ctx);
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_connect_state(p->ssl);
    if (session != NULL)
        cr_assert_eq(SSL_set_session(p->ssl, session), 1);
}

static inline void tls_peer_deinit(struct tls_peer *p)
{
    SSL_free(p->ssl);
    ERR_clear_error();
}

/* Takes what it has for the server. */
static inline size_t tls_peer_output(struct tls_peer *p, uint8_t *out, size_t size)
{
    int n = BIO_read(p->out, out, (int)size);
    return n > 0 ? (size_t)n : 0;
}

static inline void tls_peer_input(struct tls_peer *p, struct span bytes)
{
    if (bytes.len > 0)
        cr_assert_eq(BIO_write(p->in, bytes.ptr, (int)bytes.len), (int)bytes.len);
}
