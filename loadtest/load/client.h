/* A client: one connection of a driver, from connect to close.
 *
 *     CLOSED → CONNECTING → [SECURING: TLS] → GREETING: the wire's handshake →
 *     [INTRODUCING: the scenario's] → OPEN → LEAVING → CLOSED
 *
 * The scenario embeds the struct as the first member of its own. The driver owns it; a closed
 * client may be opened again. */
#pragma once

#include "load/driver.h"
#include "load/wire.h"

#include <openssl/types.h>

enum client_state {
    CLIENT_CLOSED,
    CLIENT_CONNECTING,
    CLIENT_SECURING,
    CLIENT_GREETING,
    CLIENT_INTRODUCING,
    CLIENT_OPEN,
    CLIENT_LEAVING, /* goodbye is said, and the server is to close; what it sends is dropped */
};

struct client {
    struct driver *driver;
    ev_io io;           /* io.fd is the socket; -1: none */
    uint32_t index;     /* among all clients of the plan; those beside are the last */
    uint8_t state;      /* enum client_state */
    bool was_open : 1;  /* since it was connected last */
    bool is_broken : 1; /* sending failed; reading will tell */
    bool is_reset : 1;  /* sending has told that, so reading will not */
    bool is_spent : 1;  /* another connection is to take its place: client_renew */
    const struct wire *wire;
    const struct url *url;
    const struct address *address; /* to connect to */
    SSL *ssl;
    struct buf in;        /* what the wire could not use yet */
    struct buf out;       /* what the socket did not take at once */
    size_t out_taken;     /* of that, what it took since */
    uint64_t stage_ns;    /* when the state began; while it opens or leaves */
    struct list deadline; /* in the driver's list of these */
    union {
        struct ws_reader ws;
        struct greeting *greeting;
        struct http_exchange *http;
    } wire_state;
};

/* Whether it is one of those beside, that show what the others do to everybody else. */
static inline bool client_is_beside(const struct client *c)
{
    return c->index >= c->driver->plan->connections;
}

/* Begins to connect to c->address with c->wire. False: that failed at once, and is counted;
 * on_close is not called. */
bool client_open(struct client *c);

/* Sends a message with the wire. */
static inline void client_send(struct client *c, struct span payload, bool is_text)
{
    c->wire->send(c, payload, is_text);
}

/* Whether all that was sent has gone to the kernel. */
static inline bool client_is_drained(const struct client *c)
{
    return c->out.len == 0 && c->driver->writing != c;
}

enum { CLIENT_CLOGGED_BYTES = 64 * 1024 };

/* Whether the peer does not read, and what it asks for had better not be added to what waits: it
 * may ask for ever. */
static inline bool client_is_clogged(const struct client *c)
{
    return c->out.len > CLIENT_CLOGGED_BYTES;
}

/* Says goodbye, by the scenario and by the wire, and lets the server close (CLIENT_LEAVING). */
void client_leave(struct client *c);

/* Closes at once, TLS too. Calls on_close. */
void client_close(struct client *c);

/* Closes for a fault of the server's or ours, counts it, and its reason in words. */
__attribute__((format(printf, 3, 4))) void client_fail(struct client *c, enum fault fault,
                                                       const char *format, ...);

/* The same where the wire has put a goodbye: lets the server close, as it is to do first (RFC 6455
 * section 7.1.1). The client is talking. */
__attribute__((format(printf, 3, 4))) void client_part(struct client *c, enum fault fault,
                                                       const char *format, ...);

/* --- for wires and the driver ------------------------------------------------------------ */

/* For wires: their handshake is done, and messages may travel. */
void client_greeted(struct client *c);

/* For scenarios that have an introduction: it is done. */
void client_opened(struct client *c);

/* Whether messages travel: those of the introduction, or of the run. */
static inline bool client_is_talking(const struct client *c)
{
    return c->state == CLIENT_INTRODUCING || c->state == CLIENT_OPEN;
}

/* For wires: the connection has carried all that it will, in good order, and the server closes it.
 * Nothing more is sent on it; when it is closed another one takes its place, unless the run ends.
 * False: the scenario does not want that. */
bool client_renew(struct client *c);

/* Closes one that is leaving, since the server did not; opens the one that takes its place, where
 * there is one. */
void client_give_up(struct client *c);

/* Room for that many bytes of output, to be filled before anything else is called; they leave when
 * the callback is over. */
uint8_t *client_put(struct client *c, size_t bytes);

/* Sends what was put. Never calls back. */
void client_flush(struct client *c);

/* Sets the fields of a zeroed client: its index, and address, URL and wire as the plan has them. */
void client_init(struct client *c, struct driver *d, uint32_t index);
