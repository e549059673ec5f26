/* What tls_store.c and transport_tls.c share with each other alone. */
#pragma once

#include <openssl/ssl.h>

struct tls_store;

/* A new session with the certificate in force; NULL without memory. The caller owns it. */
SSL *tls_store_session(struct tls_store *s);
