/* WebSocket echo that misbehaves as it was asked to (echo/faults.h). Messages are assembled, up to
 * ws.message_bytes_max, and answered through a shaper: one is taken only when the answer to the one
 * before has its place there, so little waits. What is drawn by chance is drawn by message, in
 * their order, so that a seed gives the same answers whatever the network does. */
#pragma once

#include "net/conn.h"
#include "simul/span.h"

struct faults;
struct ws_deflate;

extern const struct session_type ws_faulty_session;

/* Fills the frame that conn_become(c, &ws_faulty_session) returned. `answer`: what is still to be
 * sent of the handshake's answer, byte by byte; empty: nothing. */
void ws_faulty_session_init(struct conn *c, void *frame, const struct faults *faults,
                            const struct ws_deflate *agreed, struct span answer);
