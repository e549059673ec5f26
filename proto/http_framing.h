/* What a message's headers say about where it ends and whether the connection persists, alike in
 * requests and responses (RFC 9112 §6, §9.3). What is ambiguous is refused (§6.3, §11.2). */
#pragma once

#include "http_request.h"

enum http_body {
    HTTP_BODY_NONE, /* nothing is said about a body */
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_TO_CLOSE, /* responses only: all that comes before the connection closes */
};

struct http_framing {
    enum http_body body;
    uint64_t length; /* of HTTP_BODY_LENGTH, and may be 0 there; else 0 */
};

/* Reads Content-Length and Transfer-Encoding; never gives HTTP_BODY_TO_CLOSE, since what nothing
 * said means is for the caller to know. */
struct http_refusal http_framing_parse(struct span headers, uint8_t version_minor,
                                       struct http_framing *framing);

/* Whether the sender would like to go on after this message (RFC 9112 §9.3). */
bool http_connection_persists(struct span headers, uint8_t version_minor);
