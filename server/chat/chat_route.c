/* /chat: IRC over WebSocket, in the subprotocols of
 * https://ircv3.net/specs/extensions/websocket. */
#include "chat/session.h"
#include "simul/ws_handshake.h"
#include "web/routes.h"
#include "web/upgrade.h"

static const struct span PROTOCOLS[] = {SPAN("text.ircv3.net"), SPAN("binary.ircv3.net")};

static enum chat_ws_protocol protocol_of(const struct ws_handshake *handshake)
{
    if (span_eq(handshake->protocol, PROTOCOLS[0]))
        return CHAT_WS_TEXT;
    return span_eq(handshake->protocol, PROTOCOLS[1]) ? CHAT_WS_BINARY : CHAT_WS_NONE;
}

enum co_result route_chat(struct conn *c, struct http_session *s)
{
    struct ws_handshake handshake;
    if (!upgrade_check(c, s, PROTOCOLS, sizeof(PROTOCOLS) / sizeof(PROTOCOLS[0]), &handshake) ||
        !upgrade_accept(c, s, &handshake))
        return CO_DONE;
    void *frame = conn_become(c, &chat_ws_session);
    if (frame != NULL)
        chat_ws_session_init(c, frame, protocol_of(&handshake), &handshake.deflate.agreed);
    return CO_DONE;
}
