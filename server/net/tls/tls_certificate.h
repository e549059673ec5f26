/* One certificate chain with its key, in an OpenSSL context. */
#pragma once

#include "net/tls/sni.h"
#include "simul/err.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads both PEM files; that of the key may not be encrypted. `section` ("tls", "tls.site") begins
 * the name of the setting that `error` blames in one line. ERR_TLS. */
enum err tls_certificate_load(SSL_CTX *ctx, const char *section, const char *certificate,
                              const char *key, char *error, size_t error_bytes);

/* Says in `error` that the file of a setting is of no use and why, as OpenSSL's error queue tells;
 * empties the queue and returns ERR_TLS. */
enum err tls_certificate_explain(const char *section, const char *key, const char *path,
                                 char *error, size_t error_bytes);

/* Makes a throw-away one for `server_name`, localhost and the loopback addresses, good for 90 days.
 * ERR_TLS. */
enum err tls_certificate_make(SSL_CTX *ctx, const char *server_name);

enum { TLS_SUBJECT_CHARS = 128 };

/* One certificate of the chain. */
struct tls_link {
    char subject[TLS_SUBJECT_CHARS]; /* "/CN=a.test", as much of it as fits, printable */
    bool fits;                       /* it is by its names the issuer of the one before it */
    int64_t not_before_s;            /* both are seconds since 1970 */
    int64_t not_after_s;
};

/* The server's own certificate is at 0, and behind it stands the rest of its file. False: there are
 * not that many. */
bool tls_certificate_link(SSL_CTX *ctx, unsigned at, struct tls_link *out);

/* From when and until when all of the chain is valid, in seconds since 1970. */
void tls_certificate_validity(SSL_CTX *ctx, int64_t *not_before_s, int64_t *not_after_s);

/* Gives the host names that it has itself (subjectAltName) to the certificate of this number.
 * *count is how many they are; errors as sni_add, but never ERR_SYNTAX, and then `name` is the one
 * at fault. */
enum err tls_certificate_names(SSL_CTX *ctx, struct sni *sni, unsigned number, size_t *count,
                               char name[SNI_NAME_BYTES_MAX + 1]);
