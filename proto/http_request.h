/* What a head means, for proto only. Pure functions over text whose lines have
 * been cut already, so that no control byte but HTAB is in them. */
#pragma once

#include "simul/http.h"

struct http_framing;

static inline struct http_refusal http_refuse(uint16_t status, const char *reason)
{
    return (struct http_refusal){status, reason};
}

#define HTTP_ACCEPTED ((struct http_refusal){0, NULL})

static inline bool http_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* tchar of RFC 9110 §5.6.2. */
bool http_is_token_byte(uint8_t c);

/* How many of them stand at the front of the text. */
size_t http_token_length(struct span text);

/* One or more of them, and nothing else. */
bool http_is_token(struct span text);

/* Reads "HTTP/1.0" or "HTTP/1.1". */
struct http_refusal http_version_parse(struct span text, uint8_t *minor);

/* Reads a request line without its end (RFC 9112 §3) into request's method, version, target, path,
 * query and host. */
struct http_refusal http_request_line_parse(struct span line, struct http_request *request);

/* Checks the form of a header line without its end (RFC 9112 §5). */
struct http_refusal http_header_line_check(struct span line);

/* The same for a trailer, which may not speak of Host or framing (RFC 9110 §6.5.1). */
struct http_refusal http_trailer_line_check(struct span line);

/* Reads what the headers, already set and checked line by line, say about the request: Host, the
 * body's framing (RFC 9112 §6.3), whether the connection persists. */
struct http_refusal http_request_headers_parse(struct http_request *request,
                                               struct http_framing *framing);

/* Splits a target (RFC 9112 §3.2) into the request's path, query and host; the method is set.
 * False when the target has no form that we accept. */
bool http_target_parse(struct span target, struct http_request *request);

/* Whether text may stand as a Host (RFC 9110 §7.2); a rough check of the bytes. */
bool http_host_is_valid(struct span text);

/* Whether text may stand behind a header's name: nothing that would end the line. */
bool http_is_field_value(struct span text);

/* Appends "name: value", which are valid, and the line's end. */
enum err http_field_append(struct buf *out, struct http_field field);

/* Statuses whose responses never have a body (RFC 9110 §6.4.1). */
bool http_status_is_bodyless(uint16_t status);
