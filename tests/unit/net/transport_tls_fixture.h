/* A server with a TLS listener and one client of it, whose ciphertext the test carries. */
#pragma once

#include "unit/net/tls_net.h"
#include "unit/net/tls_peer.h"

enum { CIPHER_BYTES = 1024 * 1024 };

static struct tls_peer peer;
static unsigned client;
static uint8_t cipher[CIPHER_BYTES];

static inline void transport_tls_init(void)
{
    static const char *const settings[] = {"tls.self_signed=on"};
    fix_init_with(1, 0, settings, 1);
    tls_net_serve();
}

static inline void transport_tls_deinit(void)
{
    fix_done();
    tls_net_forget();
    tls_peer_deinit(&peer);
}

/* --- carrying ciphertext ----------------------------------------------------------------- */

static inline void connect_with(enum co_result (*run)(struct conn *c), int min, int max)
{
    script.run = run;
    client = client_connect_at(0, FIX_TLS, &script_session);
    tls_peer_init(&peer, min, max, NULL);
    SSL_do_handshake(peer.ssl);
}

/* To the server, at most `step` bytes in each tick, while it is there, and back. */
static inline void carry(size_t step)
{
    for (int idle = 0; idle < 3; idle++) {
        size_t n;
        while (client_slot(client) != NULL && (n = tls_peer_output(&peer, cipher, step)) > 0) {
            client_send_bytes(client, span_of(cipher, n));
            fix_tick(&fix.set.loops[0]);
            idle = 0;
        }
        fix_tick(&fix.set.loops[0]);
        struct span heard = client_heard_bytes(client);
        for (size_t at = 0; at < heard.len; at += step) {
            size_t left = heard.len - at;
            tls_peer_input(&peer, span_of(heard.ptr + at, left < step ? left : step));
            SSL_do_handshake(peer.ssl);
            idle = 0;
        }
    }
    ERR_clear_error();
}

static inline void connect_ready(enum co_result (*run)(struct conn *c))
{
    connect_with(run, 0, 0);
    carry(CIPHER_BYTES);
    cr_assert(SSL_is_init_finished(peer.ssl));
}

/* What has been decrypted, as text. */
static inline const char *peer_heard(void)
{
    static char text[4096];
    size_t len = 0;
    int n;
    while ((n = SSL_read(peer.ssl, text + len, (int)(sizeof(text) - 1 - len))) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return text;
}

static inline void say(const char *text)
{
    cr_assert_eq(SSL_write(peer.ssl, text, (int)strlen(text)), (int)strlen(text));
    carry(CIPHER_BYTES);
}
