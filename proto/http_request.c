/* The rules of a request's head: its first line, the form of a header, and above all the headers
 * that say where the message ends. What is ambiguous is refused (RFC 9112 §6.3, §11.2). */
#include "http_request.h"

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

static bool find_method(struct span name, enum http_method *method)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (span_eq(name, span_str(METHOD_NAMES[i]))) {
            *method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The length of the token at the front of text. */
static size_t token_length(struct span text)
{
    size_t len = 0;
    while (len < text.len && http_is_token_byte(text.ptr[len]))
        len++;
    return len;
}

struct http_refusal http_request_line_parse(struct span line, struct http_request *request)
{
    size_t name_len = token_length(line);
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ' ')
        return http_refuse(400, "malformed method");
    struct span version = span_drop(line, name_len + 1);
    struct span target = http_take_until(&version, ' ');
    if (version.len != 8 || !span_starts_with(version, SPAN("HTTP/")) ||
        !is_digit(version.ptr[5]) || version.ptr[6] != '.' || !is_digit(version.ptr[7]))
        return http_refuse(400, "malformed HTTP version");
    if (version.ptr[5] != '1' || version.ptr[7] > '1')
        return http_refuse(505, "HTTP version not supported");
    request->version_minor = (uint8_t)(version.ptr[7] - '0');

    if (!find_method(span_take(line, name_len), &request->method))
        return http_refuse(501, "method not supported");
    if (!http_target_parse(target, request))
        return http_refuse(400, "malformed target");
    return HTTP_ACCEPTED;
}

struct http_refusal http_header_line_check(struct span line)
{
    if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
        return http_refuse(400, "folded header");
    size_t name_len = token_length(line);
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':')
        return http_refuse(400, "malformed header name");
    return HTTP_ACCEPTED;
}

struct http_refusal http_trailer_line_check(struct span line)
{
    struct http_refusal refusal = http_header_line_check(line);
    if (refusal.status != 0)
        return refusal;
    struct span name = span_take(line, token_length(line));
    if (span_eq_nocase(name, SPAN("host")) || span_eq_nocase(name, SPAN("content-length")) ||
        span_eq_nocase(name, SPAN("transfer-encoding")))
        return http_refuse(400, "forbidden trailer");
    return HTTP_ACCEPTED;
}

/* Plain digits that fit 64 bits; nothing else is a length. */
static bool parse_length(struct span text, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || __builtin_mul_overflow(*length, 10, length) ||
            __builtin_add_overflow(*length, (uint64_t)(text.ptr[i] - '0'), length))
            return false;
    }
    return text.len > 0;
}

/* Nothing but "chunked". Behind other codings it is lawful (RFC 9112 §6.1), but we implement none;
 * where it is not last, or not once, nobody knows where the body ends. */
static struct http_refusal check_transfer_encoding(struct span value)
{
    if (span_eq_nocase(value, SPAN("chunked")))
        return HTTP_ACCEPTED;
    struct span coding = SPAN_EMPTY;
    size_t codings = 0, chunked = 0;
    while (http_list_next(&value, &coding)) {
        codings++;
        if (span_eq_nocase(coding, SPAN("chunked")))
            chunked++;
    }
    if (codings > 1 && chunked == 1 && span_eq_nocase(coding, SPAN("chunked")))
        return http_refuse(501, "transfer coding not supported");
    return http_refuse(400, "ambiguous Transfer-Encoding");
}

/* The headers that decide about the message, counted: none of them may be repeated. */
struct decisive_headers {
    struct span host, length, encoding;
    size_t hosts, lengths, encodings;
};

static struct decisive_headers find_decisive(const struct http_request *request)
{
    struct decisive_headers found = {0};
    struct span rest = request->headers, name, value;
    while (http_header_next(&rest, &name, &value)) {
        if (span_eq_nocase(name, SPAN("host"))) {
            found.host = value;
            found.hosts++;
        } else if (span_eq_nocase(name, SPAN("content-length"))) {
            found.length = value;
            found.lengths++;
        } else if (span_eq_nocase(name, SPAN("transfer-encoding"))) {
            found.encoding = value;
            found.encodings++;
        }
    }
    return found;
}

static struct http_refusal parse_framing(struct http_request *request,
                                         const struct decisive_headers *found)
{
    request->content_length = 0;
    request->chunked = found->encodings > 0;
    if (found->encodings > 0 && found->lengths > 0)
        return http_refuse(400, "both Content-Length and Transfer-Encoding");
    if (found->encodings > 1)
        return http_refuse(400, "more than one Transfer-Encoding");
    if (found->lengths > 1)
        return http_refuse(400, "more than one Content-Length");
    if (found->lengths == 1 && !parse_length(found->length, &request->content_length))
        return http_refuse(400, "malformed Content-Length");
    if (!request->chunked)
        return HTTP_ACCEPTED;
    if (request->version_minor == 0)
        return http_refuse(400, "Transfer-Encoding in HTTP/1.0");
    return check_transfer_encoding(found->encoding);
}

struct http_refusal http_request_headers_parse(struct http_request *request)
{
    struct decisive_headers found = find_decisive(request);
    if (found.hosts > 1 || (found.hosts == 0 && request->version_minor > 0))
        return http_refuse(400, "not exactly one Host");
    if (!http_host_is_valid(found.host))
        return http_refuse(400, "malformed Host");
    if (request->host.len == 0)
        request->host = found.host;

    struct http_refusal refusal = parse_framing(request, &found);
    if (refusal.status != 0)
        return refusal;
    bool closes = http_header_has(request->headers, "connection", "close");
    request->keep_alive =
        !closes && (request->version_minor > 0 ||
                    http_header_has(request->headers, "connection", "keep-alive"));
    request->expects_continue =
        request->version_minor > 0 && http_header_has(request->headers, "expect", "100-continue");
    return HTTP_ACCEPTED;
}
