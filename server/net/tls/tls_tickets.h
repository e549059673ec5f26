/* Session tickets (RFC 5077, RFC 8446 section 4.6.1): a client keeps the session, encrypted with a
 * key of ours, so that whatever loop it comes back to can go on with it. The keys rotate, and
 * outlive a reload of the certificates. */
#pragma once

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { TLS_TICKET_KEYS = 3 }; /* the newest encrypts, all decrypt */

struct tls_ticket_key {
    uint8_t name[16];
    uint8_t aes[32];
    uint8_t hmac[32];
    time_t made; /* 0: none */
};

/* To be embedded; its address stays the same. Any thread. */
struct tls_tickets {
    pthread_mutex_t lock;
    struct tls_ticket_key keys[TLS_TICKET_KEYS];
};

void tls_tickets_init(struct tls_tickets *t);
void tls_tickets_deinit(struct tls_tickets *t);

/* Makes a context issue and accept the tickets of `t`, which outlives it. */
void tls_tickets_use(struct tls_tickets *t, SSL_CTX *ctx);
