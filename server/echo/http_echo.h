/* What the HTTP echo answers with, whether it behaves or not. */
#pragma once

#include "simul/http.h"

struct conn;

enum { HTTP_ECHO_FIELDS = 2 };

/* What all its answers have, so that none of them can do anything in our origin. */
extern const struct http_field http_echo_fields[HTTP_ECHO_FIELDS];

/* The type of the answer to a body; static storage. */
const char *http_echo_type(const struct http_request *request);

/* The request as JSON, to be freed; NULL without memory. */
char *http_echo_describe(const struct conn *c, const struct http_request *request);
