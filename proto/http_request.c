/* The rules of a request's head: its first line, the form of a header, and what the headers ask. */
#include "http_request.h"

#include "http_framing.h"

static const char *const METHOD_NAMES[] = {
    [HTTP_METHOD_GET] = "GET",       [HTTP_METHOD_HEAD] = "HEAD",
    [HTTP_METHOD_POST] = "POST",     [HTTP_METHOD_PUT] = "PUT",
    [HTTP_METHOD_DELETE] = "DELETE", [HTTP_METHOD_OPTIONS] = "OPTIONS",
    [HTTP_METHOD_TRACE] = "TRACE",   [HTTP_METHOD_PATCH] = "PATCH",
};
#define METHOD_COUNT (sizeof(METHOD_NAMES) / sizeof(METHOD_NAMES[0]))

const char *http_method_name(enum http_method method)
{
    return METHOD_NAMES[method];
}

bool http_method_find(struct span name, enum http_method *method)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (span_eq(name, span_str(METHOD_NAMES[i]))) {
            *method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

struct http_refusal http_version_parse(struct span text, uint8_t *minor)
{
    if (text.len != 8 || !span_starts_with(text, SPAN("HTTP/")) || !http_is_digit(text.ptr[5]) ||
        text.ptr[6] != '.' || !http_is_digit(text.ptr[7]))
        return http_refuse(400, "malformed HTTP version");
    if (text.ptr[5] != '1' || text.ptr[7] > '1')
        return http_refuse(505, "HTTP version not supported");
    *minor = (uint8_t)(text.ptr[7] - '0');
    return HTTP_ACCEPTED;
}

struct http_refusal http_request_line_parse(struct span line, struct http_request *request)
{
    size_t name_len = http_token_length(line);
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ' ')
        return http_refuse(400, "malformed method");
    struct span version = span_drop(line, name_len + 1);
    struct span target = span_take_until(&version, ' ');
    struct http_refusal refusal = http_version_parse(version, &request->version_minor);
    if (refusal.status != 0)
        return refusal;
    if (!http_method_find(span_take(line, name_len), &request->method))
        return http_refuse(501, "method not supported");
    if (!http_target_parse(target, request))
        return http_refuse(400, "malformed target");
    return HTTP_ACCEPTED;
}

struct http_refusal http_header_line_check(struct span line)
{
    if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
        return http_refuse(400, "folded header");
    size_t name_len = http_token_length(line);
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':')
        return http_refuse(400, "malformed header name");
    return HTTP_ACCEPTED;
}

struct http_refusal http_trailer_line_check(struct span line)
{
    struct http_refusal refusal = http_header_line_check(line);
    if (refusal.status != 0)
        return refusal;
    struct span name = span_take(line, http_token_length(line));
    if (span_eq_nocase(name, SPAN("host")) || span_eq_nocase(name, SPAN("content-length")) ||
        span_eq_nocase(name, SPAN("transfer-encoding")))
        return http_refuse(400, "forbidden trailer");
    return HTTP_ACCEPTED;
}

/* Host may come once, and must where the version knows it (RFC 9112 §3.2). */
static struct http_refusal parse_host(struct http_request *request)
{
    struct span rest = request->headers, host = SPAN_EMPTY, name, value;
    size_t hosts = 0;
    while (http_header_next(&rest, &name, &value)) {
        if (span_eq_nocase(name, SPAN("host"))) {
            host = value;
            hosts++;
        }
    }
    if (hosts > 1 || (hosts == 0 && request->version_minor > 0))
        return http_refuse(400, "not exactly one Host");
    if (!http_host_is_valid(host))
        return http_refuse(400, "malformed Host");
    if (request->host.len == 0)
        request->host = host;
    return HTTP_ACCEPTED;
}

struct http_refusal http_request_headers_parse(struct http_request *request,
                                               struct http_framing *framing)
{
    struct http_refusal refusal = parse_host(request);
    if (refusal.status == 0)
        refusal = http_framing_parse(request->headers, request->version_minor, framing);
    if (refusal.status != 0)
        return refusal;
    request->content_length = framing->length;
    request->chunked = framing->body == HTTP_BODY_CHUNKED;
    request->keep_alive = http_connection_persists(request->headers, request->version_minor);
    request->expects_continue =
        request->version_minor > 0 && http_header_has(request->headers, "expect", "100-continue");
    return HTTP_ACCEPTED;
}
