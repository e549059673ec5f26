/* What tls_store.c and transport_tls.c share with each other alone. */
#pragma once

#include "config/config.h"

#include <openssl/ssl.h>

struct tls_store;

enum {
    TLS_CLIENT_CHAIN_BYTES_MAX = 8 * 1024, /* of the certificates that a client presents */
    TLS_DECODED_BYTES = 12,                /* that OpenSSL holds for each byte of them, measured */
};

/* A new session with the certificates in force, for a listener that wants client certificates as
 * `wanted` says. NULL without memory. The caller owns it. */
SSL *tls_store_session(struct tls_store *s, enum config_client_certificates wanted);
