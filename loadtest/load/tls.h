/* TLS for clients, over OpenSSL and the client's socket. */
#pragma once

#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

enum tls_result {
    TLS_DONE,       /* the handshake is over; bytes were moved */
    TLS_WANT_READ,  /* again when the socket is readable */
    TLS_WANT_WRITE, /* again when it is writable */
    TLS_EOF,        /* the peer has ended in good order */
    TLS_FAILED,     /* tls_reason tells why */
};

/* What all connections of a driver share: the settings, and the sessions that servers offer to
 * resume, where the plan wants that. */
struct tls;

/* NULL: *why tells (static). */
struct tls *tls_new(const struct plan *plan, const char **why);
/* Safe with NULL; when no connection is left. */
void tls_free(struct tls *tls);

/* Puts TLS on a connected client. False: no memory. */
bool tls_start(struct client *c);
enum tls_result tls_handshake(struct client *c);
enum tls_result tls_read(struct client *c, uint8_t *to, size_t cap, size_t *got);
enum tls_result tls_write(struct client *c, const uint8_t *from, size_t len, size_t *taken);

/* Whether the handshake resumed an earlier session. */
bool tls_was_resumed(const struct client *c);
/* Says goodbye: close_notify. */
void tls_shutdown(struct client *c);
/* Safe without TLS. */
void tls_stop(struct client *c);

/* What went wrong in the last call, for people, with what they can do about it; at most 100 bytes,
 * static. */
const char *tls_reason(const struct client *c);
