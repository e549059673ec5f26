/* TLS on a connection. OpenSSL sees no socket: it reads from the ciphertext of this tick's one
 * recv and writes into the loop's ciphertext buffer, which one send empties. */
#include "core/cycles.h"
#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/tls/tls.h"
#include "net/tls/tls_internal.h"
#include "net/transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CIPHER_IN_BYTES = 256 * 1024,
    RECORD_BYTES = 16 * 1024,          /* plaintext of one record */
    SEND_BYTES = 256 * 1024,           /* ciphertext made for one send */
    CIPHER_OUT_BYTES = SEND_BYTES * 2, /* and what a record or a flight of the handshake adds */
};

struct tls_net {
    struct tls_store *store;
    uint8_t *in; /* received ciphertext; rest is what OpenSSL has not taken */
    struct span rest;
    uint8_t *out; /* ciphertext to be sent; empty between two calls of the transport */
    size_t out_len;
    uint8_t *record; /* small pieces are joined here, so that they share a record */
    BIO_METHOD *method;
};

struct tls_conn {
    SSL *ssl;
    struct buf pending;    /* ciphertext that the socket did not take */
    size_t counted;        /* memory_count */
    uint64_t since_cycles; /* when it was accepted */
    bool is_ready;
    bool is_shut;            /* close_notify is made */
    uint32_t identity_bytes; /* held for the certificates that it may show, or has shown */
};

static struct tls_net *tls_of(const struct conn *c)
{
    return conn_net(c)->tls;
}

static void count_memory(struct conn *c)
{
    struct tls_conn *t = c->tls;
    memory_count(&conn_net(c)->memory, &t->counted,
                 sizeof(*t) + MEMORY_TLS_BYTES + t->identity_bytes + t->pending.cap);
}

/* --- OpenSSL's side ---------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *to, int len)
{
    struct tls_net *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->rest.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = t->rest.len < (size_t)len ? t->rest.len : (size_t)len;
    memcpy(to, t->rest.ptr, n);
    t->rest = span_drop(t->rest, n);
    return (int)n;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct tls_net *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t room = CIPHER_OUT_BYTES - t->out_len;
    if (room == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    size_t n = (size_t)len < room ? (size_t)len : room;
    memcpy(t->out + t->out_len, from, n);
    t->out_len += n;
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

enum err tls_net_new(struct tls_net **out, struct tls_store *store)
{
    struct tls_net *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ERR_NOMEM;
    t->store = store;
    t->in = malloc(CIPHER_IN_BYTES);
    t->out = malloc(CIPHER_OUT_BYTES);
    t->record = malloc(RECORD_BYTES);
    t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "simul tick");
    if (t->in == NULL || t->out == NULL || t->record == NULL || t->method == NULL) {
        tls_net_free(t);
        return ERR_NOMEM;
    }
    BIO_meth_set_read(t->method, bio_read);
    BIO_meth_set_write(t->method, bio_write);
    BIO_meth_set_ctrl(t->method, bio_ctrl);
    *out = t;
    return OK;
}

void tls_net_free(struct tls_net *t)
{
    if (t == NULL)
        return;
    BIO_meth_free(t->method);
    free(t->record);
    free(t->out);
    free(t->in);
    free(t);
}

enum err tls_accept(struct conn *c)
{
    struct tls_net *net = tls_of(c);
    struct tls_conn *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ERR_NOMEM;
    enum config_client_certificates wanted =
        conn_net(c)->listeners[c->listener].client_certificates;
    t->ssl = tls_store_session(net->store, wanted);
    BIO *bio = BIO_new(net->method);
    if (t->ssl == NULL || bio == NULL) {
        SSL_free(t->ssl);
        BIO_free(bio);
        free(t);
        return ERR_NOMEM;
    }
    BIO_set_data(bio, net);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    t->since_cycles = cycles_now();
    if (wanted != CONFIG_CLIENT_CERTIFICATES_OFF)
        t->identity_bytes = TLS_CLIENT_CHAIN_BYTES_MAX * TLS_DECODED_BYTES;
    c->tls = t;
    count_memory(c);
    return OK;
}

/* --- the transport's table --------------------------------------------------------------- */

/* Keeps what OpenSSL has just written until the tick's send. */
static enum io_result keep_output(struct conn *c)
{
    struct tls_net *net = tls_of(c);
    if (c->tls->pending.len > CIPHER_OUT_BYTES) {
        errno = ENOBUFS; /* OpenSSL answers a peer that asks on and on and takes no answer */
        return IO_FAILED;
    }
    enum err e = buf_append(&c->tls->pending, span_of(net->out, net->out_len));
    net->out_len = 0;
    count_memory(c);
    return e == OK ? IO_OK : IO_FAILED;
}

