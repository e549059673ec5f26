/* The access log: a line for each connection when it ends, if log.access is on:
 *
 *     msg=access peer=192.0.2.1:50123 listener=web protocol=ws tls=true duration_ms=61003
 *     bytes_in=3120 bytes_out=3056 messages=24 reason="closed by peer"
 *
 * Bytes are those on the wire. What must be remembered of a connection for its line lies in a table
 * by slot, which a loop has only if the log is on. Peers that are not let in get no line: how many
 * there were, and why, is logged at intervals (net/refusal.h), so that a flood of them is no flood
 * of lines. */
#pragma once

#include "net/conn.h"
#include "simul/err.h"

struct access_log;

/* NULL without memory. */
struct access_log *access_log_new(void);
void access_log_free(struct access_log *a);

/* A connection that has its slot begins. ERR_NOMEM. */
enum err access_log_begin(struct access_log *a, const struct conn *c);
/* Why it ends, if that is not known already: static. */
void access_log_note_end(struct access_log *a, const struct conn *c, const char *reason);
/* It has ended; its descriptor is still open. */
void access_log_end(struct access_log *a, const struct conn *c);

/* What its loop has received in messages of its session's protocol, and an access to count of them
 * what is its own: HTTP requests, WebSocket messages, IRC lines. TCP has none. */
uint64_t access_log_messages(const struct conn *c);
void access_log_add(struct access_log *a, const struct conn *c, uint64_t messages);
