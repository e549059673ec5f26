#include "net/tls/tls_policy.h"

#include "config/config.h"

#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES_MAX = 256 }; /* of one name in a list, with its zero; none is nearly so long */

/* Takes the next name off a list; false when there is none left. One that is too long is cut, and
 * then unknown. */
static bool take_name(const char **list, char name[NAME_BYTES_MAX])
{
    *list += strspn(*list, ":");
    size_t len = strcspn(*list, ":");
    snprintf(name, NAME_BYTES_MAX, "%.*s", (int)len, *list);
    *list += len;
    return len > 0;
}

/* OpenSSL takes a list of which it knows but one name, so that a slip of the pen goes unseen; each
 * name is therefore tried alone. */
static enum err explain(char *error, size_t bytes, const char *setting, const char *name,
                        const char *help)
{
    ERR_clear_error();
    snprintf(error, bytes, "%s: OpenSSL does not know '%.*s'; %s", setting, NAME_BYTES_MAX, name,
             help);
    return ERR_TLS;
}

/* "!aNULL", "-RC4", "+AES" and "@STRENGTH" take away or sort; alone they leave nothing. */
static bool is_operator(const char *name)
{
    return strchr("!-+@", name[0]) != NULL;
}

static enum err set_ciphers(SSL_CTX *ctx, const char *list, char *error, size_t bytes)
{
    static const char HELP[] = "'openssl ciphers -s -tls1_2 ALL' prints what there is";
    char name[NAME_BYTES_MAX];
    for (const char *rest = list; take_name(&rest, name);)
        if (!is_operator(name) && SSL_CTX_set_cipher_list(ctx, name) != 1)
            return explain(error, bytes, "tls.ciphers", name, HELP);
    if (SSL_CTX_set_cipher_list(ctx, list) != 1)
        return explain(error, bytes, "tls.ciphers", list, HELP);
    return OK;
}

static bool has_cipher(SSL_CTX *ctx, const char *standard_name)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (strcmp(SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(ciphers, i)), standard_name) == 0)
            return true;
    return false;
}

static enum err set_ciphersuites(SSL_CTX *ctx, const char *list, char *error, size_t bytes)
{
    static const char HELP[] = "'openssl ciphers -s -tls1_3' prints what there is";
    char name[NAME_BYTES_MAX];
    size_t count = 0;
    for (const char *rest = list; take_name(&rest, name); count++)
        if (SSL_CTX_set_ciphersuites(ctx, name) != 1 || !has_cipher(ctx, name))
            return explain(error, bytes, "tls.ciphersuites", name, HELP);
    if (count == 0 || SSL_CTX_set_ciphersuites(ctx, list) != 1)
        return explain(error, bytes, "tls.ciphersuites", list, HELP);
    return OK;
}

/* "?X25519MLKEM768:X25519": what begins with a question mark is left out where OpenSSL is too old
 * for it. (OpenSSL 3.5 reads lists that way itself, 3.0 does not.) */
static enum err set_curves(SSL_CTX *ctx, const char *list, char *error, size_t bytes)
{
    static const char HELP[] = "there are X25519, X448, P-256, P-384 and P-521";
    size_t size = strlen(list) + 1, used = 0;
    char *known = calloc(1, size);
    if (known == NULL)
        return ERR_NOMEM;
    enum err e = OK;
    char name[NAME_BYTES_MAX];
    for (const char *rest = list; e == OK && take_name(&rest, name);) {
        const char *group = name + (name[0] == '?');
        if (SSL_CTX_set1_groups_list(ctx, group) == 1)
            used +=
                (size_t)snprintf(known + used, size - used, "%s%s", used == 0 ? "" : ":", group);
        else if (group == name)
            e = explain(error, bytes, "tls.curves", name, HELP);
    }
    if (e == OK && (used == 0 || SSL_CTX_set1_groups_list(ctx, known) != 1))
        e = explain(error, bytes, "tls.curves", list, HELP);
    ERR_clear_error();
    free(known);
    return e;
}

enum err tls_policy_apply(SSL_CTX *ctx, const struct config *config, char *error,
                          size_t error_bytes)
{
    SSL_CTX_set_min_proto_version(ctx, config->tls.minimum == CONFIG_TLS_1_3 ? TLS1_3_VERSION
                                                                             : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets hold the state */
    enum err e = set_ciphers(ctx, config->tls.ciphers, error, error_bytes);
    if (e == OK)
        e = set_ciphersuites(ctx, config->tls.ciphersuites, error, error_bytes);
    if (e == OK)
        e = set_curves(ctx, config->tls.curves, error, error_bytes);
    return e;
}
