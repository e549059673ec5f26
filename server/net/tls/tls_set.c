#include "net/tls/tls_set.h"

#include "net/tls/tls_certificate.h"
#include "net/tls/tls_policy.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

void tls_set_free(struct tls_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        SSL_CTX_free(set->contexts[i]);
    sni_deinit(&set->names);
    X509_STORE_free(set->authorities);
    sk_X509_NAME_pop_free(set->authority_names, X509_NAME_free);
    free(set);
}

/* --- reading the files ------------------------------------------------------------------- */

/* What a set is made with. */
struct reader {
    const struct config *config;
    const struct tls_set *old; /* NULL: there is none */
    char *error;
    size_t error_bytes;
};

/* A context without a certificate; NULL when e tells why. */
static SSL_CTX *make_context(const struct reader *r, const struct tls_set *set, enum err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    *e = ERR_NOMEM;
    if (ctx == NULL)
        return NULL;
    *e = tls_policy_apply(ctx, r->config, r->error, r->error_bytes);
    if (*e == OK && set->authorities != NULL) {
        STACK_OF(X509_NAME) *names = SSL_dup_CA_list(set->authority_names);
        SSL_CTX_set_client_CA_list(ctx, names);
        SSL_CTX_set1_cert_store(ctx, set->authorities);
        if (names == NULL)
            *e = ERR_NOMEM;
    }
    if (*e == OK)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* Puts a context, which the set takes over, into it. */
static void add_context(struct tls_set *set, const char *name, SSL_CTX *ctx)
{
    struct tls_certificate *cert = &set->certificates[set->count];
    snprintf(cert->name, sizeof(cert->name), "%s", name);
    tls_certificate_validity(ctx, &cert->not_before_s, &cert->not_after_s);
    set->contexts[set->count++] = ctx;
}

static enum err add_self_signed(const struct reader *r, struct tls_set *set)
{
    enum err e;
    SSL_CTX *ctx = make_context(r, set, &e);
    if (ctx == NULL)
        return e;
    if (r->old != NULL && r->old->is_self_signed) {
        SSL_CTX *old = r->old->contexts[0];
        if (SSL_CTX_use_certificate(ctx, SSL_CTX_get0_certificate(old)) != 1 ||
            SSL_CTX_use_PrivateKey(ctx, SSL_CTX_get0_privatekey(old)) != 1)
            e = ERR_TLS;
    } else {
        e = tls_certificate_make(ctx, r->config->server.name);
    }
    if (e != OK) {
        snprintf(r->error, r->error_bytes, "tls.self_signed: OpenSSL could not make a certificate");
        SSL_CTX_free(ctx);
        return e;
    }
    add_context(set, "default", ctx);
    set->is_self_signed = true;
    return OK;
}

/* `section` is as tls_certificate_load has it. */
static enum err add_files(const struct reader *r, struct tls_set *set, const char *name,
                          const char *section, const char *certificate, const char *key)
{
    enum err e;
    SSL_CTX *ctx = make_context(r, set, &e);
    if (ctx == NULL)
        return e;
    e = tls_certificate_load(ctx, section, certificate, key, r->error, r->error_bytes);
    if (e != OK) {
        SSL_CTX_free(ctx);
        return e;
    }
    add_context(set, name, ctx);
    return OK;
}

static enum err fail_name(const struct reader *r, const struct tls_set *set, enum err e,
                          const char *section, const char *name)
{
    unsigned other = 0;
    if (e != ERR_EXISTS)
        return e;
    sni_find(&set->names, span_str(name), &other);
    snprintf(r->error, r->error_bytes,
             "%s.names: '%s' has another certificate, tls.%s; "
             "give each name to one of them",
             section, name, set->certificates[other].name);
    return ERR_TLS;
}

/* Gives the certificate that was added last the names that the settings list, or its own. */
static enum err add_names(const struct reader *r, struct tls_set *set, const char *section,
                          const char *list)
{
    unsigned number = (unsigned)set->count - 1;
    char name[SNI_NAME_BYTES_MAX + 1];
    size_t count = 0;
    enum err e = OK;
    if (list[0] == '\0')
        e = tls_certificate_names(set->contexts[number], &set->names, number, &count, name);
    for (struct span rest = span_str(list); e == OK && rest.len > 0; count++) {
        struct span one = span_take(rest, span_find(rest, ','));
        rest = span_drop(rest, one.len + (one.len < rest.len));
        e = sni_add(&set->names, one, number);
        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(one));
    }
    if (e != OK)
        return fail_name(r, set, e, section, name);
    if (count > 0)
        return OK;
    snprintf(r->error, r->error_bytes,
             "%s.names: it is empty, and the certificate names no host itself; set it", section);
    return ERR_TLS;
}

/* OpenSSL decodes a certificate's extensions when it first needs them; that is now, since later the
 * threads share it. */
static void decode_extensions(X509_STORE *store)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (cert != NULL) /* a revocation list */
            (void)X509_check_purpose(cert, -1, 0);
    }
}

static enum err read_authorities(const struct reader *r, struct tls_set *set)
{
    const char *path = r->config->tls.client_authorities;
    if (path[0] == '\0')
        return OK;
    set->authorities = X509_STORE_new();
    if (set->authorities == NULL)
        return ERR_NOMEM;
    set->authority_names = SSL_load_client_CA_file(path);
    if (set->authority_names != NULL && X509_STORE_load_file(set->authorities, path) == 1) {
        decode_extensions(set->authorities);
        return OK;
    }
    return tls_certificate_explain("tls", "client_authorities", path, r->error, r->error_bytes);
}

static enum err read_all(const struct reader *r, struct tls_set *set)
{
    const struct config *config = r->config;
    enum err e = read_authorities(r, set);
    if (e == OK && config->tls.self_signed)
        e = add_self_signed(r, set);
    else if (e == OK && config->tls.certificate[0] != '\0')
        e = add_files(r, set, "default", "tls", config->tls.certificate, config->tls.key);
    for (size_t i = 0; e == OK && i < config->certificate_count; i++) {
        const struct config_certificate *c = &config->certificates[i];
        char section[CONFIG_NAME_BYTES_MAX + 4];
        snprintf(section, sizeof(section), "tls.%s", c->name);
        e = add_files(r, set, c->name, section, c->certificate, c->key);
        if (e == OK)
            e = add_names(r, set, section, c->names);
    }
    return e;
}

enum err tls_set_new(struct tls_set **out, const struct config *config, const struct tls_set *old,
                     char *error, size_t error_bytes)
{
    *out = NULL;
    if (!config_has_tls(config))
        return OK;
    struct tls_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return ERR_NOMEM;
    const struct reader r = {config, old, error, error_bytes};
    enum err e = read_all(&r, set);
    ERR_clear_error();
    if (e == OK)
        *out = set;
    else
        tls_set_free(set);
    return e;
}
