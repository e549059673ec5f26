/* Those who are not let in are told so in their protocol's words, as long as that costs less than
 * letting them in.
 *
 * Whom the door turns away (net/door.h) gets a session of the listener's `refusal` type, which says
 * why and ends. It is counted nowhere but here: a loop has at most REFUSALS_MAX of them, each for
 * at most REFUSAL_MS, whatever the peer does. On TLS the words would cost a handshake, which is
 * what serving costs, so a loop spends at most REFUSAL_HANDSHAKES_PER_SECOND on them. Beyond any of
 * these the connection is closed without a word.
 *
 * When the process has no descriptor left, a loop gives up the spare one that it keeps for this,
 * accepts on it, sends what can be sent at once, and closes: nobody waits in the backlog without
 * an answer, and the loop does not spin. */
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

/* Takes over an accepted descriptor that the door turned away, and begins a refusal on it. False:
 * there are no words for it, and it is closed. Counted and logged either way. */
bool refusal_begin(const struct listener *l, int fd, const struct addr *peer,
                   enum door_verdict verdict);

/* The same for a connection on which nothing has begun yet, and whose peer, as a proxy has told us,
 * the door turned away. False: there are no words for it, and the caller ends it. */
bool refusal_take_over(struct conn *c, enum door_verdict verdict);

/* Counts and logs what the door said of somebody, who is told otherwise. */
void refusal_note(struct net *n, enum door_verdict verdict, const struct addr *peer);

/* Says what can be said at once to an accepted connection that there is no descriptor for. The
 * caller closes it. */
void refusal_say_at_once(const struct listener *l, int fd);

/* Notes a refusal for the log; `reason` is static. One line tells of all since the one before,
 * which was REFUSAL_LOG_MS ago or more: refusal_log_due writes it when it is time, in so many
 * milliseconds from now; UINT64_MAX: there is nothing to tell. */
void refusal_log(struct net *n, const char *reason, const struct addr *peer);
void refusal_log_due(struct net *n);
uint64_t refusal_log_next_ms(const struct net *n);
