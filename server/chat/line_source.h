/* Where a session's lines come from: bytes that end in LF, or WebSocket messages. */
#pragma once

#include "chat/session.h"
#include "simul/ws.h"

/* The frame of chat_ws_session. */
struct chat_ws_session {
    struct chat_session chat;
    struct ws_reader reader;
};

/* What line_source_next has found. */
enum line_result {
    LINE_NONE,  /* no whole line is there */
    LINE_LATER, /* nor is it known whether one is: what is left of this resume's budget is nothing
                 */
    LINE_READY,
    LINE_TOO_LONG, /* 417 */
    LINE_ENDED,    /* no line will come: s->reason says why */
};

/* Takes the next line out of the connection's input, without CR LF; it borrows from the input, from
 * s->held or, inflated, from the loop, and is valid until the session gives way or asks again.
 * LINE_ENDED: the peer closed the WebSocket or broke its rules, or, without memory, the connection
 * was aborted. */
enum line_result line_source_next(struct conn *c, struct chat_session *s, struct span *line);

/* Frees what the source of a dropped session still holds. */
void line_source_drop(struct conn *c, struct chat_session *s);
