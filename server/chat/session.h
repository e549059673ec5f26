/* A chat session: the coroutine that reads an IRC client's lines, over TCP, TLS or WebSocket, and
 * answers or posts them. Its frame is what the loop knows of the session; names, channels and modes
 * are the hub's. */
#pragma once

#include "chat/command.h"
#include "chat/flood.h"
#include "chat/hub/caps.h"
#include "chat/render.h"
#include "net/conn.h"
#include "simul/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct chat_loop;
struct member;

/* IRC lines over TCP or TLS, from the first byte on. */
extern const struct session_type chat_line_session;
/* IRC over WebSocket, behind the handshake's answer (https://ircv3.net/specs/extensions/websocket).
 */
extern const struct session_type chat_ws_session;

/* The subprotocol that was agreed on. Under binary.ircv3.net the server sends binary messages, else
 * text. A client may send either; but a binary message under text.ircv3.net closes the connection
 * with 1003. */
enum chat_ws_protocol { CHAT_WS_NONE, CHAT_WS_TEXT, CHAT_WS_BINARY };

/* Fills the frame that conn_become(c, &chat_ws_session) returned. */
void chat_ws_session_init(struct conn *c, void *frame, enum chat_ws_protocol protocol,
                          const struct ws_deflate *agreed);

struct chat_session {
    struct chat_serving {
        struct co co;
    } serving;         /* the child coroutine that serves one line */
    uint32_t caps;     /* of enum chat_cap */
    uint8_t framing;   /* enum framing */
    uint8_t out_bits;  /* the window that messages may be compressed with; 0: they may not */
    uint8_t in_flight; /* commands that the hub has not sent back */
    bool is_registered : 1;
    bool is_negotiating : 1; /* CAP LS or REQ came, and no CAP END yet: registration waits */
    bool knows_cap_302 : 1;  /* said so in CAP LS: cap-notify stays on */
    bool knows_password : 1;
    bool is_pinned : 1;        /* the hub may know the connection */
    bool was_pinged : 1;       /* and has said nothing since */
    bool is_skipping : 1;      /* the rest of a line that was too long is still to come */
    bool is_too_long : 1;      /* the line that is being served */
    bool is_at_fault : 1;      /* the peer broke a rule of the transport */
    bool awaits_long : 1;      /* the last command in flight may have a long answer */
    uint8_t oper_failures : 2; /* wrong passwords */
    bool is_waiting : 1;       /* stands in chat_loop.waiting */
    bool has_turn : 1;         /* stood there, and is the next to take a credit */
    bool is_text_only : 1;     /* a WebSocket, and text.ircv3.net was agreed on */
    uint8_t held_steps;        /* what the hub keeps for its user: chat/hub/held.h */
    uint16_t close_code; /* of the WebSocket's close frame, when the peer has decided it; else 0 */
    uint32_t began_ms;
    uint32_t answer_bytes;    /* see chat_session_answer_bytes */
    uint64_t stamp;           /* of the last delivery to several channels that was written */
    const char *reason;       /* outlives the session; set: the session ends */
    struct message *farewell; /* one reference, to why the hub has ended it; NULL: it has not */
    struct registration_command *registration; /* NULL while the hub has it */
    struct line_command *unfinished;           /* the hub has more to say to it; NULL: none */
    struct member *members;
    struct flood flood;
    struct buf held; /* a line that is not whole yet, or that waits for its turn */
};

/* The connection's frame is a chat session. */
static inline struct chat_session *chat_session_of(const struct conn *c)
{
    return c->frame;
}

/* How much of the out-queue answers the peer's own commands, at most. */
static inline uint32_t chat_session_answer_bytes(struct conn *c)
{
    struct chat_session *s = chat_session_of(c);
    if (s->answer_bytes > c->out.bytes)
        s->answer_bytes = c->out.bytes; /* the others have been sent */
    return s->answer_bytes;
}

static inline unsigned chat_session_variant(const struct chat_session *s)
{
    return render_variant(s->caps & (CAP_SERVER_TIME | CAP_MESSAGE_TAGS), s->framing);
}

/* "*" before registration. */
struct span chat_session_nick(const struct chat_session *s);

/* Writes one line, given without CR LF, in the session's framing; as part of the labeled response
 * under way, if that is to this session. */
void chat_session_write(struct conn *c, struct span line);
/* The same with additional tags ("a=1;b=2", or none) before the line's own, and never as part of a
 * response. */
void chat_session_write_tagged(struct conn *c, struct span tags, struct span line);

/* Writes a numeric reply of this loop. */
void chat_session_numeric(struct conn *c, const char *numeric, const struct span *params,
                          size_t count);
#define NUMERIC(c, numeric, ...)                                                                   \
    chat_session_numeric(c, numeric, (const struct span[]){__VA_ARGS__},                           \
                         sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* Writes a line from the server: ":server COMMAND params… :last". */
void chat_session_say(struct conn *c, const char *command, const struct span *params, size_t count);
#define SAY(c, command, ...)                                                                       \
    chat_session_say(c, command, (const struct span[]){__VA_ARGS__},                               \
                     sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* A notice from the server. */
void chat_session_notice(struct conn *c, struct span text);

/* Writes the session's last words: why the link is closed, in the form that other servers use too,
 * and over a WebSocket the close frame. A WebSocket peer that has closed or broken the rules gets
 * the close frame alone. */
void chat_session_goodbye(struct conn *c, const char *reason);

/* Posts a command of this session to the hub. Costs one of the loop's credits: there must be one.
 */
void chat_session_post(struct conn *c, struct chat_command *command);

/* The hub now keeps so many steps (chat/hub/held.h) for the session's user. They count as held by
 * the connection. */
void chat_session_set_held(struct conn *c, uint8_t steps);

/* Takes over the registration, which has come back from the hub with its answer. */
void chat_session_registered(struct conn *c, struct registration_command *r);
