/* What tls_store.c and transport_tls.c share with each other alone. */
#pragma once

#include "config.h"

#include <openssl/ssl.h>

struct tls_store;

/* A new session with the certificates in force, on a listener that wants such a thing of its
 * clients. NULL without memory. The caller owns it. */
SSL *tls_store_session(struct tls_store *s, enum config_client_certificates wanted);
