#include "refusal_session.h"

#include "auto_session.h"

#include <stdio.h>

static enum co_result run(struct conn *c, void *frame)
{
    (void)frame;
    char ip[ADDR_IP_CHARS], line[ADDR_IP_CHARS + 80];
    CO_BEGIN(c);
    int len = snprintf(line, sizeof(line),
                       "ERROR :Closing Link: %s (Too many connections from your address)\r\n",
                       addr_ip(&c->peer, ip));
    conn_write(c, span_of(line, (size_t)len));
    CO_END;
}

const struct session_type irc_refusal_session = {
    .name = "irc-refusal",
    .protocol = PROTOCOL_IRC,
    .is_refusal = true,
    .input_bytes = 4096,
    .resume = run,
};

struct span irc_say_full(struct span first)
{
    (void)first;
    return SPAN("ERROR :Closing Link: (The server is full)\r\n");
}

struct span http_say_full(struct span first)
{
    (void)first;
    return SPAN("HTTP/1.1 503 Service Unavailable\r\n"
                "Retry-After: 10\r\n"
                "Content-Length: 0\r\n"
                "Connection: close\r\n\r\n");
}

struct span auto_say_full(struct span first)
{
    if (first.len == 0)
        return SPAN_EMPTY;
    return auto_session_begins_http(first) ? http_say_full(first) : irc_say_full(first);
}
