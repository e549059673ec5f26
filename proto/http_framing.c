#include "http_framing.h"

/* Plain digits that fit 64 bits; nothing else is a length. */
static bool parse_length(struct span text, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!http_is_digit(text.ptr[i]) || __builtin_mul_overflow(*length, 10, length) ||
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

/* The headers that decide, counted: neither of them may be repeated. */
struct decisive_headers {
    struct span length, encoding;
    size_t lengths, encodings;
};

static struct decisive_headers find_decisive(struct span headers)
{
    struct decisive_headers found = {0};
    struct span name, value;
    while (http_header_next(&headers, &name, &value)) {
        if (span_eq_nocase(name, SPAN("content-length"))) {
            found.length = value;
            found.lengths++;
        } else if (span_eq_nocase(name, SPAN("transfer-encoding"))) {
            found.encoding = value;
            found.encodings++;
        }
    }
    return found;
}

struct http_refusal http_framing_parse(struct span headers, uint8_t version_minor,
                                       struct http_framing *framing)
{
    struct decisive_headers found = find_decisive(headers);
    *framing = (struct http_framing){HTTP_BODY_NONE, 0};
    if (found.encodings > 0 && found.lengths > 0)
        return http_refuse(400, "both Content-Length and Transfer-Encoding");
    if (found.encodings > 1)
        return http_refuse(400, "more than one Transfer-Encoding");
    if (found.lengths > 1)
        return http_refuse(400, "more than one Content-Length");
    if (found.lengths == 1) {
        framing->body = HTTP_BODY_LENGTH;
        return parse_length(found.length, &framing->length)
                   ? HTTP_ACCEPTED
                   : http_refuse(400, "malformed Content-Length");
    }
    if (found.encodings == 0)
        return HTTP_ACCEPTED;
    if (version_minor == 0)
        return http_refuse(400, "Transfer-Encoding in HTTP/1.0");
    framing->body = HTTP_BODY_CHUNKED;
    return check_transfer_encoding(found.encoding);
}

bool http_connection_persists(struct span headers, uint8_t version_minor)
{
    if (http_header_has(headers, "connection", "close"))
        return false;
    return version_minor > 0 || http_header_has(headers, "connection", "keep-alive");
}