/* What an OpenSSL call that could not go on means for the connection. The error queue was empty
 * before the call. */
static enum io_result judge(struct conn *c, int result)
{
    switch (SSL_get_error(c->tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return IO_EOF;
    }
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                                 ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED
                             ? X509_verify_cert_error_string(SSL_get_verify_result(c->tls->ssl))
                             : ERR_reason_error_string(error);
    conn_fail(c, reason == NULL ? "TLS failed" : reason);
    ERR_clear_error();
    errno = EPROTO;
    return IO_FAILED;
}

/* OpenSSL keeps the keys of the exchange until the end of the connection: 6 KiB of them with
 * ML-KEM. Nothing uses them after the handshake, since there is no renegotiation, and to give the
 * key a type empties it. */
static void forget_exchange(SSL *ssl)
{
    EVP_PKEY *keys[2] = {NULL, NULL};
    SSL_get_tmp_key(ssl, &keys[0]);
    SSL_get_peer_tmp_key(ssl, &keys[1]);
    for (int i = 0; i < 2; i++) {
        if (keys[i] != NULL)
            EVP_PKEY_set_type(keys[i], EVP_PKEY_X25519);
        EVP_PKEY_free(keys[i]);
    }
    ERR_clear_error();
}

/* Of the certificates that the peer has shown OpenSSL would keep all; only the first is needed. */
static void forget_chain(struct conn *c)
{
    struct tls_conn *t = c->tls;
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(t->ssl); /* but the first */
    while (sk_X509_num(chain) > 0)
        X509_free(sk_X509_pop(chain));
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    t->identity_bytes = cert == NULL ? 0 : (uint32_t)i2d_X509(cert, NULL) * TLS_DECODED_BYTES;
    count_memory(c);
}

bool tls_peer_fingerprint(const struct conn *c, char out[TLS_FINGERPRINT_CHARS])
{
    X509 *cert = c->tls == NULL ? NULL : SSL_get0_peer_certificate(c->tls->ssl);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;
    if (cert == NULL || X509_digest(cert, EVP_sha256(), digest, &len) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static void log_identity(const struct conn *c)
{
    char fingerprint[TLS_FINGERPRINT_CHARS], subject[LOG_VALUE_BYTES_MAX] = "", peer[ADDR_CHARS];
    if (!log_is_on(LOG_MODULE, LOG_LEVEL_DEBUG) || !tls_peer_fingerprint(c, fingerprint))
        return;
    X509_NAME_oneline(X509_get_subject_name(SSL_get0_peer_certificate(c->tls->ssl)), subject,
                      sizeof(subject));
    LOG_DEBUG("client certificate", LOG_STR("fingerprint", fingerprint),
              LOG_STR("subject", subject), LOG_STR("peer", addr_format(&c->peer, peer)));
}

static void count_handshake(const struct conn *c)
{
    struct loop_metrics *m = &conn_net(c)->loop->metrics;
    metric_add(SSL_session_reused(c->tls->ssl) ? &m->tls_resumed : &m->tls_full, 1);
    hist_add(&m->tls_handshake, cycles_to_ns(cycles_now() - c->tls->since_cycles));
}

static enum io_result decrypt(struct conn *c, uint8_t *to, size_t room, size_t *got)
{
    struct tls_conn *t = c->tls;
    if (!t->is_ready) {
        int done = SSL_do_handshake(t->ssl);
        if (done != 1)
            return judge(c, done);
        t->is_ready = true;
        count_handshake(c);
        forget_exchange(t->ssl);
        if (t->identity_bytes > 0) {
            forget_chain(c);
            log_identity(c);
        }
        c->fresh = true; /* the session begins, whether there is input or not */
    }
    for (;;) {
        int n = SSL_read(t->ssl, to + *got, (int)(room - *got));
        if (n <= 0)
            return judge(c, n);
        *got += (size_t)n;
        if (*got == room)
            return IO_OK;
    }
}

static enum io_result tls_read(struct conn *c, uint8_t *to, size_t cap, size_t *got)
{
    struct tls_net *net = tls_of(c);
    *got = 0;
    metric_add(&conn_net(c)->loop->metrics.reads, 1);
    ssize_t n = recv(c->io.fd, net->in, cap < CIPHER_IN_BYTES ? cap : CIPHER_IN_BYTES, 0);
    if (n == 0 && !c->tls->is_ready) {
        errno = ECONNRESET; /* nobody is left to shake hands with */
        return IO_FAILED;
    }
    if (n == 0)
        return IO_EOF;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAILED;
    pace_count(&c->in.got, (size_t)n);
    net->rest = span_of(net->in, (size_t)n);
    ERR_clear_error();
    /* A record that was begun in an earlier read may end in this one, so there can be more
     * plaintext than was received now; never more than the buffer's slack. */
    enum io_result r = decrypt(c, to, cap + TRANSPORT_SLACK_BYTES, got);
    net->rest = SPAN_EMPTY;
    if (keep_output(c) != IO_OK)
        return IO_FAILED;
    if (r == IO_FAILED && c->tls->pending.len > 0) {
        /* The alert tells the peer why; it is all that can be sent now. */
        (void)!send(c->io.fd, c->tls->pending.data, c->tls->pending.len, MSG_NOSIGNAL);
        errno = EPROTO;
    }
    return r == IO_AGAIN ? IO_OK : r;
}

/* Joins pieces into records and encrypts until enough for one send is there. */
static enum io_result encrypt(struct conn *c, const struct iovec *iov, int count, size_t *taken)
{
    struct tls_net *net = tls_of(c);
    int i = 0;
    size_t offset = 0;
    while (i < count && net->out_len < SEND_BYTES) {
        size_t len = 0;
        while (i < count && len < RECORD_BYTES) {
            size_t n = iov[i].iov_len - offset;
            if (n > RECORD_BYTES - len)
                n = RECORD_BYTES - len;
            memcpy(net->record + len, (const uint8_t *)iov[i].iov_base + offset, n);
            len += n;
            offset += n;
            if (offset == iov[i].iov_len) {
                i++;
                offset = 0;
            }
        }
        int n = SSL_write(c->tls->ssl, net->record, (int)len);
        if (n != (int)len)
            return judge(c, n) == IO_AGAIN ? IO_AGAIN : IO_FAILED;
        *taken += len;
    }
    return IO_OK;
}

static enum io_result tls_write(struct conn *c, const struct iovec *iov, int count, size_t *taken)
{
    struct tls_net *net = tls_of(c);
    struct tls_conn *t = c->tls;
    *taken = 0;
    if (t->pending.len > 0) {
        if (t->pending.len >= SEND_BYTES)
            count = 0; /* the socket has not even taken what was made before */
        size_t n = t->pending.len < SEND_BYTES ? t->pending.len : SEND_BYTES;
        memcpy(net->out, t->pending.data, n);
        net->out_len = n;
        buf_consume(&t->pending, n);
    }
    ERR_clear_error();
    if (t->is_ready && !t->is_shut && encrypt(c, iov, count, taken) == IO_FAILED) {
        net->out_len = 0;
        return IO_FAILED;
    }
    metric_add(&conn_net(c)->loop->metrics.writes, 1);
    ssize_t sent = send(c->io.fd, net->out, net->out_len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        net->out_len = 0;
        return IO_FAILED;
    }
    size_t n = sent < 0 ? 0 : (size_t)sent;
    pace_count(&c->out.sent, n);
    struct buf older = t->pending; /* what did not fit above; it comes behind */
    t->pending = (struct buf){0};
    enum err e = buf_append(&t->pending, span_of(net->out + n, net->out_len - n));
    if (e == OK)
        e = buf_append(&t->pending, buf_span(&older));
    buf_deinit(&older);
    net->out_len = 0;
    if (t->pending.len == 0)
        buf_deinit(&t->pending);
    count_memory(c);
    return e == OK ? IO_OK : IO_FAILED;
}

static enum io_result tls_shutdown(struct conn *c)
{
    struct tls_conn *t = c->tls;
    if (t->is_ready && !t->is_shut) {
        t->is_shut = true;
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        ERR_clear_error();
        if (keep_output(c) != IO_OK)
            return IO_FAILED;
        return IO_AGAIN;
    }
    return shutdown(c->io.fd, SHUT_WR) == 0 ? IO_OK : IO_FAILED;
}

static bool tls_is_ready(const struct conn *c)
{
    return c->tls->is_ready;
}

static size_t tls_pending_bytes(const struct conn *c)
{
    return c->tls->pending.len;
}

static void tls_free(struct conn *c)
{
    SSL_free(c->tls->ssl);
    buf_deinit(&c->tls->pending);
    memory_count(&conn_net(c)->memory, &c->tls->counted, 0);
    metric_add(&conn_net(c)->loop->metrics.tls_failed, !c->tls->is_ready);
    free(c->tls);
    c->tls = NULL;
}

const struct transport transport_tls = {
    .name = "tls",
    .read = tls_read,
    .write = tls_write,
    .shutdown = tls_shutdown,
    .is_ready = tls_is_ready,
    .pending_bytes = tls_pending_bytes,
    .free = tls_free,
};
