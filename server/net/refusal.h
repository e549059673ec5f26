/* Peers that are not let in are told so in the words of their protocol, as long as that costs less
 * than serving them would.
 *
 * A peer that the door turns away (net/door.h) gets a session of the listener's `refusal` type,
 * which says why and ends. A loop has at most REFUSALS_MAX of these, each for at most REFUSAL_MS,
 * whatever the peer does. Over TLS the words cost a handshake, which is what serving costs, so a
 * loop spends at most REFUSAL_HANDSHAKES_PER_SECOND on them. Beyond any of these limits the
 * connection is closed without a word.
 *
 * When the process has no descriptor left, a loop gives up its spare one, accepts on that, sends
 * what can be sent at once, and closes. So nobody waits in the backlog without an answer, and the
 * loop does not spin. */
#pragma once

#include "core/rate.h"
#include "net/addr.h"
#include "net/door.h"

#include <stdbool.h>

struct conn;
struct listener;
struct net;

enum {
    REFUSALS_MAX = 64,
    REFUSAL_MS = 2000,
    REFUSAL_HANDSHAKES_PER_SECOND = 16, /* some 0.6 % of a loop's time */
    REFUSAL_LOG_MS = 10 * 1000,         /* from one log line of a loop to the next */
};

/* A loop's refusals; embedded in struct net. Zeroed: there have been none. */
struct refusals {
    uint32_t count; /* connections that are being refused now */
    struct rate handshakes, log;
    struct {
        uint32_t count;
        const char *reason; /* this and the peer: of the last of them */
        struct addr peer;
    } unlogged; /* since the last line of the log */
};

/* Takes over the accepted descriptor of a peer that the door turned away, and begins a refusal on
 * it. False: it is beyond the limits, and is closed without a word. Counted and logged either way.
 */
bool refusal_begin(const struct listener *l, int fd, const struct addr *peer,
                   enum door_verdict verdict);

/* The same for an open connection whose session has not begun, once a proxy has told whom it is
 * for. False: it is beyond the limits, and the caller ends it. */
bool refusal_take_over(struct conn *c, enum door_verdict verdict);

/* Only counts and logs the verdict, for a caller that tells the peer itself. */
void refusal_note(struct net *n, enum door_verdict verdict, const struct addr *peer);

/* Sends what the listener's say_full says, as far as the socket takes it at once. The caller closes
 * fd. */
void refusal_say_at_once(const struct listener *l, int fd);

/* Notes a refusal for the log; `reason` is static. Refusals are logged in one line every
 * REFUSAL_LOG_MS at most: refusal_log_due writes it when it is time, which is in
 * refusal_log_next_ms milliseconds; UINT64_MAX when there is nothing to write. */
void refusal_log(struct net *n, const char *reason, const struct addr *peer);
void refusal_log_due(struct net *n);
uint64_t refusal_log_next_ms(const struct net *n);
