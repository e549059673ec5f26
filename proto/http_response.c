/* Heads of responses and the framing of their bodies (RFC 9112 §6, §7.1). */
#include "http_request.h"

#include "simul/check.h"

#include <inttypes.h>

const char *http_status_phrase(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *phrase;
    } PHRASES[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {418, "I'm a teapot"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++) {
        if (PHRASES[i].status == status)
            return PHRASES[i].phrase;
    }
    return "Unknown";
}

void http_response_init(struct http_response *r, const struct http_request *request,
                        uint16_t status)
{
    *r = (struct http_response){.status = status, .version_minor = 1};
    if (request == NULL)
        return;
    r->version_minor = request->version_minor;
    r->keep_alive = request->keep_alive;
    r->to_head = request->method == HTTP_METHOD_HEAD;
}

static enum err append_field(struct buf *out, struct http_field field)
{
    CHECK(http_field_is_valid(field));
    return http_field_append(out, field);
}

/* Appends a header of ours, unless its value is empty. */
static enum err append_given(struct buf *out, struct span name, struct span value)
{
    return value.len == 0 ? OK : append_field(out, (struct http_field){name, value});
}

bool http_status_is_bodyless(uint16_t status)
{
    return status < 200 || status == 204 || status == 304;
}

/* How the body is framed, which a response to HEAD says as well. */
static enum err append_framing(const struct http_response *r, struct buf *out)
{
    if (r->chunked)
        return append_field(out, (struct http_field){SPAN("Transfer-Encoding"), SPAN("chunked")});
    if (r->streamed || http_status_is_bodyless(r->status))
        return OK;
    return buf_printf(out, "Content-Length: %" PRIu64 "\r\n", r->content_length);
}

/* HTTP/1.1 persists, HTTP/1.0 closes, unless we say otherwise. */
static enum err append_connection(const struct http_response *r, struct buf *out)
{
    if (r->status < 200)
        return OK;
    if (!r->keep_alive)
        return append_field(out, (struct http_field){SPAN("Connection"), SPAN("close")});
    if (r->version_minor == 0)
        return append_field(out, (struct http_field){SPAN("Connection"), SPAN("keep-alive")});
    return OK;
}

static enum err append_head(const struct http_response *r, struct buf *out)
{
    enum err e = buf_printf(out, "HTTP/1.1 %u %s\r\n", r->status, http_status_phrase(r->status));
    if (e == OK)
        e = append_given(out, SPAN("Date"), r->date);
    if (e == OK)
        e = append_given(out, SPAN("Server"), r->server);
    if (e == OK)
        e = append_given(out, SPAN("Content-Type"), r->content_type);
    if (e == OK)
        e = append_framing(r, out);
    if (e == OK)
        e = append_connection(r, out);
    for (size_t i = 0; e == OK && i < r->field_count; i++)
        e = append_field(out, r->fields[i]);
    return e == OK ? buf_append(out, SPAN("\r\n")) : e;
}

enum err http_response_head(struct http_response *r, struct buf *out)
{
    CHECK(r->status >= 100 && r->status <= 999);
    r->bodyless = r->to_head || http_status_is_bodyless(r->status);
    bool streamed = r->streamed && !http_status_is_bodyless(r->status);
    r->chunked = streamed && r->version_minor > 0;
    if (streamed && !r->chunked)
        r->keep_alive = false;

    size_t before = out->len;
    enum err e = append_head(r, out);
    if (e != OK)
        out->len = before;
    return e;
}

size_t http_chunk_head(char out[static HTTP_CHUNK_HEAD_MAX], size_t bytes)
{
    CHECK(bytes > 0); /* an empty chunk would end the body */
    return (size_t)snprintf(out, HTTP_CHUNK_HEAD_MAX, "%zx\r\n", bytes);
}

enum err http_response_body(const struct http_response *r, struct buf *out, struct span data)
{
    if (r->bodyless || data.len == 0)
        return OK;
    if (!r->chunked)
        return buf_append(out, data);
    char head[HTTP_CHUNK_HEAD_MAX];
    size_t head_len = http_chunk_head(head, data.len);
    enum err e = buf_reserve(out, head_len + data.len + HTTP_CHUNK_TAIL.len);
    if (e == OK)
        e = buf_append(out, span_of(head, head_len));
    if (e == OK)
        e = buf_append(out, data);
    return e == OK ? buf_append(out, HTTP_CHUNK_TAIL) : e;
}

enum err http_response_end(const struct http_response *r, struct buf *out)
{
    return r->chunked && !r->bodyless ? buf_append(out, HTTP_LAST_CHUNK) : OK;
}
