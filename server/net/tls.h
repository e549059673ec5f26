/* TLS (OpenSSL 3), driven without sockets: ciphertext that was received lies in a buffer that the
 * loop owns, ciphertext to be sent is gathered in another, so a connection costs one recv and one
 * send per tick here too. The transport's table is transport_tls (net/transport.h). */
#pragma once

#include "simul/err.h"

#include <stddef.h>

struct config;
struct conn;
struct tls_net;
struct tls_store;

/* The certificate in force and the session-ticket keys, shared by all loops. `error` receives one
 * line that says what is wrong and where. ERR_TLS, ERR_IO, ERR_NOMEM. */
enum err tls_store_new(struct tls_store **out, const struct config *config, char *error,
                       size_t error_bytes);
void tls_store_free(struct tls_store *s);

/* Reads certificate and key again. New connections get them; those that are open keep theirs. On
 * an error nothing changes. Any thread. */
enum err tls_store_reload(struct tls_store *s, const struct config *config, char *error,
                          size_t error_bytes);

/* A loop's buffers. `store` may be NULL: no listener speaks TLS. */
enum err tls_net_new(struct tls_net **out, struct tls_store *store);
void tls_net_free(struct tls_net *t);

/* Begins the server's side of a handshake on a connection. ERR_NOMEM. */
enum err tls_accept(struct conn *c);
