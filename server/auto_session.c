#include "auto_session.h"

#include "chat/session.h"
#include "refusal_session.h"
#include "web/http_session.h"

enum { FIRST_LINE_BYTES_MAX = 8192 };

/* "GET / HTTP/1.1", with or without its CR. Nothing that an IRC client says first ends so. */
static bool is_request_line(struct span line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    static const struct span version = SPAN(" HTTP/1.1");
    if (line.len < version.len)
        return false;
    struct span end = span_drop(line, line.len - version.len);
    return span_eq(span_take(end, version.len - 3), span_take(version, version.len - 3));
}

bool auto_session_begins_http(struct span in)
{
    for (int m = HTTP_METHOD_GET; m <= HTTP_METHOD_PATCH; m++) {
        struct span name = span_str(http_method_name((enum http_method)m));
        if (span_starts_with(in, name) && span_starts_with(span_drop(in, name.len), SPAN(" ")))
            return true;
    }
    return false;
}

/* The session for what has arrived; NULL: the first line is not complete. */
static const struct session_type *classify(const struct conn *c)
{
    struct span in = conn_input(c);
    size_t line_bytes = span_find(in, '\n');
    bool is_http;
    if (line_bytes < in.len)
        is_http = is_request_line(span_take(in, line_bytes));
    else if (in.len < FIRST_LINE_BYTES_MAX && !c->eof && !c->draining && !c->timed_out)
        return NULL;
    else /* too long for IRC, or never finished: the next session says what is wrong with it */
        is_http = in.len >= FIRST_LINE_BYTES_MAX || auto_session_begins_http(in);
    if (conn_is_refusal(c))
        return is_http ? &http_refusal_session : &irc_refusal_session;
    return is_http ? &http_session : &chat_line_session;
}

static enum co_result run(struct conn *c, void *frame)
{
    (void)frame;
    CO_BEGIN(c);
    while (classify(c) == NULL)
        CO_AWAIT(conn_try_event(c)); /* woken by a read, the timer, or the drain */
    if (c->in.len == 0)
        CO_RETURN; /* it never spoke (a health check, a browser's spare connection): no answer */
    conn_become(c, classify(c));
    CO_END;
}

const struct session_type auto_session = {
    .name = "auto",
    .input_bytes = 16 * 1024,
    .resume = run,
};

const struct session_type auto_refusal_session = {
    .name = "auto-refusal",
    .is_refusal = true,
    .input_bytes = 16 * 1024,
    .resume = run,
};
