/* All certificates that the settings name, each in an OpenSSL context that is set up as the
 * settings say. What was read together is replaced together. */
#pragma once

#include "net/tls/sni.h"
#include "net/tls/tls.h"

#include <openssl/ssl.h>

/* Read, and then only read. */
struct tls_set {
    struct tls_certificate certificates[TLS_CERTIFICATES_MAX];
    SSL_CTX *contexts[TLS_CERTIFICATES_MAX]; /* each has one; the first is the default */
    size_t count;
    bool is_self_signed;     /* the default is */
    struct sni names;        /* of the sections' certificates: their numbers are those above */
    X509_STORE *authorities; /* that vouch for clients; NULL: nobody does */
    STACK_OF(X509_NAME) * authority_names;
};

/* Reads everything anew, but for a throw-away certificate that `old` (or NULL) has: whoever trusts
 * it may go on to. *out is NULL where the settings name no certificate. `error` receives one line
 * that says which setting is wrong, and how. ERR_TLS, ERR_NOMEM. */
enum err tls_set_new(struct tls_set **out, const struct config *config, const struct tls_set *old,
                     char *error, size_t error_bytes);

/* Open connections hold their own references to their contexts. */
void tls_set_free(struct tls_set *set);
