/* What is spoken with every peer, whatever the certificate: versions, ciphers, groups. */
#pragma once

#include "simul/err.h"

#include <openssl/ssl.h>
#include <stddef.h>

struct config;

/* Sets a new context up as tls.minimum, tls.ciphers, tls.ciphersuites and tls.curves say, and as
 * is good for everybody. ERR_TLS: OpenSSL knows none of a name in them; `error` says in one line
 * which. ERR_NOMEM. */
enum err tls_policy_apply(SSL_CTX *ctx, const struct config *config, char *error,
                          size_t error_bytes);
