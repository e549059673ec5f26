/* The WebSocket handshake (RFC 6455 section 4): an HTTP request that asks for an Upgrade, judged
 * by the server, and the server's answer, judged by the client. Allocates nothing. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"
#include "simul/span.h"
#include "simul/ws_deflate.h"

struct http_field;
struct http_request;

enum {
    WS_NONCE_BYTES = 16,
    WS_KEY_CHARS = 24,    /* Sec-WebSocket-Key: the nonce in base64 */
    WS_ACCEPT_CHARS = 28, /* Sec-WebSocket-Accept: a SHA-1 in base64 */
};

/* What a server asks of a request. Everything is borrowed. */
struct ws_handshake_policy {
    const struct span *protocols; /* the subprotocols that this path speaks */
    size_t protocol_count;
    const struct span *origins; /* allowed beside the Host's own, "https://chat.example:8443" */
    size_t origin_count;
    struct ws_deflate_policy deflate;
    bool is_tls;      /* the Host's own origin is https */
    bool is_loopback; /* the listener's address is; then an Origin that is the Host's own counts
                         only if the Host is a loopback name (DNS rebinding) */
};

struct ws_handshake {
    uint16_t status;    /* 101; 400; 403 for the Origin; 405 for the method; 426, whose answer must
                           carry "Upgrade: websocket" and "Sec-WebSocket-Version: 13" */
    const char *reason; /* what is wrong, static; NULL with 101 */
    struct span protocol; /* chosen, from the policy; empty if none */
    struct ws_deflate_choice deflate;
    char accept[WS_ACCEPT_CHARS + 1];
};

/* Judges a request (section 4.2). Of the subprotocols the first that the client names and the
 * policy has is chosen; none in common is no error, but a list that is malformed is. An absent
 * Origin is allowed, since that is not a browser; "null" is not. Of the extensions
 * permessage-deflate is known. */
void ws_handshake_check(const struct http_request *request,
                        const struct ws_handshake_policy *policy, struct ws_handshake *result);

/* Appends the whole 101 answer of a request that passed. ERR_NOMEM. */
enum err ws_handshake_format(const struct ws_handshake *handshake, struct buf *out);

/* The Sec-WebSocket-Accept that belongs to a key of WS_KEY_CHARS, zero-terminated (section 4.2.2).
 * ERR_NOMEM if the hash could not be had. */
enum err ws_handshake_accept(struct span key, char out[WS_ACCEPT_CHARS + 1]);

/* --- the client's side ------------------------------------------------------------------- */

/* The Sec-WebSocket-Key of a random nonce, zero-terminated. */
void ws_handshake_key(const uint8_t nonce[WS_NONCE_BYTES], char out[WS_KEY_CHARS + 1]);

/* What a client asks for. Everything is borrowed for the call. */
struct ws_handshake_offer {
    struct span target;           /* "/chat?query" */
    struct span host;             /* as in http_client_request */
    struct span key;              /* of WS_KEY_CHARS, from ws_handshake_key */
    const struct span *protocols; /* subprotocols, the one liked best first */
    size_t protocol_count;
    struct span origin; /* empty: none */
    bool deflate;       /* offers WS_DEFLATE_OFFER */
    const struct http_field *fields;
    size_t field_count;
};

/* Appends the whole request (section 4.1). ERR_SYNTAX: a text that would break it; ERR_NOMEM. Both
 * leave `out` as it was. */
enum err ws_handshake_request(const struct ws_handshake_offer *offer, struct buf *out);

/* The headers of a server's answer. */
struct ws_handshake_answer {
    uint16_t status;
    struct span upgrade, accept, protocol, extensions;
    bool lists_upgrade; /* Connection does */
    bool is_repeated;   /* one of the last three came twice, which none of them may */
};

/* Takes them from among a response's headers, into which they point. An absent one has no `ptr`. */
struct ws_handshake_answer ws_handshake_answer_of(uint16_t status, struct span headers);

/* Whether the answer completes the handshake that was begun with this offer (section 4.1); then
 * *deflate is what both have agreed on, maybe nothing. ERR_UNKNOWN for a status that is not 101 or
 * a subprotocol or extension that was not offered, ERR_SYNTAX for anything else that is wrong,
 * ERR_NOMEM. */
enum err ws_handshake_verify(const struct ws_handshake_answer *answer,
                             const struct ws_handshake_offer *offer, struct ws_deflate *deflate);
