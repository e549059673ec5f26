/* TLS (OpenSSL 3), driven without sockets: ciphertext that was received lies in a buffer that the
 * loop owns, ciphertext to be sent is gathered in another, so a connection costs one recv and one
 * send per tick here too. The transport's table is transport_tls (net/transport.h). */
#pragma once

#include "config/config.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct tls_net;
struct tls_store;

enum {
    TLS_CERTIFICATES_MAX = CONFIG_CERTIFICATES_MAX + 1, /* the sections', and the default */
    TLS_EXPIRY_WARNING_S = 30 * 24 * 60 * 60,           /* before a certificate's end */
    TLS_FINGERPRINT_CHARS = 2 * 32 + 1,                 /* SHA-256, with its zero */
};

/* One of the certificates in force. */
struct tls_certificate {
    char name[CONFIG_NAME_BYTES_MAX]; /* of its section, or "default" */
    int64_t not_before_s;             /* of its whole chain; both are seconds since 1970 */
    int64_t not_after_s;
};

/* The certificates in force and the session-ticket keys, shared by all loops. `error` receives one
 * line that says which setting is wrong, and how. ERR_TLS, ERR_NOMEM. */
enum err tls_store_new(struct tls_store **out, const struct config *config, char *error,
                       size_t error_bytes);
void tls_store_free(struct tls_store *s);

/* Reads all certificates and keys again, and applies the TLS settings to new connections; open ones
 * keep what they have. A self-signed certificate stays as it is. On an error nothing changes. Any
 * thread. */
enum err tls_store_reload(struct tls_store *s, const struct config *config, char *error,
                          size_t error_bytes);

/* Describes the certificates in force, the default first; returns how many there are, 0 without
 * TLS. Any thread. */
size_t tls_store_certificates(struct tls_store *s,
                              struct tls_certificate out[TLS_CERTIFICATES_MAX]);

/* Logs a warning for each certificate that is not valid now, or expires within 30 days. Any thread.
 */
void tls_store_log_expiry(struct tls_store *s);

/* A loop's buffers. `store` may be NULL: no listener speaks TLS. */
enum err tls_net_new(struct tls_net **out, struct tls_store *store);
void tls_net_free(struct tls_net *t);

/* Begins the server's side of a handshake on a connection. ERR_NOMEM. */
enum err tls_accept(struct conn *c);

/* The SHA-256 of the certificate (DER) that the peer has presented, and proved to have the key of,
 * in lower-case hex. False if it presented none, or does not speak TLS. */
bool tls_peer_fingerprint(const struct conn *c, char out[TLS_FINGERPRINT_CHARS]);
