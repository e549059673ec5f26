/* How bytes reach the peer: plain TCP or TLS, behind one table; and before either, the header in
 * which a proxy tells whom it speaks for. Nothing here blocks. */
#pragma once

#include "net/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum io_result {
    IO_OK,     /* some bytes (possibly none of the application's) were moved */
    IO_AGAIN,  /* nothing can be moved now */
    IO_EOF,    /* the peer sends nothing more */
    IO_FAILED, /* the connection is of no use; errno or TLS tell why */
};

/* What read may return beyond its cap: the rest of a TLS record. */
enum { TRANSPORT_SLACK_BYTES = 17 * 1024 };

struct transport {
    const char *name;
    /* Receives once. About `cap` bytes of the application's come to `to`, which has room for
     * TRANSPORT_SLACK_BYTES more. */
    enum io_result (*read)(struct conn *c, uint8_t *to, size_t cap, size_t *got);
    /* Sends once. *taken counts bytes that need not be offered again. */
    enum io_result (*write)(struct conn *c, const struct iovec *iov, int count, size_t *taken);
    /* Tells the peer that nothing more will come; IO_AGAIN: flush, then ask again. */
    enum io_result (*shutdown)(struct conn *c);
    /* Whether the handshake, or the PROXY header, is done, so that the session may begin. */
    bool (*is_ready)(const struct conn *c);
    /* How many bytes, taken by write, are still to be sent: call it again when the socket takes
     * more. NULL: always none. */
    size_t (*pending_bytes)(const struct conn *c);
    void (*free)(struct conn *c);
};

extern const struct transport transport_plain;
extern const struct transport transport_proxy;
extern const struct transport transport_tls;

static inline const struct transport *transport_of(const struct conn *c)
{
    if (c->tls != NULL)
        return &transport_tls;
    return c->awaits_proxy ? &transport_proxy : &transport_plain;
}

static inline size_t transport_pending_bytes(const struct conn *c)
{
    return c->tls == NULL ? 0 : transport_tls.pending_bytes(c);
}
