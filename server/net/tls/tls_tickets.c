#include "net/tls/tls_tickets.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

enum { KEY_SECONDS = 60 * 60 }; /* then a new one takes its place */

static bool make_key(struct tls_ticket_key *k, time_t now)
{
    bool ok = RAND_bytes(k->name, sizeof(k->name)) == 1 &&
              RAND_bytes(k->aes, sizeof(k->aes)) == 1 && RAND_bytes(k->hmac, sizeof(k->hmac)) == 1;
    k->made = ok ? now : 0; /* a key that could be guessed is none */
    return ok;
}

/* The key that encrypts now; a copy, so that nothing is used outside the lock. */
static bool newest_key(struct tls_tickets *t, struct tls_ticket_key *out)
{
    time_t now = time(NULL);
    bool ok = true;
    pthread_mutex_lock(&t->lock);
    if (t->keys[0].made == 0 || now - t->keys[0].made >= KEY_SECONDS) {
        memmove(&t->keys[1], &t->keys[0], sizeof(t->keys[0]) * (TLS_TICKET_KEYS - 1));
        ok = make_key(&t->keys[0], now);
    }
    *out = t->keys[0];
    pthread_mutex_unlock(&t->lock);
    return ok;
}

/* The key of this name: 0 none, 1 the newest, 2 an older one. */
static int find_key(struct tls_tickets *t, const uint8_t name[16], struct tls_ticket_key *out)
{
    int found = 0;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < TLS_TICKET_KEYS && found == 0; i++) {
        if (t->keys[i].made == 0 || memcmp(t->keys[i].name, name, 16) != 0)
            continue;
        *out = t->keys[i];
        found = i == 0 ? 1 : 2;
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool begin_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("key", key->hmac, sizeof(key->hmac)),
        OSSL_PARAM_construct_utf8_string("digest", (char[]){"sha256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3). 1: go on; 2: go on and issue a new ticket; 0: do a full
 * handshake; -1: fail. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_encrypting)
{
    struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tls_ticket_key key;
    int result = 1;
    if (is_encrypting) {
        if (!newest_key(t, &key) || RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
            return -1;
        memcpy(name, key.name, sizeof(key.name));
        if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) != 1)
            result = -1;
    } else {
        result = find_key(t, name, &key);
        if (result == 0)
            return 0;
        if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) != 1)
            result = -1;
    }
    if (result > 0 && !begin_mac(mac, &key))
        result = -1;
    OPENSSL_cleanse(&key, sizeof(key));
    return result;
}

void tls_tickets_init(struct tls_tickets *t)
{
    *t = (struct tls_tickets){0};
    pthread_mutex_init(&t->lock, NULL);
}

void tls_tickets_deinit(struct tls_tickets *t)
{
    pthread_mutex_destroy(&t->lock);
    OPENSSL_cleanse(t->keys, sizeof(t->keys));
}

void tls_tickets_use(struct tls_tickets *t, SSL_CTX *ctx)
{
    SSL_CTX_set_app_data(ctx, t);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
}
