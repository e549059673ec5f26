/* What holds for every peer, whatever the certificate: protocol versions, ciphers, groups. */
#pragma once

#include "simul/err.h"

#include <openssl/ssl.h>
#include <stddef.h>

struct config;

/* Sets up a new context by tls.minimum, tls.ciphers, tls.ciphersuites and tls.curves, and with what
 * is good for everybody. ERR_TLS: OpenSSL does not accept one of these; `error` says which, in one
 * line. ERR_NOMEM. */
enum err tls_policy_apply(SSL_CTX *ctx, const struct config *config, char *error,
                          size_t error_bytes);
